package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// reference is the annotated file that users read.
const reference = "../../deploy/cleengate.yaml"

func TestReferenceIsTheDefaults(t *testing.T) {
	cfg, err := Load(Options{File: reference})
	if err != nil {
		t.Fatal(err)
	}
	if changed := Changed(Default(), cfg); len(changed) > 0 {
		t.Errorf("these values differ from the defaults: %v", changed)
	}
}

var (
	// commentedKey is YAML behind "#"; prose has exactly one space there.
	commentedKey = regexp.MustCompile(`^#(\S| {2,})`)
	emptyDefault = regexp.MustCompile(`^ *(clients: \{\}|rules: \[\])$`)
	name         = regexp.MustCompile(`^(upstreams|credentials|limits|clients)\.[a-z0-9]+\.`)
)

// withExamples is the reference with its examples switched on.
func withExamples(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	examples := 0
	for line := range strings.Lines(string(content)) {
		if emptyDefault.MatchString(strings.TrimSuffix(line, "\n")) {
			continue
		}
		if commentedKey.MatchString(line) && line != "#\n" {
			examples++
			line = line[1:]
		}
		lines = append(lines, line)
	}
	if examples < 15 {
		t.Fatalf("found %d lines of examples, want at least 15", examples)
	}
	return strings.Join(lines, "")
}

func TestReferenceExamplesLoad(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("a-secret-of-the-test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("/run/secrets/password", secret, "/run/secrets/refresh_token", secret, "/run/secrets/api_key", secret).Replace(withExamples(t))
	file := filepath.Join(t.TempDir(), "examples.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Clients) != 1 || len(cfg.Credentials) != 4 || len(cfg.Cache.Rules) != 1 {
		t.Errorf("the examples gave %d clients, %d credentials and %d rules", len(cfg.Clients), len(cfg.Credentials), len(cfg.Cache.Rules))
	}
}

// TestReferenceIsComplete wants every key of the types in the reference, in
// one entry at least for keys of maps. A secret is covered by its twin.
func TestReferenceIsComplete(t *testing.T) {
	layer := parseFile(reference, []byte(withExamples(t)))
	if err := layer.faults.err(); err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for path := range layer.values {
		shown[name.ReplaceAllString(path, "$1.*.")] = true
	}
	cfg := Default()
	cfg.addEntry("clients", "shop")
	cfg.keys(func(k key) {
		path := name.ReplaceAllString(k.path, "$1.*.")
		if k.secret() {
			path += fileSuffix
		}
		if !shown[path] {
			t.Errorf("%s is not shown", path)
		}
	})
	for _, member := range fields(rulesType.Elem()) {
		if _, ok := layer.values["cache.rules"].items[0].rule[keyName(member)]; !ok {
			t.Errorf("cache.rules: %s is not shown", keyName(member))
		}
	}
}

// TestReferenceMarksRestarts compares the (restart) marks with the types.
func TestReferenceMarksRestarts(t *testing.T) {
	text := withExamples(t)
	lines := strings.Split(text, "\n")
	layer := parseFile(reference, []byte(text))
	cfg := Default()
	cfg.keys(func(k key) {
		value, ok := layer.values[k.path]
		if !ok || k.secret() {
			return
		}
		marked := strings.Contains(lines[value.source.Line-1], "(restart)")
		for at := value.source.Line - 2; at >= 0 && !marked; at-- {
			line := strings.TrimSpace(lines[at])
			if !strings.HasPrefix(line, "#") && !sectionAbove(line, k.path) {
				break
			}
			marked = strings.Contains(line, "(restart)")
		}
		if want := k.field.Tag.Get("restart") != ""; marked != want {
			t.Errorf("%s is marked (restart): %v, want %v", k.path, marked, want)
		}
	})
}

// sectionAbove lets a comment above tls cover its two keys.
func sectionAbove(line, path string) bool {
	return strings.HasPrefix(path, "tls.") && (line == "tls:" || strings.HasPrefix(line, "cert_file:"))
}
