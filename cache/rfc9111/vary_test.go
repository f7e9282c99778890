package rfc9111_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

func TestRFC9110_12_5_5_VaryNames(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  []string
	}{
		{nil, nil},
		{[]string{"Vary:"}, nil},
		{[]string{"Vary: Accept"}, []string{"Accept"}},
		{[]string{"Vary: x-b, ACCEPT ,,accept", "Vary: X-A"}, []string{"Accept", "X-A", "X-B"}},
	} {
		got, ok := rfc9111.VaryNames(header(c.lines...))
		if !ok || !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, %t; want %v", c.lines, got, ok, c.want)
		}
	}
	for _, line := range []string{"*", " * ", "Accept,*", "a b", "Accept;x", "é"} {
		if names, ok := rfc9111.VaryNames(header("Vary: " + line)); ok || names != nil {
			t.Errorf("%q can match: %v", line, names)
		}
	}
}

func TestRFC9111_4_1_SameVariant(t *testing.T) {
	names := []string{"Accept", "X-A"}
	for _, c := range []struct {
		a, b []string
		want bool
	}{
		{nil, nil, true},
		{[]string{"Accept: a"}, []string{"Accept: a"}, true},
		{[]string{"Accept: a"}, []string{"Accept: A"}, false},
		{[]string{"Accept: a"}, nil, false},
		{[]string{"Accept:"}, nil, false}, // missing matches only missing
		{[]string{"Accept:"}, []string{"Accept: ,"}, true},
		{[]string{"Accept: a, b"}, []string{"Accept: a,b"}, true},
		{[]string{"Accept: a, b"}, []string{"Accept: a", "Accept:  b "}, true},
		{[]string{"Accept: a, b"}, []string{"Accept: b, a"}, false},
		{[]string{"Accept: a, b"}, []string{"Accept: a b"}, false},
		{[]string{"Accept: a"}, []string{"Accept: a, a"}, false},
		{[]string{`Accept: "a, b"`}, []string{`Accept: "a,b"`}, false}, // spaces in quotes count
		{[]string{`Accept: "a\",b", c`}, []string{`Accept: "a\",b",c`}, true},
		{[]string{`Accept: "a, b`}, []string{`Accept: "a,b`}, false},
		{[]string{"Accept: a", "X-A: b"}, []string{"Accept: a", "X-A: c"}, false},
		{[]string{"Accept: a, b"}, []string{"Accept: a", "X-A: b"}, false},
		{[]string{"X-B: 1"}, []string{"X-B: 2"}, true},
	} {
		a, b := header(c.a...), header(c.b...)
		if got := rfc9111.SameVariant(names, a, b); got != c.want {
			t.Errorf("%v and %v: %t", c.a, c.b, got)
		}
		same := bytes.Equal(rfc9111.AppendVariant(nil, names, a), rfc9111.AppendVariant(nil, names, b))
		if same != c.want {
			t.Errorf("%v and %v: the same key part: %t", c.a, c.b, same)
		}
	}
}

// What depends on nothing can be told from what depends on something, and a
// part of a key can be followed by another.
func TestRFC9111_4_1_VariantsAreNoPrefixOfEachOther(t *testing.T) {
	names := []string{"A", "B"}
	var forms [][]byte
	for _, a := range []string{"", "A:", "A: x", "A: xx", "A: x,x", "A: \x01\x01x", "A: \x02", "A: " + strings.Repeat("x", 300)} {
		for _, b := range []string{"", "B:", "B: x", "B: \x00"} {
			h := http.Header{}
			for _, line := range []string{a, b} {
				if name, value, ok := strings.Cut(line, ":"); ok {
					h[name] = []string{strings.TrimPrefix(value, " ")}
				}
			}
			forms = append(forms, rfc9111.AppendVariant(nil, names, h))
		}
	}
	for i, one := range forms {
		for j, other := range forms {
			if i != j && bytes.HasPrefix(other, one) {
				t.Errorf("%q begins %q", one, other)
			}
		}
	}
}

func TestVaryIsBounded(t *testing.T) {
	list := func(n int) http.Header {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "X-%d,", i)
		}
		return header("Vary: " + b.String())
	}
	if names, ok := rfc9111.VaryNames(list(64)); !ok || len(names) != 64 {
		t.Errorf("64 names: %d, %t", len(names), ok)
	}
	for _, h := range []http.Header{list(65), list(10000), header("Vary: " + strings.Repeat("Accept,", 10000)), header("Vary: " + strings.Repeat(",", 1<<20))} {
		if names, ok := rfc9111.VaryNames(h); ok {
			t.Errorf("%d names of a Vary of %d bytes", len(names), len(h.Get("Vary")))
		}
	}
}
