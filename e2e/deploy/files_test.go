package deploy

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// root is the top of the module, relative to this package.
const root = "../.."

// text is a file of the module.
func text(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// documents decodes every document of a YAML file strictly: a key that T does
// not have fails the test.
func documents[T any](t *testing.T, name string) []T {
	t.Helper()
	return decode[T](t, name, text(t, name))
}

func decode[T any](t *testing.T, name, content string) []T {
	t.Helper()
	d := yaml.NewDecoder(bytes.NewReader([]byte(content)))
	d.KnownFields(true)
	var docs []T
	for {
		var doc T
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		docs = append(docs, doc)
	}
}

// one is the only document of a YAML file.
func one[T any](t *testing.T, name string) T {
	t.Helper()
	docs := documents[T](t, name)
	if len(docs) != 1 {
		t.Fatalf("%s has %d documents, want 1", name, len(docs))
	}
	return docs[0]
}

// write makes a file in dir that others can read, with its directories.
func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// secret makes a file with the permissions that secrets are given.
func secret(t *testing.T, dir, name, content string, mode os.FileMode) string {
	t.Helper()
	path := write(t, dir, name, content)
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// missing skips the test, or fails it where nothing may be skipped.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CLEENGATE_E2E_REQUIRED") == "1" {
		t.Fatalf("missing: %s", what)
	}
	t.Skipf("missing: %s", what)
}

// tool is the path of a program of a Debian package.
func tool(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name+" (apt-get install "+pkg+")")
	}
	return path
}

// execute runs a program to its end and returns what it printed.
func execute(t *testing.T, stdin, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return string(out)
}
