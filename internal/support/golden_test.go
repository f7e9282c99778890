package support

import (
	"archive/zip"
	"bytes"
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cleengate/cleengate/internal/redact"
)

var update = flag.Bool("update", false, "write the golden bundles")

func bundleOf(t testing.TB, name string) *Bundle {
	t.Helper()
	return &Bundle{
		Case: caseOf(t, name), Version: "v1.2.3", Created: now.Add(time.Minute), Redactor: redact.NewRedactor(vault(), nil),
		Config: []byte("listen: 127.0.0.1:8401\nstate_dir: /home/jane/state  # /home/jane/cleengate.yaml:3\ncredentials:\n  publisher:\n    tokens: [\"[redacted]\"]\n"),
		Environment: Environment{
			Started: now.Add(-time.Hour), Mode: "shield", Kind: "production", Upstreams: map[string]string{"core": "https://api.cleeng.com"},
			Limits: []map[string]any{{"name": "publisher", "rate": 10}}, Credentials: []map[string]any{{"name": "publisher", "valid": true}},
			Warnings: []string{"/home/jane/key can be read by others."},
		},
		Quota: func() ([]byte, error) { return []byte("# Quota\n\n12 calls a second.\n"), nil },
	}
}

func unpack(t testing.TB, archive []byte) (names []string, parts map[string]string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	parts = make(map[string]string)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		names = append(names, f.Name)
		parts[f.Name] = string(b)
	}
	return names, parts
}

func modes(t testing.TB, archive []byte) map[string]os.FileMode {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]os.FileMode)
	for _, f := range z.File {
		found[f.Name] = f.Mode()
	}
	return found
}

var tag = regexp.MustCompile(`\[redacted:[0-9a-f]{8}\]|redacted:[0-9a-f]{8}%5D`)

// numbered replaces the tags of masks, which are new each time, by numbers in
// their order, the same for the same tag.
func numbered(parts map[string]string) {
	known := map[string]string{}
	for _, name := range Parts() {
		parts[name] = tag.ReplaceAllStringFunc(parts[name], func(mask string) string {
			value := mask[strings.Index(mask, ":")+1:][:8]
			if known[value] == "" {
				known[value] = "#" + strconv.Itoa(len(known)+1)
			}
			return strings.Replace(mask, value, known[value], 1)
		})
	}
}

// TestGoldenBundles holds a bundle of each cause.
func TestGoldenBundles(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(calls())) {
		t.Run(name, func(t *testing.T) {
			archive, err := bundleOf(t, name).Zip()
			if err != nil {
				t.Fatal(err)
			}
			names, parts := unpack(t, archive)
			if !slices.Equal(names, Parts()) {
				t.Errorf("parts %v", names)
			}
			numbered(parts)
			var all strings.Builder
			for _, part := range names {
				if name != "credential_invalid" && (part == PartConfig || part == PartQuota || part == PartEnvironment) {
					continue // the same in each
				}
				content := strings.NewReplacer(runtime.Version(), "GO", runtime.GOOS+"/"+runtime.GOARCH, "OS/ARCH").Replace(parts[part])
				all.WriteString("==== " + part + "\n" + content)
			}
			path := filepath.Join("testdata", "bundles", name+".txt")
			if *update {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(all.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), all.String()); diff != "" {
				t.Errorf("the bundle differs (go test -update writes it anew):\n%s", diff)
			}
		})
	}
}
