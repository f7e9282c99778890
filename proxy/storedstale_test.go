package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/journal"
)

// scripted answers with a status that the test sets, and with the number of the
// call.
type scripted struct {
	counting
	status  atomic.Int64
	control atomic.Pointer[string] // Cache-Control
	delay   atomic.Int64
}

func script(control string) *scripted {
	s := &scripted{}
	s.status.Store(200)
	s.control.Store(&control)
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := s.calls.Load()
		if d := s.delay.Load(); d > 0 {
			time.Sleep(time.Duration(d))
		}
		if c := *s.control.Load(); c != "" {
			w.Header().Set("Cache-Control", c)
		}
		if status := int(s.status.Load()); status != 200 {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(status)
			return
		}
		_, _ = fmt.Fprintf(w, "%d", n)
	})
	return s
}

func noRetries(cfg *config.Config) { cfg.Retry.Attempts = 1 }

func TestStaleWhileRevalidateIsServedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := script("max-age=60, stale-while-revalidate=60")
		r := newCacheBubble(t, up, noRetries)
		wantStatus(t, r.do(http.MethodGet, "/3.1/offers/S1", nil), 200, "fwd=miss; stored", "1")
		time.Sleep(90 * time.Second)
		up.delay.Store(int64(time.Second))
		began := time.Now()
		for range 5 {
			wantStatus(t, r.do(http.MethodGet, "/3.1/offers/S1", nil), 200, `hit; ttl=-30; detail=stale-while-revalidate`, "1")
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("stale answers took %s", took)
		}
		time.Sleep(2 * time.Second)
		if n := up.calls.Load(); n != 2 {
			t.Errorf("%d calls upstream, want one validation for all", n)
		}
		wantStatus(t, r.do(http.MethodGet, "/3.1/offers/S1", nil), 200, "hit; ttl=58", "2")
		if n := r.count("attempt core 200 " + journal.ReasonRevalidation); n != 0 {
			t.Errorf("%d attempts counted as revalidations, though there was nothing to validate with", n)
		}
	})
}

// uncharted is an endpoint without a lifetime or a window by the catalogue.
const uncharted = "/3.1/campaigns?couponCode=C"

func TestStaleIfErrorServesWhatThereIs(t *testing.T) {
	for _, fault := range []int{500, 502, 503, 504, 429} {
		synctest.Test(t, func(t *testing.T) {
			up := script("max-age=60, stale-if-error=600")
			r := newCacheBubble(t, up, noRetries, func(cfg *config.Config) { cfg.Retry.Throttled = 0 })
			r.do(http.MethodGet, uncharted, nil)
			time.Sleep(90 * time.Second)
			up.status.Store(int64(fault))
			wantStatus(t, r.do(http.MethodGet, uncharted, nil), 200, fmt.Sprintf("fwd=stale; fwd-status=%d; ttl=-30; detail=stale-if-error", fault), "1")
			wantStatus(t, r.do(http.MethodGet, uncharted, nil), 200, "hit; ttl=-30; detail=stale-", "1")
			if n := up.calls.Load(); n != 2 {
				t.Errorf("%d calls upstream: an upstream in trouble is asked again at once", n)
			}
			up.status.Store(200)
			time.Sleep(10 * time.Second)
			if fault != 429 { // that paused the quota for an hour
				wantStatus(t, r.do(http.MethodGet, uncharted, nil), 200, "fwd=stale; stored", "3")
			}
			time.Sleep(time.Hour)
			up.status.Store(int64(fault))
			if a := r.do(http.MethodGet, uncharted, nil); a.StatusCode != fault {
				t.Errorf("beyond the window: status %d", a.StatusCode)
			}
		})
	}
}

// TestPausedQuotaServesStale has a quota that is paused by a throttle of another
// call.
func TestPausedQuotaServesStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := script("max-age=60, stale-if-error=6000")
		r := newCacheBubble(t, up, noRetries, func(cfg *config.Config) { cfg.Retry.Throttled = 0 })
		r.do(http.MethodGet, uncharted, nil)
		time.Sleep(90 * time.Second)
		up.status.Store(429)
		if a := r.do(http.MethodGet, "/3.1/subscriptions", nil); a.StatusCode != 429 {
			t.Fatalf("status %d", a.StatusCode)
		}
		began := time.Now()
		a := r.do(http.MethodGet, uncharted, nil)
		wantStatus(t, a, 200, "hit; ttl=-30; detail=stale-while-paused", "1")
		if took := time.Since(began); took != 0 || up.calls.Load() != 2 {
			t.Errorf("took %s and %d calls", took, up.calls.Load())
		}
		// Without a stale answer the refusal says when to come again.
		if b := r.do(http.MethodGet, uncharted+"2", nil); b.StatusCode != 503 || !strings.Contains(b.body, CodePaused) {
			t.Errorf("got %d %s", b.StatusCode, b.body)
		}
	})
}

// TestCatalogueWindowOutlastsAnOutage is promise 11 for an upstream that is
// away: what was read goes on being served, and heals by itself.
func TestPromise11_CatalogueWindowOutlastsAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := script("")
		r := newCacheBubble(t, up, noRetries)
		r.do(http.MethodGet, "/3.1/offers/S1", nil)
		up.status.Store(503)
		for range 11 {
			time.Sleep(time.Minute)
			if a := r.do(http.MethodGet, "/3.1/offers/S1", nil); a.StatusCode != 200 || a.body != "1" {
				t.Fatalf("got %d %q %q", a.StatusCode, a.body, a.Header.Get("Cache-Status"))
			}
		}
		up.status.Store(200)
		time.Sleep(10 * time.Second)
		r.do(http.MethodGet, "/3.1/offers/S1", nil) // validates in the background
		synctest.Wait()
		if a := r.do(http.MethodGet, "/3.1/offers/S1", nil); a.body == "1" || !strings.Contains(a.Header.Get("Cache-Status"), "; hit; ttl=") {
			t.Errorf("did not heal: %q %q", a.body, a.Header.Get("Cache-Status"))
		}
		up.status.Store(503)
		time.Sleep(time.Hour)
		if a := r.do(http.MethodGet, "/3.1/offers/S1", nil); a.StatusCode != 503 {
			t.Errorf("an hour later: %d", a.StatusCode)
		}
	})
}

func TestMustRevalidateIsNotServedStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := script("max-age=60, must-revalidate")
		r := newCacheBubble(t, up, noRetries)
		r.do(http.MethodGet, "/3.1/offers/S1", nil)
		time.Sleep(90 * time.Second)
		up.status.Store(503)
		if a := r.do(http.MethodGet, "/3.1/offers/S1", nil); a.StatusCode != 503 {
			t.Errorf("status %d", a.StatusCode)
		}
	})
}

// TestCloseWaitsForValidations ends a rig while one is under way; the bubble
// fails on what is left running.
func TestCloseWaitsForValidations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := script("max-age=60, stale-while-revalidate=600")
		r := newBubbleRig(t, up, noRetries)
		stored := withCache(t, r, true)
		r.do(http.MethodGet, "/3.1/offers/S1", nil)
		time.Sleep(90 * time.Second)
		up.delay.Store(int64(5 * time.Second))
		r.do(http.MethodGet, "/3.1/offers/S1", nil)
		synctest.Wait()
		if err := stored.Close(); err != nil {
			t.Error(err)
		}
		if err := stored.Close(); err != nil {
			t.Error(err)
		}
		time.Sleep(10 * time.Second) // the upstream's own end
	})
}
