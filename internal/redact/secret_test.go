package redact

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

const canary = "canary-S3cr3t/with+odd=chars"

// verbSpellings are the forms in which a formatter could let the canary slip.
func verbSpellings() []string {
	return []string{
		canary,
		fmt.Sprintf("%q", canary),
		fmt.Sprintf("%x", canary),
		fmt.Sprintf("%X", canary),
		fmt.Sprintf("% x", canary),
		fmt.Sprintf("%d", []byte(canary)),
		fmt.Sprintf("%#v", []byte(canary)),
		"canary",
	}
}

func requireHidden(t *testing.T, what, output string) {
	t.Helper()
	for _, s := range verbSpellings() {
		if strings.Contains(output, s) {
			t.Errorf("%s shows the secret as %q: %s", what, s, output)
		}
	}
}

type hiddenFields struct {
	name   string
	secret Secret
	ptr    *Secret
	list   []Secret
	byName map[string]Secret
	anyVal any
	deeper struct{ inner struct{ secret Secret } }
}

type shownFields struct {
	Secret  Secret            `json:"secret"  yaml:"secret"`
	Pointer *Secret           `json:"pointer" yaml:"pointer"`
	List    []Secret          `json:"list"    yaml:"list"`
	Map     map[string]Secret `json:"map"     yaml:"map"`
}

func samples() map[string]any {
	s := New(canary)
	h := hiddenFields{name: "n", secret: s, ptr: &s, list: []Secret{s}, byName: map[string]Secret{"k": s}, anyVal: s}
	h.deeper.inner.secret = s
	v := shownFields{Secret: s, Pointer: &s, List: []Secret{s}, Map: map[string]Secret{"k": s}}
	pp := &s
	return map[string]any{
		"value": s, "pointer": &s, "pointer to pointer": &pp, "slice": []Secret{s}, "array": [1]Secret{s},
		"map": map[string]Secret{"k": s}, "hidden fields": h, "pointer to hidden fields": &h,
		"shown fields": v, "pointer to shown fields": &v, "error": fmt.Errorf("call: %v", s),
		"map of hidden fields": map[string]hiddenFields{"k": h},
	}
}

func TestSecretNeverFormats(t *testing.T) {
	verbs := []string{"%v", "%+v", "%#v", "%s", "%+s", "%#s", "%q", "%#q", "%x", "%X", "% x", "%#x", "%d", "%o", "%b", "%c", "%U", "%e", "%t", "%p", "%T", "%w", "%64v", "%-64s", "%.3s", "%!"}
	all := samples()
	all["reflect value"] = reflect.ValueOf(New(canary))
	for name, sample := range all {
		for _, verb := range verbs {
			requireHidden(t, name+" with "+verb, fmt.Sprintf(verb, sample))
		}
		requireHidden(t, name+" with Sprint", fmt.Sprint(sample))
		requireHidden(t, name+" with Sprintln", fmt.Sprintln(sample))
	}
}

func TestSecretNeverEncodes(t *testing.T) {
	for name, sample := range samples() {
		if out, err := json.Marshal(sample); err == nil {
			requireHidden(t, name+" as JSON", string(out))
		}
		if out, err := yaml.Marshal(sample); err == nil {
			requireHidden(t, name+" as YAML", string(out))
		}
		if out, err := xml.Marshal(sample); err == nil {
			requireHidden(t, name+" as XML", string(out))
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", sample, slog.Any("w", sample))
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", sample, slog.Group("g", "w", sample))
		requireHidden(t, name+" through slog", log.String())
	}
}

func TestSecretShowsTheMask(t *testing.T) {
	s := New(canary)
	tests := []struct{ name, got, want string }{
		{"String", s.String(), Mask},
		{"%v", fmt.Sprintf("%v", s), Mask},
		{"%d", fmt.Sprintf("%d", s), Mask},
		{"%#v", fmt.Sprintf("%#v", s), "redact.Secret([redacted])"},
		{"LogValue", s.LogValue().String(), Mask},
		{"zero String", Secret{}.String(), ""},
		{"zero %v", fmt.Sprintf("<%v>", Secret{}), "<>"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s = %q, want %q", tt.name, tt.got, tt.want)
		}
	}
	out, err := json.Marshal(shownFields{Secret: s})
	if want := `{"secret":"[redacted]","pointer":null,"list":null,"map":null}`; err != nil || string(out) != want {
		t.Errorf("JSON = %s, %v; want %s", out, err, want)
	}
	y, err := yaml.Marshal(map[string]any{"a": s, "b": Secret{}})
	if want := "a: '[redacted]'\nb: \"\"\n"; err != nil || string(y) != want {
		t.Errorf("YAML = %q, %v; want %q", y, err, want)
	}
}

func TestSecretEquality(t *testing.T) {
	a, b := New(canary), New(strings.Clone(canary))
	if !a.Equal(b) || !reflect.DeepEqual(a, b) || a.Digest() != b.Digest() {
		t.Error("two secrets of one value are not equal")
	}
	if a.Equal(New(canary+"x")) || a.Equal(Secret{}) {
		t.Error("secrets of different values are equal")
	}
	if !New("").IsZero() || a.IsZero() || !(Secret{}).Equal(New("")) || (Secret{}).Reveal() != "" {
		t.Error("the empty value is not the zero secret")
	}
}

func TestSecretFromConfiguration(t *testing.T) {
	var fromJSON, fromYAML shownFields
	if err := json.Unmarshal([]byte(`{"secret":"`+canary+`"}`), &fromJSON); err != nil || fromJSON.Secret.Reveal() != canary {
		t.Errorf("from JSON: %v", err)
	}
	if err := yaml.Unmarshal([]byte("secret: "+canary), &fromYAML); err != nil || fromYAML.Secret.Reveal() != canary {
		t.Errorf("from YAML: %v", err)
	}
	var s Secret
	if err := s.UnmarshalText([]byte(Mask)); !errors.Is(err, ErrMasked) || !s.IsZero() {
		t.Errorf("the mask itself was taken as a secret: %v", err)
	}
}
