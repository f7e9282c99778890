package config_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/config"
)

var update = flag.Bool("update", false, "write the messages beside the invalid files")

// TestInvalidFiles holds every file of testdata/invalid against the exact
// messages beside it, and no message against a secret.
func TestInvalidFiles(t *testing.T) {
	t.Chdir(filepath.Join("testdata", "invalid"))
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) < 100 {
		t.Fatalf("found %d files (%v), want at least 100", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
			cfg, err := config.Load(config.Options{File: file})
			if err == nil || cfg != nil {
				t.Fatalf("Load gave %v and error %v, want an error alone", cfg, err)
			}
			if _, ok := errors.AsType[*config.Error](err); !ok {
				t.Errorf("the error holds no *config.Error: %v", err)
			}
			got := err.Error() + "\n"
			if strings.Contains(got, "Canary") && !strings.Contains(file, "unknown") {
				t.Errorf("the message shows a secret: %s", got)
			}
			expected := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(expected, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(expected)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%swant:\n%s", got, want)
			}
		})
	}
}
