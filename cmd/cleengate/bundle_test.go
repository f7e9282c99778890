package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteNewIsWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x.zip")
	if err := writeNew(name, []byte("one"), false); err != nil {
		t.Fatal(err)
	}
	if err := writeNew(name, []byte("two"), false); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("%v", err)
	}
	if b, _ := os.ReadFile(name); string(b) != "one" {
		t.Errorf("%q", b)
	}
	if err := writeNew(name, []byte("three"), true); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(name); string(b) != "three" {
		t.Errorf("%q", b)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	// A link that points nowhere is somebody's file all the same.
	link := filepath.Join(dir, "link.zip")
	if err := os.Symlink(filepath.Join(dir, "target"), link); err != nil {
		t.Fatal(err)
	}
	if err := writeNew(link, []byte("four"), false); err == nil {
		t.Error("wrote through a link")
	}
	if err := writeNew(filepath.Join(dir, "none", "x.zip"), []byte("five"), false); err == nil {
		t.Error("wrote into a directory that is not there")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("%v %v", entries, err)
	}
}

func TestBundleProblem(t *testing.T) {
	target := &adminClient{base: "http://127.0.0.1:8402"}
	for body, want := range map[string]string{
		`<html>`:                                 "cleengate at http://127.0.0.1:8402 answered 404 Not Found",
		`{"detail":"plain \u001b[31m words"}`:    `plain \x1b[31m words`,
		`{"detail":"none","recent_failures":[]}`: "none\nNo call has failed of late.",
		`{"detail":"a","recent_failures":[{"request_id":"x","time":"2026-03-01T12:00:00Z","method":"GET","endpoint":"/3.1/offers","status":401,"diagnosis":"unknown"}]}`: "a\nRecent failures, the newest first:\n  x  2026-03-01T12:00:00Z  401  GET /3.1/offers  unknown",
	} {
		if got := bundleProblem(target, "404 Not Found", []byte(body)).Error(); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestBundleSummaryWithoutAManifest(t *testing.T) {
	if got := bundleSummary("x\n.zip", []byte("no archive")); got != "wrote x\\n.zip\n" {
		t.Errorf("%q", got)
	}
}

// A file that cannot be written is an error that names it, not the temporary
// file, and says what to do.
func TestWriteNewSaysWhatToDo(t *testing.T) {
	name := filepath.Join(t.TempDir(), "none", "x.zip")
	err := writeNew(name, []byte("one"), false)
	if err == nil || !strings.Contains(err.Error(), "could not be written to "+name+": no such file or directory; make room there, or name another place with -o") {
		t.Errorf("%v", err)
	}
}

func TestWriteNewKeepsADirectory(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "bundles")
	if err := os.Mkdir(name, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := writeNew(name, []byte("one"), true); err == nil || !strings.Contains(err.Error(), "could not be written to "+name) || strings.Contains(err.Error(), ".cleengate-bundle") {
		t.Errorf("%v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%v is left behind", entries)
	}
}

func TestNullDeviceIsNoTerminal(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	if isTerminal(null) {
		t.Error("a bundle cannot be written to the null device")
	}
}

func TestTokenHint(t *testing.T) {
	target := &adminClient{base: "http://127.0.0.1:8402"}
	if got := bundleProblem(target, "403 Forbidden", []byte(`{"code":"client_unauthenticated","detail":"A token is asked for."}`)).Error(); !strings.Contains(got, "--config FILE") {
		t.Errorf("%q", got)
	}
}
