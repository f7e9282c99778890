package cleeng_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/cleengate/cleengate/internal/cleeng"
)

// concrete replaces the variables of a template by values that no literal of
// the catalogue has.
func concrete(template string) (path string, values []string) {
	segments := strings.Split(template, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "Val%20ue-" + strconv.Itoa(i)
			values = append(values, segments[i])
		}
	}
	return strings.Join(segments, "/"), values
}

func variables(template string) (names []string) {
	for s := range strings.SplitSeq(template, "/") {
		if strings.HasPrefix(s, "{") {
			names = append(names, strings.Trim(s, "{}"))
		}
	}
	return names
}

func TestMatchFindsEveryRow(t *testing.T) {
	n := 0
	for e := range cleeng.Endpoints() {
		n++
		path, values := concrete(e.Template)
		got, params := cleeng.Match(e.Surface, e.Method, path)
		if got != e {
			t.Errorf("%s %s: matched %v", e.Method, path, got)
			continue
		}
		if params.Len() != len(values) {
			t.Errorf("%s %s: %d params, want %d", e.Method, path, params.Len(), len(values))
		}
		for i, name := range variables(e.Template) {
			if v, ok := params.Get(name); !ok || v != values[i] {
				t.Errorf("%s %s: param %s is %q, want %q", e.Method, path, name, v, values[i])
			}
		}
		if e.Surface == cleeng.SurfaceRPC {
			continue
		}
		for _, other := range []string{path + "/", strings.ToUpper(path[:2]) + path[2:], path + "/x/y/z", "x" + path} {
			if other == path {
				continue // the second character has no upper case
			}
			if got, _ := cleeng.Match(e.Surface, e.Method, other); got == e {
				t.Errorf("%s %s matched %s", e.Method, other, e.Template)
			}
		}
		head, _ := cleeng.Match(e.Surface, http.MethodHead, path)
		if e.Method == http.MethodGet && head != e {
			t.Errorf("HEAD %s matched %v", path, head)
		}
		if e.Method != http.MethodGet && head == e {
			t.Errorf("HEAD %s matched a row of %s", path, e.Method)
		}
	}
	if n < 150 {
		t.Errorf("the catalogue has %d rows only", n)
	}
}

func TestMatchPrefersLiterals(t *testing.T) {
	for _, c := range []struct {
		surface             cleeng.Surface
		method, path, match string
	}{
		{cleeng.SurfaceCore, "GET", "/3.1/offers/season-groups", "/3.1/offers/season-groups"},
		{cleeng.SurfaceCore, "GET", "/3.1/offers/S1_US", "/3.1/offers/{offerId}"},
		{cleeng.SurfaceMediaStore, "PATCH", "/customers/passwords", "/customers/passwords"},
		{cleeng.SurfaceMediaStore, "PATCH", "/customers/77", "/customers/{customerId}"},
		{cleeng.SurfaceMediaStore, "POST", "/roku/payment", "/roku/payment"},
		{cleeng.SurfaceMediaStore, "POST", "/vizio/payment", "/{store}/payment"},
		{cleeng.SurfaceMediaStore, "GET", "/gifts/verification/abc", "/gifts/verification/{code}"},
		{cleeng.SurfaceCore, "GET", "/3.1/gifts/abc/verification", "/3.1/gifts/{code}/verification"},
		{cleeng.SurfaceCore, "GET", "/3.1/gifts/abc", "/3.1/gifts/{giftId}"},
		{cleeng.SurfaceRPC, "POST", "/3.0/json-rpc", "/3.0/json-rpc#other"},
		{cleeng.SurfaceRPC, "POST", "/api/3.0/json-rpc", "/3.0/json-rpc#other"},
		{cleeng.SurfaceRPC, "POST", "/api/3.0/json-rpc#getCustomer", "/3.0/json-rpc#getCustomer"},
		// A literal place does not fall back to a variable for the method's sake.
		{cleeng.SurfaceMediaStore, "GET", "/customers/passwords", ""},
		{cleeng.SurfaceCore, "PATCH", "/3.1/offers/season-groups", ""},
		// Nothing of the catalogue.
		{cleeng.SurfaceMediaStore, "GET", "", ""},
		{cleeng.SurfaceMediaStore, "GET", "/", ""},
		{cleeng.SurfaceMediaStore, "GET", "offers", ""},
		{cleeng.SurfaceMediaStore, "GET", "/offers//customers/a", ""},
		{cleeng.SurfaceMediaStore, "get", "/offers", ""},
		{cleeng.SurfaceCore, "GET", "/offers", ""},
		{cleeng.SurfaceUnknown, "GET", "/offers", ""},
		{cleeng.SurfaceRPC, "GET", "/3.0/json-rpc", ""},
		{cleeng.SurfaceRPC, "POST", "/3.0/json-rpc/", ""},
		{cleeng.SurfaceRPC, "POST", "/3.0/json-rp", ""},
	} {
		got := ""
		if e, _ := cleeng.Match(c.surface, c.method, c.path); e != nil {
			got = e.Template
		}
		if got != c.match {
			t.Errorf("%s %s %s: matched %q, want %q", c.surface, c.method, c.path, got, c.match)
		}
	}
}

