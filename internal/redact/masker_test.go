package redact

import (
	"regexp"
	"strings"
	"testing"
)

func TestMaskerTagsEqualValuesEqually(t *testing.T) {
	m, other := NewMasker(), NewMasker()
	a := m.Mask("value")
	if !regexp.MustCompile(`^\[redacted:[0-9a-f]{8}\]$`).MatchString(a) || !isMasked(a) {
		t.Fatalf("mask is %q", a)
	}
	if m.Mask("value") != a || m.Mask("value2") == a {
		t.Error("masks do not tell equal values from others")
	}
	if other.Mask("value") == a {
		t.Error("two Maskers give one mask")
	}
	var none *Masker
	if none.Mask("value") != Mask {
		t.Error("a nil Masker gives no plain mask")
	}
}

func TestRetagKeepsEqualityAndCutsTheLink(t *testing.T) {
	capture := NewMasker()
	a, b := capture.Mask("a"), capture.Mask("b")
	text := "x " + a + b + " [redacted] [redacted:zzzzzzzz] " + a + " [redacted:12"
	first, second := NewMasker().Retag(text), NewMasker().Retag(text)
	tags := regexp.MustCompile(`\[redacted:[0-9a-f]{8}\]`).FindAllString(first, -1)
	if len(tags) != 3 || tags[0] != tags[2] || tags[0] == tags[1] {
		t.Errorf("tags are %q", tags)
	}
	if first == second || strings.Contains(first, a) {
		t.Error("two exports can be related")
	}
	rest := strings.NewReplacer(tags[0], "A", tags[1], "B").Replace(first)
	if want := "x AB [redacted] [redacted:zzzzzzzz] A [redacted:12"; rest != want {
		t.Errorf("got %q, want %q", rest, want)
	}
	if same := NewMasker().Retag("nothing"); same != "nothing" {
		t.Errorf("got %q", same)
	}
}

func TestEqualValuesMatchAcrossPlaces(t *testing.T) {
	v := NewVault()
	v.Set("k", New("shared-secret-value"))
	r := NewRedactor(v, NewMasker())
	want := r.HeaderValue("X-Publisher-Token", "shared-secret-value")
	for name, got := range map[string]string{
		"scheme": strings.TrimPrefix(r.HeaderValue("Authorization", "Bearer shared-secret-value"), "Bearer "),
		"JSON":   strings.Trim(string(r.JSON([]byte(`"shared-secret-value"`))), `"`),
		"member": strings.TrimSuffix(strings.TrimPrefix(string(r.JSON([]byte(`{"jwt":"shared-secret-value"}`))), `{"jwt":"`), `"}`),
		"text":   r.String("shared-secret-value"),
		"query":  strings.TrimPrefix(r.Query("token=shared-secret-value"), "token="),
		"base64": r.String("c2hhcmVkLXNlY3JldC12YWx1ZQ=="),
	} {
		if got = strings.TrimRight(got, "="); !strings.HasPrefix(got, want) {
			t.Errorf("%s is tagged %q, want %q", name, got, want)
		}
	}
}
