package cache

import (
	"encoding/base64"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/config"
)

func bearer(claims string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	return "Bearer " + b64([]byte(`{}`)) + "." + b64([]byte(claims)) + ".x"
}

func callTo(surface cleeng.Surface, method, path string) *Call {
	ep, params := cleeng.Lookup(surface, method, path)
	return &Call{Upstream: string(surface), Endpoint: ep, Params: params, Method: method, Path: path, Header: http.Header{}}
}

// TestWritesTouchWhatTheyChange compares names of writes and reads.
func TestWritesTouchWhatTheyChange(t *testing.T) {
	c := newCache(t)
	read := func(call *Call) []string { c.Prepare(call, nil); return c.names(call) }
	for _, tt := range []struct {
		name    string
		write   *Call
		body    string
		token   string
		private bool
		read    *Call
		reads   string // token of the read
		touches bool
	}{
		{name: "an offer by its short id", write: callTo(cleeng.SurfaceCore, "PATCH", "/3.1/offers/S1"), read: callTo(cleeng.SurfaceMediaStore, "GET", "/v2/offers/S1_US"), touches: true},
		{name: "another offer", write: callTo(cleeng.SurfaceCore, "PATCH", "/3.1/offers/S1"), read: callTo(cleeng.SurfaceMediaStore, "GET", "/v2/offers/S2_US")},
		{name: "lists of offers", write: callTo(cleeng.SurfaceCore, "POST", "/3.1/offers"), read: callTo(cleeng.SurfaceMediaStore, "GET", "/offers"), touches: true},
		{name: "a customer", write: callTo(cleeng.SurfaceCore, "PATCH", "/3.1/customers/7"), read: callTo(cleeng.SurfaceMediaStore, "GET", "/customers/7"), touches: true},
		{name: "another customer", write: callTo(cleeng.SurfaceCore, "PATCH", "/3.1/customers/8"), read: callTo(cleeng.SurfaceMediaStore, "GET", "/customers/7")},
		{name: "a purchase that shows its customer", write: callTo(cleeng.SurfaceCore, "POST", "/3.1/subscriptions"), body: `{"customerId": 7}`, read: callTo(cleeng.SurfaceCore, "GET", "/3.1/entitlements/customer_id/7/offer_id/S1"), touches: true},
		{name: "a purchase of another", write: callTo(cleeng.SurfaceCore, "POST", "/3.1/subscriptions"), body: `{"customerId":"8"}`, read: callTo(cleeng.SurfaceCore, "GET", "/3.1/entitlements/customer_id/7/offer_id/S1")},
		{name: "a purchase by somebody", write: callTo(cleeng.SurfaceCore, "POST", "/3.1/subscriptions"), read: callTo(cleeng.SurfaceCore, "GET", "/3.1/entitlements/customer_id/7/offer_id/S1"), touches: true},
		{name: "a payment by the customer's own token", write: callTo(cleeng.SurfaceMediaStore, "POST", "/payments"), token: bearer(`{"customerId":"7"}`), private: true, read: callTo(cleeng.SurfaceMediaStore, "GET", "/customers/7/offers"), touches: true},
		{name: "a payment by an unreadable token", write: callTo(cleeng.SurfaceMediaStore, "POST", "/payments"), token: "Bearer opaque", private: true, read: callTo(cleeng.SurfaceMediaStore, "GET", "/customers/7/offers"), reads: "Bearer opaque", touches: true},
		{name: "a payment by another unreadable token", write: callTo(cleeng.SurfaceMediaStore, "POST", "/payments"), token: "Bearer opaque", private: true, read: callTo(cleeng.SurfaceMediaStore, "GET", "/customers/7/offers"), reads: "Bearer other"},
		{name: "something unknown with the same key", write: callTo(cleeng.SurfaceCore, "POST", "/3.1/new"), token: "key", read: callTo(cleeng.SurfaceCore, "GET", "/3.1/offers/S1"), reads: "Bearer key", touches: true},
		{name: "something unknown with another key", write: callTo(cleeng.SurfaceCore, "POST", "/3.1/new"), token: "key", read: callTo(cleeng.SurfaceCore, "GET", "/3.1/offers/S1"), reads: "other"},
		{name: "something unknown, and what anybody reads", write: callTo(cleeng.SurfaceCore, "POST", "/3.1/new"), token: "key", read: callTo(cleeng.SurfaceMediaStore, "GET", "/offers/S1"), touches: true},
		{name: "the same path", write: callTo(cleeng.SurfaceUnknown, "POST", "/things/1"), token: "key", read: callTo(cleeng.SurfaceUnknown, "GET", "/things/1"), reads: "other", touches: true},
	} {
		if tt.body != "" {
			tt.write.Body, tt.write.HasBody = []byte(tt.body), true
		}
		if tt.token != "" {
			tt.write.Header.Set("Authorization", tt.token)
		}
		if tt.reads != "" {
			tt.read.Header.Set("Authorization", tt.reads)
		}
		tt.write.Private = tt.private
		c.Prepare(tt.write, nil)
		if tt.write.kind != writes {
			t.Fatalf("%s: no write", tt.name)
		}
		stales, names := c.stales(tt.write), read(tt.read)
		if got := slices.ContainsFunc(stales, func(s string) bool { return slices.Contains(names, s) }); got != tt.touches {
			t.Errorf("%s: touches %v\nstales %q\nnames %q", tt.name, got, stales, names)
		}
		if all := strings.Join(append(stales, names...), " "); strings.Contains(all, "opaque") || strings.Contains(all, ":key") {
			t.Errorf("%s: a credential shows in a name: %s", tt.name, all)
		}
	}
}