// slowMatch is the obvious way: of the templates that fit, the one whose first
// segments are literal wins; only then does the method count.
func slowMatch(s cleeng.Surface, method, path string) string {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	segments := strings.Split(path, "/")
	best := ""
	shape := func(template string) string {
		parts := strings.Split(template, "/")
		for i, p := range parts {
			parts[i] = "a"
			if strings.HasPrefix(p, "{") {
				parts[i] = "b"
			}
		}
		return strings.Join(parts, "")
	}
	fits := func(template string) bool {
		return slices.EqualFunc(strings.Split(template, "/"), segments, func(want, got string) bool {
			return want == got || strings.HasPrefix(want, "{") && got != ""
		})
	}
	for e := range cleeng.Endpoints() {
		if e.Surface == s && fits(e.Template) && (best == "" || shape(e.Template) < best) {
			best = shape(e.Template)
		}
	}
	for e := range cleeng.Endpoints() {
		if e.Surface == s && e.Method == method && fits(e.Template) && shape(e.Template) == best {
			return e.Template
		}
	}
	return ""
}

func TestMatchAgreesWithSlowModel(t *testing.T) {
	var vocabulary []string
	for e := range cleeng.Endpoints() {
		if e.Surface != cleeng.SurfaceRPC {
			vocabulary = append(vocabulary, strings.Split(e.Template, "/")...)
		}
	}
	slices.Sort(vocabulary)
	vocabulary = append(slices.Compact(vocabulary), "x", "", "3.1", "3.1", "customers", "offers")
	surfaces := []cleeng.Surface{cleeng.SurfaceCore, cleeng.SurfaceMediaStore, cleeng.SurfaceInApp}
	var templates []string
	for e := range cleeng.Endpoints() {
		if e.Surface != cleeng.SurfaceRPC {
			templates = append(templates, e.Template)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(surfaces).Draw(t, "surface")
		method := rapid.SampledFrom([]string{"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"}).Draw(t, "method")
		segments := strings.Split(rapid.SampledFrom(templates).Draw(t, "template"), "/")
		for i := 1; i < len(segments); i++ {
			if rapid.IntRange(0, 3).Draw(t, "change") == 0 {
				segments[i] = rapid.SampledFrom(vocabulary).Draw(t, "segment")
			}
		}
		path := strings.Join(segments, "/")
		got := ""
		if e, _ := cleeng.Match(s, method, path); e != nil {
			got = e.Template
		}
		if want := slowMatch(s, method, path); got != want {
			t.Fatalf("%s %s %s: matched %q, want %q", s, method, path, got, want)
		}
	})
}

func TestMatchDoesNotAllocate(t *testing.T) {
	type request struct {
		s            cleeng.Surface
		method, path string
	}
	var requests []request
	for e := range cleeng.Endpoints() {
		path, _ := concrete(e.Template)
		requests = append(requests, request{e.Surface, e.Method, path}, request{e.Surface, e.Method, path + "/none"})
	}
	found := 0
	allocs := testing.AllocsPerRun(20, func() {
		for i := range requests {
			if _, p := cleeng.Lookup(requests[i].s, requests[i].method, requests[i].path); p.Len() > 0 {
				found++
			}
		}
	})
	if allocs != 0 {
		t.Errorf("Lookup of all rows allocates %v times", allocs)
	}
	if found == 0 {
		t.Error("no params found")
	}
}

func TestOther(t *testing.T) {
	for _, s := range []cleeng.Surface{cleeng.SurfaceCore, cleeng.SurfaceRPC, cleeng.SurfaceMediaStore, cleeng.SurfaceInApp, cleeng.SurfaceLogin, "", "own"} {
		for _, m := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"} {
			e := cleeng.Other(s, m)
			if e != cleeng.Other(s, m) {
				t.Errorf("%s %s: not the same row twice", s, m)
			}
			if e.Template != "other" || e.Retry != cleeng.RetryNever || e.Cache != (cleeng.Policy{}) || e.LogBodies || e.Payment || e.Known() || e.Opaque {
				t.Errorf("%s %s: %+v", s, m, e)
			}
			safe := m == "GET" || m == "HEAD" || m == "OPTIONS"
			if e.Reads() != safe || (e.Stales == 0) != safe {
				t.Errorf("%s %s: reads %v, stales %b", s, m, e.Reads(), e.Stales)
			}
			if m != "PURGE" && e.Method != m {
				t.Errorf("%s %s: method %s", s, m, e.Method)
			}
			opaque, _ := cleeng.Lookup(s, m, "/offers/../x")
			if !opaque.Opaque || opaque.Template != "other" || opaque.Retry != cleeng.RetryNever {
				t.Errorf("%s %s: a path not in normal form gave %+v", s, m, opaque)
			}
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	paths := []string{"/customers/123456789/subscription_switches/S123456789_US/availability", "/offers/S1", "/nothing/here"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		cleeng.Lookup(cleeng.SurfaceMediaStore, "GET", paths[i%len(paths)])
	}
}
