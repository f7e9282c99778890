package proxy

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/cleeng"
)

func TestDigestTellsReadsApart(t *testing.T) {
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) }))
	digest := func(method, path, body string, fields ...string) uint64 {
		t.Helper()
		r.do(method, path, strings.NewReader(body), append(fields, "X-Request-Id", t.Name())...)
		x := r.next(t)
		if x.Limit == "" {
			t.Errorf("%s %s has no limit", method, path)
		}
		return x.Digest
	}
	const rpc = "/3.0/json-rpc"
	base := digest("GET", "/3.1/offers/S1?a=1&b=2", "")
	if base == 0 {
		t.Fatal("a read has no digest")
	}
	for name, again := range map[string]uint64{
		"again":                digest("GET", "/3.1/offers/S1?a=1&b=2", ""),
		"parameters reordered": digest("GET", "/3.1/offers/S1?b=2&a=1", ""),
		"another request id":   digest("GET", "/3.1/offers/S1?a=1&b=2", "", "Traceparent", "00-1-2-3"),
	} {
		if again != base {
			t.Errorf("%s: another digest", name)
		}
	}
	call := digest("POST", rpc, `{"method":"getCustomer","params":{"customerToken":"c1"},"id":1}`)
	if call != digest("POST", rpc, `{"id":2,"method":"getCustomer","params":{"customerToken":"c1"}}`) {
		t.Error("the id of a JSON-RPC call changes its digest")
	}
	seen := map[uint64]string{base: "base", call: "call"}
	for name, d := range map[string]uint64{
		"another path":      digest("GET", "/3.1/offers/S2?a=1&b=2", ""),
		"another query":     digest("GET", "/3.1/offers/S1?a=1&b=3", ""),
		"another method":    digest("HEAD", "/3.1/offers/S1?a=1&b=2", ""),
		"another caller":    digest("GET", "/3.1/offers/S1?a=1&b=2", "", "Cleengate-Client", "other"),
		"another key":       digest("GET", "/3.1/offers/S1?a=1&b=2", "", "X-Publisher-Token", "k"),
		"another customer":  digest("GET", "/3.1/offers/S1?a=1&b=2", "", "Authorization", "Bearer x"),
		"another form":      digest("GET", "/3.1/offers/S1?a=1&b=2", "", "Accept", "text/html"),
		"another upstream":  digest("GET", "/offers/S1?a=1&b=2", ""),
		"another token":     digest("POST", rpc, `{"method":"getCustomer","params":{"customerToken":"c2"},"id":1}`),
		"another read":      digest("POST", rpc, `{"method":"getCustomerEmail","params":{"customerToken":"c1"},"id":1}`),
		"a batch":           digest("POST", rpc, `[{"method":"getCustomer","params":{"customerToken":"c1"},"id":1},{"method":"getCustomerEmail"}]`),
		"the batch reverse": digest("POST", rpc, `[{"method":"getCustomerEmail"},{"method":"getCustomer","params":{"customerToken":"c1"},"id":1}]`),
	} {
		if d == 0 || seen[d] != "" {
			t.Errorf("%s has the digest %d of %q", name, d, seen[d])
		}
		seen[d] = name
	}
	for name, d := range map[string]uint64{
		"a write":           digest("POST", "/3.1/orders", `{}`),
		"a login":           digest("POST", "/auths", `{"email":"a","password":"b"}`),
		"a write in rpc":    digest("POST", rpc, `{"method":"registerCustomer","params":{}}`),
		"an unknown method": digest("POST", rpc, `{"method":"doSomething"}`),
		"two meanings":      digest("POST", rpc, `{"method":"getCustomer","method":"getCustomer","params":{}}`),
	} {
		if d != 0 {
			t.Errorf("%s has a digest", name)
		}
	}
	identity := func(fields ...string) uint64 {
		r.do("GET", "/3.1/offers/S1", nil, fields...)
		return r.next(t).Identity
	}
	shop, again, customer := identity(), identity("Accept", "text/html"), identity("Authorization", "Bearer x")
	if shop != again || shop == customer || shop == identity("Cleengate-Client", "other") {
		t.Error("the identity is not that of caller and credentials")
	}
	if x := func() bool {
		r.do("POST", rpc, strings.NewReader(`[{"method":"getCustomer"}]`))
		return r.next(t).Batch
	}(); !x {
		t.Error("a batch is not marked")
	}
}

func TestDigestDiffersBetweenProcesses(t *testing.T) {
	upstream := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	first, second := newRig(t, upstream), newRig(t, upstream)
	first.do("GET", "/3.1/offers", nil)
	second.do("GET", "/3.1/offers", nil)
	if first.next(t).Digest == second.next(t).Digest {
		t.Error("the digest has no key of its own")
	}
}

func TestDigestDoesNotAllocate(t *testing.T) {
	p := newRigAt(t, "http://127.0.0.1:1").Proxy
	request := httptest.NewRequest(http.MethodGet, "/3.1/offers/S1?a=1&b=2", http.NoBody)
	request.Header.Set("Authorization", "Bearer "+strings.Repeat("x", 600))
	x := &exchange{up: p.view.Load().upstreams[0], destination: destination{path: "/3.1/offers/S1"}, query: "a=1&b=2"}
	x.ep, x.params = cleeng.Lookup(cleeng.SurfaceCore, request.Method, x.path)
	if n := testing.AllocsPerRun(1000, func() { p.digest(request, x) }); n != 0 {
		t.Errorf("a GET costs %v allocations", n)
	}
	rpc, err := cleeng.ParseRPC([]byte(`{"method":"getCustomer","params":{"publisherToken":"k","customerToken":"c1"},"id":1}`))
	if err != nil {
		t.Fatal(err)
	}
	x.rpc, x.ep = rpc, rpc.Endpoint()
	if n := testing.AllocsPerRun(1000, func() { p.digest(request, x) }); n > 1 {
		t.Errorf("a JSON-RPC call costs %v allocations", n)
	}
}

func BenchmarkDigest(b *testing.B) {
	p := newRigAt(b, "http://127.0.0.1:1").Proxy
	request := httptest.NewRequest(http.MethodGet, "/3.1/offers/S1?a=1&b=2", http.NoBody)
	request.Header.Set("Authorization", "Bearer "+strings.Repeat("x", 600))
	x := &exchange{up: p.view.Load().upstreams[0], destination: destination{path: "/3.1/offers/S1"}, query: "a=1&b=2"}
	x.ep, x.params = cleeng.Lookup(cleeng.SurfaceCore, request.Method, x.path)
	for b.Loop() {
		p.digest(request, x)
	}
}