func TestPolicyOfRules(t *testing.T) {
	pattern := func(text string) config.Pattern {
		p, err := config.ParsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	rules := NewRules(config.Cache{Rules: []config.CacheRule{
		{Match: pattern("GET /3.1/offers/S1"), TTL: time.Hour, Stale: time.Minute},
		{Match: pattern("GET /3.1/offers/*"), TTL: 0},
		{Match: pattern("* /own/*"), TTL: time.Second},
		{Match: pattern("GET /3.1/entitlements"), TTL: time.Hour},
	}})
	for _, c := range []struct {
		path       string
		ttl, stale time.Duration
		never      bool
	}{
		{"/3.1/offers/S1", time.Hour, time.Minute, false},
		{"/3.1/offers/S2", 0, 0, true},
		{"/3.1/offers", 2 * time.Minute, 10 * time.Minute, false},
		{"/own/1", time.Second, 0, false},
		{"/other", 0, 0, false},
		{"/3.1/entitlements", time.Hour, 0, true}, // a rule is no consent
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			call := callTo(cleeng.SurfaceCore, method, c.path)
			p := rules.policyOf(call.Endpoint, method, c.path)
			if p.TTL != c.ttl || p.Stale != c.stale || p.never != c.never || p.Permits != (c.ttl > 0) {
				t.Errorf("%s %s: %+v", method, c.path, p)
			}
		}
	}
}

func TestUnsettledIsBounded(t *testing.T) {
	var u unsettled
	now := time.Now()
	if u.touches([]string{"a"}, now) {
		t.Error("nothing was added")
	}
	u.add([]string{"a", "b"})
	if !u.touches([]string{"x", "b"}, now) || u.touches([]string{"x"}, now) || u.touches([]string{"a"}, now.Add(time.Minute)) {
		t.Error("wrong names or times")
	}
	for i := range 2 * maxUnsettled {
		u.add([]string{strings.Repeat("x", i+1)})
	}
	if !u.touches([]string{"never named"}, now) {
		t.Error("too many names, and yet something is settled")
	}
	if len(u.names) > maxUnsettled+1 {
		t.Errorf("%d names are remembered", len(u.names))
	}
}

func TestKeeperStoresWholeBodiesOnly(t *testing.T) {
	for _, c := range []struct {
		name     string
		body     string
		fails    bool
		limit    int64
		declared int64
		kept     bool
	}{
		{"whole", "12345", false, 10, 5, true},
		{"of unknown length", "12345", false, 10, -1, true},
		{"broken off", "12345", true, 10, 9, false},
		{"too long", "12345", false, 4, 5, false},
		{"just fits", "12345", false, 5, 5, true},
		{"empty", "", false, 5, 0, true},
	} {
		var kept []string
		k := &keeper{ReadCloser: source(c.body, c.fails), keep: func(b []byte) bool { kept = append(kept, string(b)); return true }, limit: c.limit, declared: c.declared}
		p := make([]byte, 2)
		for {
			if _, err := k.Read(p); err != nil {
				break
			}
		}
		if got := len(kept) == 1 && kept[0] == c.body; got != c.kept || len(kept) > 1 {
			t.Errorf("%s: kept %q", c.name, kept)
		}
	}
}

func source(body string, fails bool) io.ReadCloser {
	end := io.EOF
	if fails {
		end = io.ErrUnexpectedEOF
	}
	return io.NopCloser(io.MultiReader(strings.NewReader(body), broken{end}))
}
