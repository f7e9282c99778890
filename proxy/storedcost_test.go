package proxy

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/journal"
)

// deskAllocations is the budget of a fresh hit from the front desk on: the
// growth of the header map, and one string for Age and Cache-Status.
const deskAllocations = 5

// typical is an answer as Cleeng sends them.
func typical() *counting {
	return count(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for name, value := range map[string]string{
			"Content-Type": "application/json", "X-Total-Count": "7", "Vary": "Accept-Encoding", "Etag": `"7"`, "Server": "nginx",
			"X-Amzn-Requestid": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "Strict-Transport-Security": "max-age=1", "Access-Control-Allow-Origin": "*",
		} {
			h.Set(name, value)
		}
		_, _ = w.Write(make([]byte, 1024))
	})
}

func TestHitAllocationBudget(t *testing.T) {
	r := newRig(t, typical())
	withCounted(t, r, false, quiet{})
	r.sinkOff()
	const path = "/3.1/offers/S1?b=2&a=1"
	r.do(http.MethodGet, path, nil)
	up := r.view.Load().upstream("core")
	if up.desk == nil {
		t.Fatal("there is no front desk")
	}
	request := httptest.NewRequest(http.MethodGet, "http://localhost"+path, http.NoBody)
	request.RequestURI = path
	request.Header.Set("User-Agent", "Go-http-client/1.1")
	request.Header.Set("X-Request-Id", "abc")
	handler := r.frontDesk(up, func(*responseWriter, *http.Request) { t.Error("not a hit") })
	// What belongs to the layers above is made beforehand.
	const runs = 200
	type prepared struct {
		w *responseWriter
		r *http.Request
	}
	var all []prepared
	for range runs + 1 {
		x := &exchange{rec: &journal.Exchange{RequestID: "abc"}, view: r.view.Load(), up: up, stay: request.Context(), query: "b=2&a=1", destination: destination{path: "/3.1/offers/S1", normal: true}}
		x.ep, x.params = cleeng.Lookup(up.surface, http.MethodGet, x.path)
		all = append(all, prepared{&responseWriter{ResponseWriter: &sunk{header: make(http.Header)}, x: x}, request})
	}
	next := 0
	got := testing.AllocsPerRun(runs, func() {
		p := all[next]
		next++
		handler(p.w, p.r)
		r.cachedCalls.giveBack(p.w.x) // as the layer above does at the end
	})
	t.Logf("%v allocations", got)
	if got > deskAllocations && !raceDetector {
		t.Errorf("a hit costs %v allocations, budget %d", got, deskAllocations)
	}
}

// BenchmarkHitAgainstBareHandler prints the CPU of a hit through the listener as
// a ratio to that of a bare net/http handler that writes the same bytes, in
// interleaved pairs over real loopback connections.
func BenchmarkHitAgainstBareHandler(b *testing.B) {
	up := typical()
	r := newCacheRig(b, up)
	r.sinkOff()
	const path = "/3.1/offers/S1?b=2&a=1"
	first := r.do(http.MethodGet, path, nil)
	hit := r.do(http.MethodGet, path, nil)
	body := []byte(first.body)
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		maps.Copy(h, hit.Header)
		_, _ = w.Write(body)
	}))
	defer bare.Close()
	compareCPU(b, bare.URL+path, r.url+path)
	if n := up.calls.Load(); n != 1 {
		b.Errorf("%d calls upstream", n)
	}
}
