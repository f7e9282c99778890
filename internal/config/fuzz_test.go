package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// faultForm is FILE:LINE or a variable, a key path except for faults of the
// file as a whole, and two clauses.
var faultForm = regexp.MustCompile(`^(f\.yaml(:\d+)?|CLEENGATE_[A-Z0-9_]+): [^\n]+: [^\n]+; [^\n]+$`)

var wholeFile = regexp.MustCompile(`^f\.yaml(:\d+)?: (not valid YAML: |the file )[^\n]+; [^\n]+$`)

// FuzzLoad gives the loader any file and one variable: it must not panic, and
// each error must say where, what is wrong, and what would be right.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "invalid", "*.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, reference) {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content, "patience.max", "5s")
	}
	f.Add([]byte("a: &a [*a]\nclients: &c {x: *c}\n"), "limits.publisher.rate", "x")
	f.Fuzz(func(t *testing.T, content []byte, path, text string) {
		cfg, err := assemble(Options{}, variables([]string{EnvName(path) + "=" + text}), parseFile("f.yaml", content))
		if err == nil {
			var dump strings.Builder
			if err := cfg.Dump(&dump); err != nil {
				t.Fatal(err)
			}
			if _, err := assemble(Options{}, nil, parseFile("f.yaml", []byte(dump.String()))); err != nil && !strings.Contains(err.Error(), "mask of a printed") {
				t.Fatalf("the dump does not load: %v\n%s", err, dump.String())
			}
			return
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if !faultForm.MatchString(line) && !wholeFile.MatchString(line) {
				t.Errorf("malformed error %q", line)
			}
		}
	})
}
