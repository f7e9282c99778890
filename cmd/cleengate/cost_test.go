package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/redact"
)

// unsent is a ResponseWriter that keeps its header alone.
type unsent struct{ header http.Header }

func (u *unsent) Header() http.Header         { return u.header }
func (u *unsent) Write(p []byte) (int, error) { return len(p), nil }
func (u *unsent) WriteHeader(int)             {}

// hitRig is a whole process, wired as serve does, that holds an answer to the
// request.
func hitRig(tb testing.TB) (h http.Handler, request *http.Request, answer *httptest.ResponseRecorder) {
	tb.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"offerId": "S1_US", "title": strings.Repeat("x", 1024)})
	}))
	tb.Cleanup(upstream.Close)
	cfg := config.Default()
	cfg.StateDir = "none"
	for name, u := range cfg.Upstreams {
		u.URL = upstream.URL
		cfg.Upstreams[name] = u
	}
	for name, c := range cfg.Credentials {
		if c.Kind == config.PublisherToken {
			c.Tokens = []redact.Secret{redact.New("publisher-key-0123456789abcdef0123456789abcdef01")}
			cfg.Credentials[name] = c
		}
	}
	rule, err := config.ParsePattern("GET /3.1/offers/*")
	if err != nil {
		tb.Fatal(err)
	}
	cfg.Cache.Rules = append(cfg.Cache.Rules, config.CacheRule{Match: rule, TTL: time.Hour})
	p, err := newProcess(streams{out: io.Discard, err: io.Discard}, cfg, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = p.close() })
	h = p.proxy.Handler("")
	request = httptest.NewRequestWithContext(tb.Context(), http.MethodGet, "http://127.0.0.1:8401/3.1/offers/S1_US", http.NoBody)
	request.Header.Set("User-Agent", "Forward/1")
	request.Header.Set("Accept-Encoding", "gzip")
	for range 2 {
		answer = httptest.NewRecorder()
		h.ServeHTTP(answer, request)
	}
	// As net/http does, the recorder copies the header when it is written.
	if status := answer.Result().Header.Get("Cache-Status"); !strings.Contains(status, "hit") {
		tb.Fatalf("the second call was no hit: %d %v", answer.Code, answer.Result().Header)
	}
	return h, request, answer
}

// BenchmarkHit is what a hit costs above net/http.
func BenchmarkHit(b *testing.B) {
	h, request, _ := hitRig(b)
	w := &unsent{header: make(http.Header)}
	b.ReportAllocs()
	began := cpuTime()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, request)
	}
	b.ReportMetric(float64(cpuTime()-began)/float64(b.N), "cpu-ns/op")
}

// cpuTime is the user and kernel time of this process so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkLoggedHitAgainstBareHandler prints the CPU of a hit in a whole
// process, with its log, metrics, totals and journal, as a ratio to that of a bare
// handler that writes the same bytes, both behind net/http on loopback, client
// included.
func BenchmarkLoggedHitAgainstBareHandler(b *testing.B) {
	h, request, answer := hitRig(b)
	header, body := answer.Result().Header, answer.Body.Bytes()
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), header)
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(body)
	})
	var sides [2]*httptest.Server
	for i, handler := range []http.Handler{h, bare} {
		sides[i] = httptest.NewServer(handler)
		defer sides[i].Close()
	}
	const pairs, calls = 20, 500
	round := func(s *httptest.Server) time.Duration {
		began := cpuTime()
		for range calls {
			req, _ := http.NewRequestWithContext(b.Context(), http.MethodGet, s.URL+request.URL.Path, http.NoBody)
			resp, err := s.Client().Do(req)
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		return cpuTime() - began
	}
	round(sides[0])
	round(sides[1])
	var ratios []float64
	for b.Loop() {
		ratios = ratios[:0]
		for range pairs {
			whole, reference := round(sides[0]), round(sides[1])
			ratios = append(ratios, float64(whole)/float64(reference))
		}
	}
	sort.Float64s(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "cpu-ratio-median")
}
