package cache

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/cleeng"
)

type silent struct{}

func (silent) Lookup(string) {}

func newCache(t testing.TB) *Cache {
	t.Helper()
	c, err := New(Options{MaxBytes: 1 << 20, Metrics: silent{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// held is a credential that is there.
type held struct{ name, account string }

func (h held) Name() string         { return h.name }
func (h held) Account() string      { return h.account }
func (h held) Holds(id uint64) bool { return id != 0 }

func getCall(path, query string, fields ...string) *Call {
	h := make(http.Header)
	for i := 0; i+1 < len(fields); i += 2 {
		h.Add(fields[i], fields[i+1])
	}
	ep, params := cleeng.Lookup(cleeng.SurfaceCore, http.MethodGet, path)
	return &Call{Upstream: "core", Endpoint: ep, Params: params, Method: http.MethodGet, Path: path, Query: query, Header: h}
}

func keyOf(t testing.TB, c *Cache, call *Call) Key {
	t.Helper()
	c.Prepare(call, nil)
	if call.kind != reads {
		t.Fatalf("%s is no read: %s", call.Path, call.why)
	}
	return call.key
}

func TestKeysOfCallsThatMeanTheSame(t *testing.T) {
	c := newCache(t)
	for _, pair := range [][2]*Call{
		{getCall("/3.1/offers", "a=1&b=2"), getCall("/3.1/offers", "b=2&a=1")},
		{getCall("/3.1/offers", "a=1&b=2&a=3"), getCall("/3.1/offers", "b=2&a=1&a=3")},
		{getCall("/3.1/offers", "status[]=x&limit=1&status[]=y"), getCall("/3.1/offers", "limit=1&status[]=x&status[]=y")},
		{getCall("/3.1/offers", "status%5B%5D=x&limit=1"), getCall("/3.1/offers", "limit=1&status%5B%5D=x")},
		{getCall("/3.1/offers", "", "User-Agent", "a"), getCall("/3.1/offers", "", "User-Agent", "b", "X-Request-Id", "7", "Traceparent", "00-1")},
		{getCall("/3.1/offers", "", "Cleengate-Client", "a"), getCall("/3.1/offers", "", "Cleengate-Client", "b", "Cleengate-Token", "t")},
		{getCall("/3.1/offers", ""), getCall("/3.1/offers", "", "Prefer", "wait=5", "Priority", "u=1")},
		{getCall("/3.1/offers", "", "If-None-Match", `"1"`), getCall("/3.1/offers", "", "Range", "bytes=1-")},
	} {
		if keyOf(t, c, pair[0]) != keyOf(t, c, pair[1]) {
			t.Errorf("%s?%s %v and %s?%s %v have different keys", pair[0].Path, pair[0].Query, pair[0].Header, pair[1].Path, pair[1].Query, pair[1].Header)
		}
	}
}

func TestKeysOfCallsThatMeanSomethingElse(t *testing.T) {
	c := newCache(t)
	with := func(call *Call, change func(*Call)) *Call { change(call); return call }
	calls := []*Call{
		getCall("/3.1/offers", ""),
		getCall("/3.1/offers/", ""),
		getCall("/3.1/offers", "a=1&a=2"),
		getCall("/3.1/offers", "a=2&a=1"),
		getCall("/3.1/offers", "a[]=1&a=2"),
		getCall("/3.1/offers", "a=2&a[]=1"),
		getCall("/3.1/offers", "a%5B%5D=1&a=2"),
		getCall("/3.1/offers", "A=1&a=2"),
		getCall("/3.1/offers", "a=2&A=1"),
		getCall("/3.1/offers", "%61=1&a=2"),
		getCall("/3.1/offers", "a=2&%61=1"),
		getCall("/3.1/offers", "a.b=1&a_b=2"),
		getCall("/3.1/offers", "a_b=2&a.b=1"),
		getCall("/3.1/offers", "a=1;a=2"),
		getCall("/3.1/offers", "a=2;a=1"),
		getCall("/3.1/offers", "a=1"),
		getCall("/3.1/offers", "a"),
		getCall("/3.1/offers", "a="),
		getCall("/3.1/offers", "customerIP=192.0.2.1"),
		getCall("/3.1/offers", "customerIP=192.0.2.2"),
		getCall("/3.1/offers", "customerToken=x"),
		getCall("/3.1/offers", "", "X-Forwarded-For", "192.0.2.1"),
		getCall("/3.1/offers", "", "X-Forwarded-For", "192.0.2.1", "X-Forwarded-For", "192.0.2.2"),
		getCall("/3.1/offers", "", "X-Forwarded-For", "192.0.2.1, 192.0.2.2"),
		getCall("/3.1/offers", "", "Forwarded", "for=192.0.2.1"),
		getCall("/3.1/offers", "", "Cf-Connecting-Ip", "192.0.2.1"),
		getCall("/3.1/offers", "", "X_real_ip", "192.0.2.1"),
		getCall("/3.1/offers", "", "X-Original-Url", "/3.1/customers/7"),
		getCall("/3.1/offers", "", "X-Http-Method-Override", "DELETE"),
		getCall("/3.1/offers", "", "X-Forwarded-Host", "evil.test"),
		getCall("/3.1/offers", "", "Authorization", ""),
		getCall("/3.1/offers", "", "Authorization", "Bearer a"),
		getCall("/3.1/offers", "", "Authorization", "Bearer b"),
		getCall("/3.1/offers", "", "Cookie", "Bearer a"),
		getCall("/3.1/offers", "", "X-Publisher-Token", "a"),
		getCall("/3.1/offers", "", "X_publisher_token", "a"),
		getCall("/3.1/offers", "", "X-Api-Key", "a"),
		getCall("/3.1/offers", "", "Customertoken", "a"),
		getCall("/3.1/offers", "", "Prefer", "return=minimal"),
		getCall("/3.1/offers", "", "Prefer", "wait=5, return=minimal"),
		getCall("/3.1/offers", "", "Accept", "a"),
		getCall("/3.1/offers", "", "Accept-Language", "a"),
		getCall("/3.1/offers", "", "Accept-Encoding", "a"),
		getCall("/3.1/offers", "", "Accept-Encoding", "a", "Accept", "a"),
		with(getCall("/3.1/offers", ""), func(c *Call) { c.Upstream = "mediastore" }),
		with(getCall("/3.1/offers", ""), func(c *Call) { c.Base = "https://sandbox.test" }),
		with(getCall("/3.1/offers", ""), func(c *Call) { c.Credential = held{"publisher", "1"} }),
		with(getCall("/3.1/offers", ""), func(c *Call) { c.Credential = held{"publisher", "2"} }),
		with(getCall("/3.1/offers", ""), func(c *Call) { c.Credential = held{"other", "1"} }),
		with(getCall("/3.1/offers", ""), func(c *Call) { c.Credential = held{"publisher1", ""} }),
	}
	seen := make(map[Key]*Call)
	for _, call := range calls {
		key := keyOf(t, c, call)
		if other := seen[key]; other != nil {
			t.Errorf("%s %s?%s %v and %s %s?%s %v share a key", call.Upstream, call.Path, call.Query, call.Header, other.Upstream, other.Path, other.Query, other.Header)
		}
		seen[key] = call
	}
	if keyOf(t, newCache(t), getCall("/3.1/offers", "", "Authorization", "a")) == keyOf(t, c, getCall("/3.1/offers", "", "Authorization", "a")) {
		t.Error("two processes have the same key: a digest would tell of a token elsewhere")
	}
}

// meaning is a slow and obvious reading of what a request asks for: by names as
// the most lenient of servers read them, each with its values in order.
func meaning(call *Call) string {
	groups := map[string][]string{}
	order := []string{}
	plain := !strings.ContainsAny(call.Query, ";+.")
	for param := range strings.SplitSeq(call.Query, "&") {
		name, _, _ := strings.Cut(param, "=")
		decoded, err := url.QueryUnescape(name)
		if err != nil || decoded == "" {
			plain = false
			decoded = name
		}
		base, _, _ := strings.Cut(decoded, "[")
		base = strings.ToLower(base)
		if groups[base] == nil {
			order = append(order, base)
		}
		groups[base] = append(groups[base], param)
	}
	var b strings.Builder
	if plain {
		slices.Sort(order)
		for _, base := range order {
			b.WriteString(base + "{" + strings.Join(groups[base], "&") + "}")
		}
	} else {
		b.WriteString("raw " + call.Query)
	}
	names := make([]string, 0, len(call.Header))
	for name := range call.Header {
		switch name {
		case "User-Agent", "X-Request-Id":
		default:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, line := range call.Header[name] {
			b.WriteString("\n" + name + ":" + line)
		}
	}
	return call.Path + "\n" + b.String()
}

// FuzzKeysDiffer makes two requests of any parts: those of different meaning
// never share a key.
func FuzzKeysDiffer(f *testing.F) {
	f.Add("a=1&b=2", "b=2&a=1", "x", "y", "x", "y")
	f.Add("a[]=1&a=2", "a=2&a[]=1", "", "", "", "")
	f.Add("%61=1&a=2", "a=2&%61=1", "a", "b", "ab", "")
	f.Add("status%5B%5D=1&status%5b=2", "status%5b=2&status%5B%5D=1", "a", "", "", "a")
	f.Add("a", "a=", "Bearer x", "", "Bearer", "x")
	f.Add("a=1&&b", "&a=1&b", "", "a", "a", "")
	c := newCache(f)
	f.Fuzz(func(t *testing.T, query1, query2, token1, address1, token2, address2 string) {
		one := getCall("/3.1/offers", query1, "Authorization", token1, "X-Forwarded-For", address1)
		two := getCall("/3.1/offers", query2, "Authorization", token2, "X-Forwarded-For", address2)
		if keyOf(t, c, one) == keyOf(t, c, two) && meaning(one) != meaning(two) {
			t.Errorf("%q and %q share a key", meaning(one), meaning(two))
		}
	})
}
