package redact

import (
	"strings"
	"testing"
)

func TestCleanRemembersForOneVersion(t *testing.T) {
	c := NewClean()
	at, ok := c.Has(1, 0, "GET", "shop")
	if ok {
		t.Fatal("an empty memory knows a text")
	}
	c.Note(at, 1, 0, "GET", "shop")
	if _, ok := c.Has(1, 0, "GET", "shop"); ok {
		t.Error("a text that came once is remembered")
	}
	c.Note(at, 1, 0, "GET", "shop")
	for _, tt := range []struct {
		name    string
		version uint64
		kind    byte
		a, b    string
		want    bool
	}{
		{"the same", 1, 0, "GET", "shop", true},
		{"another version of the vault", 2, 0, "GET", "shop", false},
		{"masked by other rules", 1, 1, "GET", "shop", false},
		{"another first text", 1, 0, "PUT", "shop", false},
		{"another second text", 1, 0, "GET", "stop", false},
	} {
		if _, got := c.Has(tt.version, tt.kind, tt.a, tt.b); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestCleanForgetsLongTexts(t *testing.T) {
	c, long := NewClean(), strings.Repeat("x", cleanBytes+1)
	at, _ := c.Has(1, 0, "", long)
	c.Note(at, 1, 0, "", long)
	c.Note(at, 1, 0, "", long)
	if _, ok := c.Has(1, 0, "", long); ok {
		t.Error("a long text is remembered")
	}
}
