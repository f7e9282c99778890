package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// numberedUpstream answers each call with its number, after delay.
func numberedUpstream(t *testing.T, delay time.Duration) (url string, calls *atomic.Int64) {
	t.Helper()
	calls = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := calls.Add(1)
		if delay > 0 {
			timer := time.NewTimer(delay)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-r.Context().Done():
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"call":%d}`, n)
	}))
	t.Cleanup(server.Close)
	return server.URL, calls
}

func cachedEnv(url string) []string {
	return append(upstreamEnv(url), "CLEENGATE_CACHE_MAX_SIZE=16MiB")
}

func TestCacheOfTheBinary(t *testing.T) {
	url, calls := numberedUpstream(t, 0)
	g := startGate(t, cachedEnv(url))
	get := func(path string, nth int, cacheStatus string) {
		t.Helper()
		status, header, body := call(t, "GET", g.url+path, "")
		if want := fmt.Sprintf(`{"call":%d}`, nth); status != 200 || body != want || !strings.Contains(header.Get("Cache-Status"), cacheStatus) {
			t.Errorf("%s: %d %s %q, want %s %q", path, status, body, header.Get("Cache-Status"), want, cacheStatus)
		}
	}
	get("/3.1/offers/S1_US", 1, "fwd=miss; stored")
	get("/3.1/offers/S1_US", 1, "; hit; ttl=")
	get("/3.1/offers", 2, "fwd=miss; stored")

	for _, purge := range []struct {
		args []string
		out  string
	}{
		{[]string{"--path", "/3.1/offers/S1_US"}, "purged 1"},
		{[]string{"--tag", "season-groups"}, "purged 0"},
		{[]string{"--template", "/3.1/offers"}, "purged 1"},
		{[]string{"--all"}, "purged 0"},
	} {
		if out, status := run(t, nil, append([]string{"purge", "--admin", g.admin}, purge.args...)...); status != 0 || !strings.Contains(out, purge.out) {
			t.Errorf("purge %v: %d %s", purge.args, status, out)
		}
	}
	get("/3.1/offers/S1_US", 3, "fwd=miss; stored")
	if out, status := run(t, nil, "purge", "--admin", g.admin); status != 2 {
		t.Errorf("purge of nothing: %d %s", status, out)
	}
	if out, status := run(t, nil, "purge", "--admin", g.admin, "--all", "--tag", "offers"); status != 2 {
		t.Errorf("purge of two things: %d %s", status, out)
	}
	if _, _, body := call(t, "GET", g.admin+"/api/v1/cache", ""); !strings.Contains(body, `"entries": 1`) || !strings.Contains(body, `"/3.1/offers/{offerId}"`) || strings.Contains(body, "S1_US") {
		t.Errorf("/api/v1/cache: %s", body)
	}
	_, _, metrics := call(t, "GET", g.admin+"/metrics", "")
	for _, line := range []string{
		`cleengate_cache_lookups_total{result="hit"} 1`, `cleengate_cache_lookups_total{result="miss"} 3`, `cleengate_cache_entries 1`,
		`cleengate_requests_total{code="200",endpoint="/3.1/offers/{offerId}",method="GET",source="cache",upstream="core"} 1`,
	} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
	if n := calls.Load(); n != 3 {
		t.Errorf("%d calls upstream", n)
	}
	if status := g.stop(); status != 0 {
		t.Errorf("exit status %d\n%s", status, g.log)
	}
}

// TestColdBurstOfTheBinary is one call upstream for 500 at once.
func TestColdBurstOfTheBinary(t *testing.T) {
	url, calls := numberedUpstream(t, 500*time.Millisecond)
	g := startGate(t, append(cachedEnv(url), "CLEENGATE_PATIENCE_DEFAULT=30s"))
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 500}}
	defer client.CloseIdleConnections()
	for round := range 3 {
		var burst sync.WaitGroup
		for range 500 {
			burst.Go(func() {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/3.1/offers/S%d", g.url, round), http.NoBody)
				if err != nil {
					t.Error(err)
					return
				}
				resp, err := client.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = resp.Body.Close() }()
				if body, err := io.ReadAll(resp.Body); err != nil || string(body) != fmt.Sprintf(`{"call":%d}`, round+1) {
					t.Errorf("round %d: %d %q %v", round, resp.StatusCode, body, err)
				}
			})
		}
		burst.Wait()
	}
	if n := calls.Load(); n != 3 {
		t.Errorf("%d calls upstream for 3 bursts", n)
	}
}
