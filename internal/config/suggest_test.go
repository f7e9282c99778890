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

func TestUnbuiltKeysAreRefused(t *testing.T) {
	table := unbuilt{"cache": "caching is not part of this version", "upstreams.*.proxy": "outbound proxies are not part of this version"}
	cases := []struct{ file, want string }{
		{"cache: {max_size: 1MiB}", "f.yaml:1: cache.max_size: caching is not part of this version; remove it"},
		{"cache: {rules: [{match: GET /a, ttl: 1m}]}", "f.yaml:1: cache.rules: caching is not part of this version; remove it"},
		{"upstreams: {core: {proxy: direct}}", "f.yaml:1: upstreams.core.proxy: outbound proxies are not part of this version; remove it"},
		{"upstreams: {core: {limit: ''}}\njournal: {body: 1KiB}", ""},
	}
	for _, c := range cases {
		_, err := assemble(Options{unbuilt: table}, nil, parseFile("f.yaml", []byte(c.file)))
		if got := message(err); got != c.want {
			t.Errorf("%s: got %q, want %q", c.file, got, c.want)
		}
	}
	_, err := assemble(Options{unbuilt: table}, variables([]string{"CLEENGATE_CACHE_MAX_SIZE=1MiB"}), newLayer())
	if want := "CLEENGATE_CACHE_MAX_SIZE: cache.max_size: caching is not part of this version; remove it"; message(err) != want {
		t.Errorf("got %q, want %q", message(err), want)
	}
}

// TestUnbuiltKeysExist finds entries of this version's table that no key has.
func TestUnbuiltKeysExist(t *testing.T) {
	cfg := Default()
	cfg.addEntry("clients", "shop")
	for pattern := range shipped {
		found := false
		cfg.keys(func(k key) { found = found || unbuilt{pattern: "x"}.reason(k.path) != "" })
		if !found {
			t.Errorf("%s is no key", pattern)
		}
	}
}
