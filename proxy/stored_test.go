package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/journal"
)

// numbered answers each call with its number.
func numbered() *counting {
	c := &counting{}
	c.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Total-Count", "7")
		w.Header().Set("Set-Cookie", "session=1")
		_, _ = fmt.Fprintf(w, `{"call":%d}`, c.calls.Load())
	})
	return c
}

func wantStatus(t *testing.T, a *answer, status int, cacheStatus, body string) {
	t.Helper()
	if a.StatusCode != status || !strings.HasPrefix(a.Header.Get("Cache-Status"), "cleengate; "+cacheStatus) || a.body != body {
		t.Errorf("got %d %q %q, want %d %q %q", a.StatusCode, a.Header.Get("Cache-Status"), a.body, status, cacheStatus, body)
	}
}

func TestSecondReadIsAnsweredFromMemory(t *testing.T) {
	up := numbered()
	r := newCacheRig(t, up)
	first := r.do(http.MethodGet, "/3.1/offers/S1_US?limit=1&offset=2", nil)
	wantStatus(t, first, 200, "fwd=miss; stored", `{"call":1}`)
	if first.Header.Get("Set-Cookie") == "" {
		t.Error("Set-Cookie did not pass")
	}
	x := r.next(t)
	if x.Source != journal.SourceUpstream || x.AttemptCount() != 1 {
		t.Errorf("recorded source %s and %d attempts", x.Source, x.AttemptCount())
	}
	second := r.do(http.MethodGet, "/3.1/offers/S1_US?offset=2&limit=1", nil)
	wantStatus(t, second, 200, "hit; ttl=", `{"call":1}`)
	if x := r.next(t); x.Source != journal.SourceCache || x.AttemptCount() != 0 {
		t.Errorf("recorded source %s and %d attempts", x.Source, x.AttemptCount())
	}
	for name, want := range map[string]string{"Age": "0", "X-Total-Count": "7", "Content-Type": "application/json", "Set-Cookie": "", "Content-Length": "10"} {
		if got := second.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"X-Request-Id", "Date", "Server-Timing"} {
		if second.Header.Get(name) == "" {
			t.Errorf("%s is missing", name)
		}
	}
	if n := up.calls.Load(); n != 1 {
		t.Errorf("%d calls went upstream", n)
	}
	if r.count("lookup hit") != 1 || r.count("lookup miss") != 1 {
		t.Errorf("counting %v", r.counts)
	}
}

func TestHeadSharesTheAnswerOfGet(t *testing.T) {
	up := numbered()
	r := newCacheRig(t, up)
	r.do(http.MethodGet, "/3.1/offers/S1", nil)
	head := r.do(http.MethodHead, "/3.1/offers/S1", nil)
	wantStatus(t, head, 200, "hit; ttl=", "")
	if head.Header.Get("Content-Length") != "10" || up.calls.Load() != 1 {
		t.Errorf("Content-Length %q after %d calls", head.Header.Get("Content-Length"), up.calls.Load())
	}
}

func TestWriteMakesReadsStale(t *testing.T) {
	up := numbered()
	r := newCacheRig(t, up)
	for _, path := range []string{"/3.1/offers/S1_US", "/3.1/offers", "/3.1/offers/S2"} {
		r.do(http.MethodGet, path, nil)
	}
	wantStatus(t, r.do(http.MethodPatch, "/3.1/offers/S1", strings.NewReader(`{"title":"new"}`)), 200, "fwd=method", `{"call":4}`)
	wantStatus(t, r.do(http.MethodGet, "/3.1/offers/S1_US", nil), 200, "fwd=miss; stored", `{"call":5}`)
	wantStatus(t, r.do(http.MethodGet, "/3.1/offers", nil), 200, "fwd=miss; stored", `{"call":6}`)
	wantStatus(t, r.do(http.MethodGet, "/3.1/offers/S2", nil), 200, "hit", `{"call":3}`)
}

func TestOnlyIfCached(t *testing.T) {
	up := numbered()
	r := newCacheRig(t, up)
	a := r.do(http.MethodGet, "/3.1/offers/S1", nil, "Cache-Control", "only-if-cached")
	if a.StatusCode != http.StatusGatewayTimeout || !strings.Contains(a.body, CodeOnlyIfCachedMiss) || up.calls.Load() != 0 {
		t.Errorf("got %d %s after %d calls", a.StatusCode, a.body, up.calls.Load())
	}
	r.do(http.MethodGet, "/3.1/offers/S1", nil)
	wantStatus(t, r.do(http.MethodGet, "/3.1/offers/S1", nil, "Cache-Control", "only-if-cached"), 200, "hit", `{"call":1}`)
}

