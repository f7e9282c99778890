package proxy

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"
)

// canned is a transport that answers from memory, so that only the layers in
// between are measured.
type canned struct{}

func (canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: 2,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader("{}")),
	}, nil
}

// sunk is a ResponseWriter that keeps nothing.
type sunk struct{ header http.Header }

func (s *sunk) Header() http.Header         { return s.header }
func (s *sunk) Write(p []byte) (int, error) { return len(p), nil }
func (s *sunk) WriteHeader(int)             {}
func (s *sunk) Flush()                      {}

func bareProxy(transport http.RoundTripper, upstream string) *httputil.ReverseProxy {
	u, _ := url.Parse(upstream)
	return &httputil.ReverseProxy{
		Rewrite:   func(pr *httputil.ProxyRequest) { pr.SetURL(u) },
		Transport: transport, BufferPool: newCopyBuffers(), ErrorLog: log.New(io.Discard, "", 0),
	}
}

// allocations is the average of n calls. [testing.AllocsPerRun] rounds its average
// down, so that a difference of two would be wrong by up to one.
func allocations(n int, call func()) float64 {
	call() // fills pools
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		call()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(n)
}

// ownAllocations is the budget of cleengate's layers for one forwarded call, over
// what a bare ReverseProxy costs with the same neighbours.
const ownAllocations = 20

func TestForwardingAllocationBudget(t *testing.T) {
	r := newRigAt(t, "http://127.0.0.1:1")
	for _, up := range r.view.Load().upstreams {
		up.reverse = r.reverseProxy(up, r.chain(up, canned{}, r.view.Load().cfg, Parts{}))
	}
	measure := func(h http.Handler) float64 {
		return allocations(500, func() {
			req := httptest.NewRequest(http.MethodGet, "http://localhost/3.1/offers?limit=1", http.NoBody)
			h.ServeHTTP(&sunk{header: make(http.Header)}, req)
		})
	}
	r.sinkOff()
	bare, whole := measure(bareProxy(canned{}, "http://127.0.0.1:1")), measure(r.Handler(""))
	t.Logf("bare ReverseProxy %v allocations, cleengate %v, own layers %v", bare, whole, whole-bare)
	budget := float64(ownAllocations)
	if raceDetector {
		budget *= 1.2 // it makes sync.Pool forget now and then
	}
	if own := whole - bare; own > budget {
		t.Errorf("own layers allocate %v times a call, budget %v", own, budget)
	}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkForwardAgainstBareReverseProxy prints the CPU of a forwarded call
// as a ratio to that of a bare httputil.ReverseProxy with the same Transport
// and BufferPool, in interleaved pairs over real loopback connections.
func BenchmarkForwardAgainstBareReverseProxy(b *testing.B) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, strings.Repeat("x", 1024))
	}))
	defer upstream.Close()
	r := newRigAt(b, upstream.URL)
	r.sinkOff()
	bareServer := httptest.NewServer(bareProxy(r.view.Load().upstreams[0].transport, upstream.URL))
	defer bareServer.Close()
	compareCPU(b, bareServer.URL+"/3.1/offers", r.url+"/3.1/offers")
}

// compareCPU prints the CPU of a call of subject as a ratio to that of reference,
// client and servers together, in interleaved pairs over real loopback
// connections; who goes first alternates.
func compareCPU(b *testing.B, reference, subject string) {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8, DisableCompression: true}}
	defer client.CloseIdleConnections()
	round := func(url string, n int) time.Duration {
		began := cpuTime()
		for range n {
			req, _ := http.NewRequestWithContext(b.Context(), http.MethodGet, url, http.NoBody)
			resp, err := client.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		return cpuTime() - began
	}
	const pairs, calls = 20, 500
	urls := [2]string{reference, subject}
	for _, url := range urls {
		round(url, calls) // connections and pools
	}
	var ratios []float64
	var more time.Duration
	for b.Loop() {
		ratios = ratios[:0]
		for pair := range pairs {
			var used [2]time.Duration
			for i := range used {
				at := (pair + i) % 2
				used[at] = round(urls[at], calls)
			}
			ratios = append(ratios, float64(used[1])/float64(used[0]))
			more += used[1] - used[0]
		}
	}
	sort.Float64s(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "cpu-ratio-median")
	b.ReportMetric(ratios[0], "cpu-ratio-min")
	b.ReportMetric(float64(more.Nanoseconds())/float64(pairs*calls)/float64(b.N), "ns-more/call")
}
