package redact

import (
	"fmt"
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

// Texts that come again and again are nearly all remembered after a few rounds,
// although some of them meet in one place; where is another thing in each memory.
func TestCleanKeepsWhatMeets(t *testing.T) {
	const memories, texts, rounds = 50, 64, 8
	known := 0
	for range memories {
		c := NewClean()
		for round := range rounds {
			for i := range texts {
				text := fmt.Sprint("text ", i)
				hash, ok := c.Has(1, 0, "", text)
				if !ok {
					c.Note(hash, 1, 0, "", text)
				} else if round == rounds-1 {
					known++
				}
			}
		}
	}
	if share := float64(known) / (memories * texts); share < 0.98 { // with one place for each it is 0.88
		t.Errorf("%.3f of the texts are known", share)
	}
}
