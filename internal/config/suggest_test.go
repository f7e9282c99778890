package config

import (
	"testing"

	"pgregory.net/rapid"
)

// slowDistance is the recursion that defines the optimal string alignment
// distance, without memory.
func slowDistance(a, b string) int {
	if a == "" || b == "" {
		return len(a) + len(b)
	}
	change := 1
	if a[0] == b[0] {
		change = 0
	}
	least := min(slowDistance(a[1:], b)+1, slowDistance(a, b[1:])+1, slowDistance(a[1:], b[1:])+change)
	if len(a) > 1 && len(b) > 1 && a[0] == b[1] && a[1] == b[0] {
		least = min(least, slowDistance(a[2:], b[2:])+1)
	}
	return least
}

func TestDistanceAgainstRecursion(t *testing.T) {
	word := rapid.StringMatching(`[abc]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		if got, want := distance(a, b), slowDistance(a, b); got != want {
			t.Fatalf("distance(%q, %q) is %d, want %d", a, b, got, want)
		}
	})
}

func TestClosest(t *testing.T) {
	candidates := []string{"listen", "limits", "log", "mode", "max_body", "max_buffered"}
	for word, want := range map[string]string{
		"lisen": "listen", "LISTEN": "listen", "lsiten": "listen", "limit": "limits", "logs": "log", "maxbody": "max_body", "max-body": "max_body",
		"": "", "xyz": "", "l": "", "listening_address": "",
	} {
		if got := closest(word, candidates); got != want {
			t.Errorf("closest to %q is %q, want %q", word, got, want)
		}
	}
}
