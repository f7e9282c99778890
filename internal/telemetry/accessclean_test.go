package telemetry

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/redact"
)

// A caller's name that was found clean again and again is hidden from the
// moment on at which it becomes a secret.
func TestAccessHidesWhatBecomesASecret(t *testing.T) {
	const name = "name-that-becomes-a-secret-0123456789"
	for _, own := range []bool{true, false} {
		vault := redact.NewVault()
		r := redact.NewRedactor(vault, nil)
		var out bytes.Buffer
		l, err := NewLog(LogOptions{Out: &out, JSON: true, Level: "info", Scrub: r.Line, Version: r.Version})
		if err != nil {
			t.Fatal(err)
		}
		line := &AccessLine{RequestID: "abc", OwnID: own, Client: name, Method: "GET", Source: "cache"}
		for range 4 {
			l.Access(line)
		}
		vault.Set("credential", redact.New(name))
		l.Access(line)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 5 {
			t.Fatalf("%d lines", len(lines))
		}
		for i, line := range lines {
			if shown := strings.Contains(line, name); shown != (i < 4) {
				t.Errorf("own id %v, line %d: %s", own, i, line)
			}
		}
	}
}
