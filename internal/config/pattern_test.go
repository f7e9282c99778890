package config_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/cleengate/cleengate/internal/config"
)

func TestPatternMatch(t *testing.T) {
	cases := []struct {
		pattern, method, path string
		want                  bool
	}{
		{"GET *", "GET", "/anything/at/all", true},
		{"GET *", "GET", "/a//../b", true},
		{"GET *", "POST", "/a", false},
		{"* *", "DELETE", "/a", true},
		{"GET /3.1/offers/*", "GET", "/3.1/offers/S1", true},
		{"GET /3.1/offers/*", "GET", "/3.1/offers/S1/prices", true},
		{"GET /3.1/offers/*", "GET", "/3.1/offers/", true},
		{"GET /3.1/offers/*", "GET", "/3.1/offers", false},
		{"GET /3.1/offers/*", "HEAD", "/3.1/offers/S1", false},
		{"GET /3.1/offers/*", "GET", "/3.1/offers/../customers", false},
		{"GET /3.1/offers/*", "GET", "/3.1/offers/%2e%2e/customers", false},
		{"GET /3.1/offers/*", "GET", "/3.1/offers/a%2Fb", false},
		{"GET /3.1/offers/*", "GET", "/3.1/offers//S1", false},
		{"GET /customers/*/offers", "GET", "/customers/1/offers", true},
		{"GET /customers/*/offers", "GET", "/customers/1/2/offers", false},
		{"GET /customers/*/offers", "GET", "/customers//offers", false},
		{"GET /offers/S*_*", "GET", "/offers/S12_NL", true},
		{"GET /offers/S*_*", "GET", "/offers/S12-NL", false},
		{"GET /a", "GET", "/a/", false},
	}
	for _, c := range cases {
		pattern, err := config.ParsePattern(c.pattern)
		if err != nil {
			t.Fatalf("ParsePattern(%q): %v", c.pattern, err)
		}
		if got := pattern.Match(c.method, c.path); got != c.want {
			t.Errorf("%q matches %s %s: %v, want %v", c.pattern, c.method, c.path, got, c.want)
		}
	}
	if (config.Pattern{}).Match("GET", "/") {
		t.Error("the zero Pattern matches a call")
	}
}

// TestPatternAgainstRegexp compares the matcher with a regular expression of
// the same meaning, over an alphabet small enough to collide.
func TestPatternAgainstRegexp(t *testing.T) {
	text := rapid.StringMatching(`/[ab*/]{0,12}`)
	path := rapid.StringMatching(`/[ab/]{0,14}`)
	rapid.Check(t, func(t *rapid.T) {
		pattern, err := config.ParsePattern("GET " + text.Draw(t, "pattern"))
		if err != nil {
			return
		}
		call := path.Draw(t, "path")
		model := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSuffix(pattern.Path, "*")), `\*`, `[^/]*`)
		if strings.HasSuffix(pattern.Path, "*") {
			model += ".*"
		}
		want := config.Normal(call) && regexp.MustCompile("^"+model+"$").MatchString(call)
		if got := pattern.Match("GET", call); got != want {
			t.Fatalf("%q matches %q: %v, want %v", pattern.Path, call, got, want)
		}
	})
}

func TestNormal(t *testing.T) {
	for _, path := range []string{"/", "/a", "/a/", "/a/b", "/a.b/..c", "/%20", "/a%25b", "/...", "/3.1/offers/S1_NL"} {
		if !config.Normal(path) {
			t.Errorf("%q is not taken for normal", path)
		}
	}
	for _, path := range []string{"", "a", "//", "/a//b", "/./a", "/a/..", "/a/../b", "/%2e", "/%2E./b", "/a%2fb", "/a%5cb", `/a\b`, "/a%00", "*"} {
		if config.Normal(path) {
			t.Errorf("%q is taken for normal", path)
		}
	}
}
