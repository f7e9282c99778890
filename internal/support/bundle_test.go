package support

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/redact"
)

// The last scan refuses what came in behind the masks, in whatever part and
// spelling, and names part and rule, never the value. Without the part the
// rest is written.
func TestLastScanRefuses(t *testing.T) {
	for _, tt := range []struct {
		part   string
		change func(*Bundle)
	}{
		{PartReport, func(b *Bundle) { b.Record.Explanation.Facts[0].Value = publisherKey }},
		{PartReport, func(b *Bundle) { b.Record.Attempts[0].Err, b.Record.Attempts[0].Status = "dial "+publisherKey, 0 }},
		{PartCurl, func(b *Bundle) {
			b.Record.Attempts[0].Request.Header = []journal.Field{{Name: "X-A", Value: publisherKey}}
		}},
		{PartHAR, func(b *Bundle) {
			b.Record.Response.Body.Bytes = []byte(`{"nested":"{\"t\":\"` + publisherKey + `\"}"}`)
		}},
		{PartManifest, func(b *Bundle) { b.Version = publisherKey }},
	} {
		b := bundleOf(t, "credential_invalid")
		tt.change(b)
		archive, err := b.Zip()
		refusal, ok := errors.AsType[*Refusal](err)
		if !ok || archive != nil {
			t.Fatalf("%s: not refused: %v", tt.part, err)
		}
		names := map[string]bool{}
		for _, f := range refusal.Found {
			names[f.Part] = true
			if !strings.HasPrefix(f.Rule, "credential publisher: ") {
				t.Errorf("%s: rule %q", tt.part, f.Rule)
			}
		}
		if !names[tt.part] || strings.Contains(err.Error(), publisherKey[:8]) || !strings.Contains(err.Error(), "--omit "+tt.part) {
			t.Errorf("%s: %v", tt.part, err)
		}
		b.Omit = slices.Collect(maps.Keys(names))
		archive, err = b.Zip()
		if err != nil {
			t.Errorf("%s: without the part: %v", tt.part, err)
			continue
		}
		got, parts := unpack(t, archive)
		for name, content := range parts {
			if names[name] || strings.Contains(content, publisherKey) {
				t.Errorf("%s: %s is there", tt.part, name)
			}
		}
		if len(got) != len(Parts())-len(names) {
			t.Errorf("%s: parts %v", tt.part, got)
		}
	}
}

// A value that became a known secret after the capture does not get out.
func TestSecretLearnedAfterTheCapture(t *testing.T) {
	b := bundleOf(t, "unknown")
	late := "orders-of-the-shop-42"
	b.Record.Request.Header = append(b.Record.Request.Header, journal.Field{Name: "Referer", Value: "https://shop.example/" + late})
	if _, err := b.Zip(); err != nil {
		t.Fatal(err)
	}
	v := redact.NewVault()
	v.Set("credential late", redact.New(late))
	b.Redactor = redact.NewRedactor(v, nil)
	if _, err := b.Zip(); err == nil || !strings.Contains(err.Error(), "exchange.har (credential late: plain)") {
		t.Errorf("%v", err)
	}
}

func TestOmitAndWhatIsMissing(t *testing.T) {
	b := bundleOf(t, "throttle")
	b.Omit, b.Config = []string{PartCurl}, nil
	b.Quota = func() ([]byte, error) { return nil, errors.New("no totals") }
	archive, err := b.Zip()
	if err != nil {
		t.Fatal(err)
	}
	names, parts := unpack(t, archive)
	if want := []string{PartReport, PartHAR, PartEnvironment, PartManifest}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
	var m manifest
	if err := json.Unmarshal([]byte(parts[PartManifest]), &m); err != nil {
		t.Fatal(err)
	}
	why := map[string]string{}
	for _, l := range m.LeftOut {
		why[l.What] = l.Why
	}
	if why[PartCurl] != "left out by --omit" || why[PartConfig] != "no configuration was given" || why[PartQuota] != "it could not be made: no totals" {
		t.Errorf("%v", why)
	}
	for _, p := range m.Included {
		if len(parts[p.Part]) != p.Bytes {
			t.Errorf("%s has %d bytes, the manifest says %d", p.Part, len(parts[p.Part]), p.Bytes)
		}
	}
	b.Omit = []string{"report"}
	if _, err := b.Zip(); err == nil || !strings.Contains(err.Error(), "report.md") {
		t.Errorf("%v", err)
	}
}

