package proxy

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// versioned is an upstream that shows the version of its answer only when asked
// with a condition, as the Core API does for offers.
type versioned struct {
	counting
	mu      sync.Mutex
	version string
	asked   []string // If-None-Match of each call, in order
}

func newVersioned(version string) *versioned {
	u := &versioned{version: version}
	u.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.mu.Lock()
		defer u.mu.Unlock()
		condition := r.Header.Get("If-None-Match")
		u.asked = append(u.asked, condition)
		if condition != "" {
			w.Header().Set("ETag", u.version)
			if condition == u.version {
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		_, _ = w.Write([]byte("offer of version " + u.version))
	})
	return u
}

func (u *versioned) set(version string) {
	u.mu.Lock()
	u.version = version
	u.mu.Unlock()
}

func (u *versioned) conditions() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.asked
}

func TestOfferVersionIsAskedForOnOurOwnAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := newVersioned(`"7"`)
		r := newCacheBubble(t, up)
		first := r.do(http.MethodGet, "/3.1/offers/S1", nil)
		wantStatus(t, first, 200, "fwd=miss; stored", `offer of version "7"`)
		hit := r.do(http.MethodGet, "/3.1/offers/S1", nil)
		wantStatus(t, hit, 200, "hit", `offer of version "7"`)
		for _, a := range []*answer{first, hit} {
			if tag := a.Header.Get("ETag"); tag != "" {
				t.Errorf("the app got an ETag that it did not ask for: %s", tag)
			}
		}
		asked := r.do(http.MethodGet, "/3.1/offers/S1", nil, "If-None-Match", `"6"`)
		wantStatus(t, asked, 200, "hit", `offer of version "7"`)
		match := r.do(http.MethodGet, "/3.1/offers/S1", nil, "If-None-Match", `"7"`)
		wantStatus(t, match, 304, "hit", "")
		for _, a := range []*answer{asked, match} {
			if tag := a.Header.Get("ETag"); tag != `"7"` {
				t.Errorf("the app asked for the ETag and got %q", tag)
			}
		}
		time.Sleep(13 * time.Minute) // beyond the window
		wantStatus(t, r.do(http.MethodGet, "/3.1/offers/S1", nil), 200, "fwd=stale; fwd-status=304; stored", `offer of version "7"`)
		wantStatus(t, r.do(http.MethodGet, "/3.1/offers/S1", nil), 200, "hit", `offer of version "7"`)
		time.Sleep(13 * time.Minute)
		up.set(`"8"`)
		changed := r.do(http.MethodGet, "/3.1/offers/S1", nil)
		wantStatus(t, changed, 200, "fwd=stale; stored", `offer of version "8"`)
		if got := up.conditions(); len(got) != 3 || got[0] == "" || got[0] == `"7"` || got[1] != `"7"` || got[2] != `"7"` {
			t.Errorf("asked upstream with %q", got)
		}
		if r.count("lookup revalidated") != 1 || r.count("attempt core 304 revalidation") != 1 {
			t.Errorf("counted %v", r.counts)
		}
	})
}

func TestConditionsOfTheAppGoUpstreamAsTheyAre(t *testing.T) {
	up := newVersioned(`"7"`)
	r := newCacheRig(t, up)
	match := r.do(http.MethodGet, "/3.1/offers/S1", nil, "If-None-Match", `"7"`)
	if match.StatusCode != 304 || match.Header.Get("ETag") != `"7"` {
		t.Errorf("got %d with ETag %q", match.StatusCode, match.Header.Get("ETag"))
	}
	other := r.do(http.MethodGet, "/3.1/offers/S1", nil, "If-None-Match", `"6"`)
	if other.StatusCode != 200 || other.Header.Get("ETag") != `"7"` {
		t.Errorf("got %d with ETag %q", other.StatusCode, other.Header.Get("ETag"))
	}
	if got := up.conditions(); len(got) != 2 || got[0] != `"7"` || got[1] != `"6"` {
		t.Errorf("asked upstream with %q", got)
	}
	// Its answer was whole, and serves those who ask without.
	wantStatus(t, r.do(http.MethodGet, "/3.1/offers/S1", nil), 200, "hit", `offer of version "7"`)
}

func TestPreconditionsForChangesAreTheOriginsToJudge(t *testing.T) {
	up := newVersioned(`"7"`)
	r := newCacheRig(t, up)
	r.do(http.MethodGet, "/3.1/offers/S1", nil)
	wantStatus(t, r.do(http.MethodGet, "/3.1/offers/S1", nil, "If-Match", `"7"`), 200, "fwd=bypass", `offer of version "7"`)
}
