package redact

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestWriterCatchesSplitSecrets(t *testing.T) {
	secret := "split-secret-value/1"
	v := NewVault()
	v.Set("k", New(secret))
	forms := knownForms(secret)
	rng := rand.New(rand.NewPCG(1, 2))
	for name, form := range forms {
		text := strings.Repeat("filler ", 40) + form + " middle " + form + strings.Repeat(" filler", 300) + form
		var out bytes.Buffer
		w := NewWriter(&out, v)
		for rest := text; rest != ""; {
			n := min(len(rest), 1+rng.IntN(60))
			if got, err := w.Write([]byte(rest[:n])); got != n || err != nil {
				t.Fatalf("Write = %d, %v", got, err)
			}
			rest = rest[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got, want := out.String(), string(v.Scrub([]byte(text))); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestWriterPassesOnWhatIsSafe(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, NewVault())
	if _, err := w.Write([]byte("abc")); err != nil || out.String() != "abc" {
		t.Errorf("without secrets %q is held back, %v", out.String(), err)
	}
	v := NewVault()
	v.Set("k", New("some-secret-1"))
	out.Reset()
	w = NewWriter(&out, v)
	for range 10_000 {
		if _, err := w.Write([]byte("0123456789")); err != nil {
			t.Fatal(err)
		}
		if len(w.held) > 4*escapeGrowth*2*len("some-secret-1") {
			t.Fatalf("%d bytes are held", len(w.held))
		}
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriterReportsErrors(t *testing.T) {
	w := NewWriter(brokenWriter{}, NewVault())
	if _, err := w.Write([]byte("abc")); !errors.Is(err, errBroken) {
		t.Errorf("Write gives %v", err)
	}
	if _, err := w.Write([]byte("abc")); !errors.Is(err, errBroken) {
		t.Errorf("second Write gives %v", err)
	}
	if err := w.Close(); !errors.Is(err, errBroken) {
		t.Errorf("Close gives %v", err)
	}
}
