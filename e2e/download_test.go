package e2e

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestSlowDownloads: an answer that still moves is not cut, one that stands
// still is, and the app can tell that it is not whole.
func TestSlowDownloads(t *testing.T) {
	const whole = "slow but healthy"
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/3.1/length" {
			w.Header().Set("Content-Length", "16")
		}
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for i := range len(whole) {
			if i == 4 && r.URL.RawQuery == "stall" {
				<-r.Context().Done()
				return
			}
			_, _ = io.WriteString(w, whole[i:i+1])
			_ = http.NewResponseController(w).Flush()
			<-tick.C
		}
	}))
	t.Cleanup(upstream.Close)
	// The living body takes four times the idle timeout and twice the time of
	// an attempt and the patience.
	g := startGate(t, append(upstreamEnv(upstream.URL), "CLEENGATE_TIMEOUTS_IDLE=1s", "CLEENGATE_TIMEOUTS_ATTEMPT=2s", "CLEENGATE_PATIENCE_DEFAULT=2s"))
	for _, path := range []string{"/3.1/length", "/3.1/chunked"} {
		for _, query := range []string{"", "?stall"} {
			t.Run(path[5:]+query, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // only a broken program reaches it
				defer cancel()
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url+path+query, http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := http.DefaultTransport.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = resp.Body.Close() }()
				got, err := io.ReadAll(resp.Body)
				if query == "" && (err != nil || string(got) != whole) {
					t.Errorf("a living answer was cut: %q, %v", got, err)
				}
				if query != "" && (err == nil || ctx.Err() != nil || string(got) != whole[:4]) {
					t.Errorf("a dead answer looks whole: %q, %v", got, err)
				}
			})
		}
	}
}