// Equal values have equal masks in all parts of a bundle, and other ones in
// the next.
func TestMasksAreEqualInsideOneBundleOnly(t *testing.T) {
	b := bundleOf(t, "credential_invalid")
	find := func() string {
		archive, err := b.Zip()
		if err != nil {
			t.Fatal(err)
		}
		_, parts := unpack(t, archive)
		seen := map[string]bool{}
		for _, name := range []string{PartReport, PartHAR} {
			for _, mask := range tag.FindAllString(parts[name], -1) {
				seen[mask] = true
			}
		}
		if len(seen) != 1 {
			t.Errorf("one value has the masks %v", slices.Collect(maps.Keys(seen)))
		}
		return slices.Collect(maps.Keys(seen))[0]
	}
	captured := tag.FindString(b.Record.Attempts[0].Request.Get("X-Publisher-Token"))
	if first, second := find(), find(); first == second || first == captured {
		t.Errorf("the masks of two bundles are %s and %s, of the journal %s", first, second, captured)
	}
}

func TestBundleNamesNoPathsOrUsers(t *testing.T) {
	archive, err := bundleOf(t, "credential_invalid").Zip()
	if err != nil {
		t.Fatal(err)
	}
	_, parts := unpack(t, archive)
	for name, content := range parts {
		if strings.Contains(content, "jane") || strings.Contains(content, "/home") {
			t.Errorf("%s names a path:\n%s", name, content)
		}
	}
	if !strings.Contains(parts[PartConfig], "state_dir: …/state  # …/cleengate.yaml:3") || !strings.Contains(parts[PartEnvironment], "…/key can be read") {
		t.Errorf("%s%s", parts[PartConfig], parts[PartEnvironment])
	}
}

func TestWithoutPaths(t *testing.T) {
	for in, want := range map[string]string{
		"listen: unix:/run/jane/gate.sock\n":                          "listen: unix:…/gate.sock\n",
		"listen: 127.0.0.1:8401":                                      "listen: 127.0.0.1:8401",
		"    tokens_file: \"/home/jane doe/key\"\n":                   "    tokens_file: \"…/key\"\n",
		"    tokens_file: \"\"\n":                                     "    tokens_file: \"\"\n",
		"state_dir: \"C:\\\\Users\\\\jane\\\\state\"\n":               "state_dir: \"…/state\"\n",
		"    prefix: /3.1/\n":                                         "    prefix: /3.1/\n",
		"    url: https://api.cleeng.com  # /home/jane/c.yaml:2\n":    "    url: https://api.cleeng.com  # …/c.yaml:2\n",
		"log: x  # CLEENGATE_LOG\n":                                   "log: x  # CLEENGATE_LOG\n",
		"state_dir: none\n":                                           "state_dir: none\n",
		"    allow: [\"GET *\", \"POST /in-app/a\"]  # --upstreams\n": "    allow: [\"GET *\", \"POST /in-app/a\"]  # --upstreams\n",
	} {
		if got := string(withoutPaths([]byte(in))); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// The configuration stays YAML with a person's address masked in it.
func TestConfigStaysYAML(t *testing.T) {
	b := bundleOf(t, "patience")
	b.Redactor = redact.NewRedactor(vault(), redact.NewMasker())
	b.Config = []byte("credentials:\n  bot:\n    email: jane@example.com  # --config\n    password: \"[redacted]\"\n")
	archive, err := b.Zip()
	if err != nil {
		t.Fatal(err)
	}
	_, parts := unpack(t, archive)
	numbered(parts)
	if want := "credentials:\n  bot:\n    email: \"[redacted:#1]\"  # --config\n    password: \"[redacted]\"\n"; parts[PartConfig] != want {
		t.Errorf("%s", parts[PartConfig])
	}
}

// Parts are archived so that only their owner can read them.
func TestModes(t *testing.T) {
	archive, err := bundleOf(t, "patience").Zip()
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range modes(t, archive) {
		if mode&0o077 != 0 {
			t.Errorf("%s has mode %v", name, mode)
		}
	}
}