func TestRangeFromACompleteAnswer(t *testing.T) {
	r := newCacheRig(t, count(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "0123456789") }))
	r.do(http.MethodGet, "/3.1/offers/S1", nil)
	part := r.do(http.MethodGet, "/3.1/offers/S1", nil, "Range", "bytes=2-4")
	wantStatus(t, part, 206, "hit", "234")
	if got := part.Header.Get("Content-Range"); got != "bytes 2-4/10" {
		t.Errorf("Content-Range %q", got)
	}
	wantStatus(t, r.do(http.MethodGet, "/3.1/offers/S1", nil, "Range", "bytes=20-"), 416, "hit", "")
}

func TestEntitlementsAreLeftAloneUnlessOptedIn(t *testing.T) {
	const path = "/3.1/entitlements/customer_id/77/offer_id/S1"
	up := numbered()
	r := newCacheRig(t, up)
	r.do(http.MethodGet, path, nil)
	wantStatus(t, r.do(http.MethodGet, path, nil), 200, "fwd=bypass", `{"call":2}`)
}

// TestWriteInvalidatesWhatItsAnswerNames is RFC 9111 section 4.4: the target, and
// what Location and Content-Location name of the same origin.
func TestWriteInvalidatesWhatItsAnswerNames(t *testing.T) {
	up := count(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.Header().Set("Location", "/things/2")
			w.Header().Set("Content-Location", "http://elsewhere.test/things/3")
			w.WriteHeader(http.StatusCreated)
			return
		}
		w.Header().Set("Cache-Control", "max-age=60")
		_, _ = io.WriteString(w, "x")
	})
	r := newCacheRig(t, up)
	// The reads are another identity's, so that nothing else connects them.
	read := func(path string) bool {
		return strings.Contains(r.do(http.MethodGet, path, nil, "X-Api-Key", "reader").Header.Get("Cache-Status"), "; hit")
	}
	for _, path := range []string{"/things", "/things/2", "/things/3"} {
		read(path)
	}
	r.do(http.MethodPost, "/things", nil, "X-Api-Key", "writer")
	for path, want := range map[string]bool{"/things": false, "/things/2": false, "/things/3": true} {
		if got := read(path); got != want {
			t.Errorf("%s is a hit: %v, want %v", path, got, want)
		}
	}
}

func TestMissingOffersAreRememberedBriefly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := count(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
		r := newCacheBubble(t, up)
		for range 3 {
			if a := r.do(http.MethodGet, "/3.1/offers/S1", nil); a.StatusCode != http.StatusNotFound {
				t.Errorf("status %d", a.StatusCode)
			}
		}
		if n := up.calls.Load(); n != 1 {
			t.Errorf("%d calls", n)
		}
		time.Sleep(11 * time.Second)
		r.do(http.MethodGet, "/3.1/offers/S1", nil)
		r.do(http.MethodGet, "/3.1/customers/7", nil)
		r.do(http.MethodGet, "/3.1/customers/7", nil)
		if n := up.calls.Load(); n != 4 {
			t.Errorf("%d calls", n)
		}
	})
}

// TestHitsNameTheOriginThatAsked has two pages of allowed origins and none at
// all: what was said to one is not said to another.
func TestHitsNameTheOriginThatAsked(t *testing.T) {
	up := count(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Vary", "Accept-Encoding")
		_, _ = io.WriteString(w, "x")
	})
	r := newCacheRig(t, up, func(cfg *config.Config) {
		cfg.Guard.AllowedOrigins = []string{"https://one.example", "https://two.example"}
	})
	for _, origin := range []string{"https://one.example", "https://two.example", "", "https://one.example"} {
		var fields []string
		if origin != "" {
			fields = []string{"Origin", origin, "Sec-Fetch-Site", "cross-site"}
		}
		a := r.do(http.MethodGet, "/3.1/offers/S1", nil, fields...)
		if got := a.Header.Get("Access-Control-Allow-Origin"); got != origin || a.body != "x" {
			t.Errorf("origin %q: allowed %q, %q", origin, got, a.body)
		}
		vary := strings.Join(a.Header.Values("Vary"), ", ")
		if want := map[bool]string{true: "Accept-Encoding, Origin", false: "Accept-Encoding"}[origin != ""]; vary != want {
			t.Errorf("origin %q: Vary %q", origin, vary)
		}
	}
	if n := up.calls.Load(); n != 1 {
		t.Errorf("%d calls", n)
	}
}
