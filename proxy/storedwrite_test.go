package proxy

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
)

// ledger is an upstream with one offer. Reads take what is there when they
// arrive and answer after readDelay; writes apply at once.
type ledger struct {
	counting
	mu        sync.Mutex
	value     int
	readDelay time.Duration
	failing   string // how writes end: "", "500", "broken", "silent"
}

func newLedger() *ledger {
	l := &ledger{}
	l.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		if r.Method != http.MethodGet {
			l.value++
		}
		value, delay, failing := l.value, l.readDelay, l.failing
		l.mu.Unlock()
		if r.Method == http.MethodGet {
			time.Sleep(delay)
			_, _ = fmt.Fprintf(w, "%d", value)
			return
		}
		switch failing {
		case "500":
			w.WriteHeader(500)
		case "broken":
			panic(http.ErrAbortHandler)
		case "silent":
			time.Sleep(time.Hour)
		}
	})
	return l
}

// TestNoCallerAfterAWriteSeesTheOldAnswer lets a write pass a slow read at every
// point of it, and ends the write in every way.
func TestNoCallerAfterAWriteSeesTheOldAnswer(t *testing.T) {
	for _, ends := range []string{"", "500", "broken", "silent"} {
		for _, at := range []time.Duration{0, time.Millisecond, 500 * time.Millisecond, time.Second - 1, time.Second, 2 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				up := newLedger()
				up.readDelay, up.failing = time.Second, ends
				r := newCacheBubble(t, up, noRetries, patient, func(cfg *config.Config) {
					cfg.Timeouts.Attempt = 5 * time.Second
					for name, l := range cfg.Limits {
						l.Rate, _ = config.ParseRate("1000/s")
						l.Burst = 100
						cfg.Limits[name] = l
					}
				})
				var early sync.WaitGroup
				early.Go(func() { r.do(http.MethodGet, "/3.1/offers/S1_US", nil) })
				time.Sleep(at)
				r.do(http.MethodPatch, "/3.1/offers/S1", nil)
				for range 3 {
					if a := r.do(http.MethodGet, "/3.1/offers/S1_US", nil); a.body != "1" {
						t.Errorf("write at %s, ended %q: a caller after it got %q (%s)", at, ends, a.body, a.Header.Get("Cache-Status"))
					}
				}
				early.Wait()
				if a := r.do(http.MethodGet, "/3.1/offers/S1_US", nil); a.body != "1" {
					t.Errorf("write at %s, ended %q: after the slow read came %q", at, ends, a.body)
				}
				time.Sleep(2 * time.Hour)
			})
		}
	}
}

// TestReadDuringAWriteIsForgottenAtItsEnd has a write that changes something at
// its end only, and a read that departs and arrives in between.
func TestReadDuringAWriteIsForgottenAtItsEnd(t *testing.T) {
	for _, ends := range []string{"", "500", "broken"} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			value := 0
			up := count(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet {
					time.Sleep(time.Second)
				}
				mu.Lock()
				defer mu.Unlock()
				if r.Method == http.MethodGet {
					_, _ = fmt.Fprintf(w, "%d", value)
					return
				}
				value++
				switch ends {
				case "500":
					w.WriteHeader(500)
				case "broken":
					panic(http.ErrAbortHandler)
				}
			})
			r := newCacheBubble(t, up, noRetries, patient)
			var write sync.WaitGroup
			write.Go(func() { r.do(http.MethodPatch, "/3.1/offers/S1", nil) })
			time.Sleep(time.Second / 2)
			wantStatus(t, r.do(http.MethodGet, "/3.1/offers/S1", nil), 200, "fwd=miss; stored", "0")
			write.Wait()
			if a := r.do(http.MethodGet, "/3.1/offers/S1", nil); a.body != "1" {
				t.Errorf("write ended %q: a caller after it got %q (%s)", ends, a.body, a.Header.Get("Cache-Status"))
			}
			time.Sleep(time.Minute)
		})
	}
}

// TestUnknownOutcomeMayComeLate has a write whose connection breaks and that the
// upstream carries out a little later all the same.
func TestUnknownOutcomeMayComeLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		value := 0
		up := count(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				mu.Lock()
				defer mu.Unlock()
				_, _ = fmt.Fprintf(w, "%d", value)
				return
			}
			time.AfterFunc(3*time.Second, func() { mu.Lock(); value++; mu.Unlock() })
			panic(http.ErrAbortHandler)
		})
		r := newCacheBubble(t, up, noRetries)
		r.do(http.MethodPatch, "/3.1/offers/S1", nil)
		if a := r.do(http.MethodGet, "/3.1/offers/S1", nil); a.body != "0" {
			t.Errorf("got %q", a.body)
		}
		time.Sleep(5 * time.Second)
		if a := r.do(http.MethodGet, "/3.1/offers/S1", nil); a.body != "1" {
			t.Errorf("after the write has been carried out: %q (%s)", a.body, a.Header.Get("Cache-Status"))
		}
		time.Sleep(time.Minute)
		r.do(http.MethodGet, "/3.1/offers/S1", nil)
		wantStatus(t, r.do(http.MethodGet, "/3.1/offers/S1", nil), 200, "hit", "1")
	})
}

func TestPurge(t *testing.T) {
	up := numbered()
	r := newRig(t, up)
	stored := withCache(t, r, false)
	paths := []string{"/3.1/offers/S1", "/3.1/offers/S1?a=1", "/3.1/offers", "/3.1/customers/77", "/3.1/customers/78"}
	fill := func() {
		for _, path := range paths {
			r.do(http.MethodGet, path, nil)
		}
	}
	for _, c := range []struct {
		what purge
		want int
	}{
		{purge{Path: "/3.1/offers/S1"}, 2},
		{purge{Template: "/3.1/customers/{customerId}"}, 2},
		{purge{Customer: "77"}, 1},
		{purge{Tag: "offers"}, 3},
		{purge{Tag: "offer:S1"}, 2},
		{purge{Tag: "nothing"}, 0},
		{purge{}, 0},
		{purge{All: true}, 5},
	} {
		fill()
		if n := stored.Purge(c.what); n != c.want {
			t.Errorf("%+v purged %d, want %d", c.what, n, c.want)
		}
	}
	if s := stored.Stat(); s.Entries != 0 {
		t.Errorf("%d entries are left", s.Entries)
	}
	fill()
	summary := stored.Summary()
	if summary.Entries != 5 || len(summary.Endpoints) != 3 || summary.Bytes == 0 {
		t.Errorf("summary %+v", summary)
	}
}

// TestPurgeReachesWhatIsUnderWay purges while a slow read is under way.
func TestPurgeReachesWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, what := range []purge{{Path: "/3.1/offers/S1"}, {All: true}} {
			up := slowUpstream()
			r := newBubbleRig(t, up)
			stored := withCache(t, r, true)
			var early sync.WaitGroup
			early.Go(func() { r.do(http.MethodGet, "/3.1/offers/S1", nil) })
			time.Sleep(slowAnswer / 2)
			stored.Purge(what)
			early.Wait()
			if a := r.do(http.MethodGet, "/3.1/offers/S1", nil); up.calls.Load() != 2 {
				t.Errorf("%+v: what was under way was stored: %s", what, a.Header.Get("Cache-Status"))
			}
		}
	})
}

func TestEntitlementsOptedIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const path = "/3.1/entitlements/customer_id/77/offer_id/S1"
		up := numbered()
		rule, err := config.ParsePattern("GET /3.1/entitlements/*")
		if err != nil {
			t.Fatal(err)
		}
		r := newCacheBubble(t, up, func(cfg *config.Config) {
			cfg.Cache.Entitlements = true
			cfg.Cache.Rules = []config.CacheRule{{Match: rule, TTL: 24 * time.Hour}}
		})
		r.do(http.MethodGet, path, nil)
		wantStatus(t, r.do(http.MethodGet, path, nil), 200, "hit", `{"call":1}`)
		// In every quarter of an hour one check goes to Cleeng, whatever the rule says.
		for quarter := 2; quarter < 100; quarter++ {
			time.Sleep(15 * time.Minute)
			for range 3 {
				if a := r.do(http.MethodGet, path, nil); a.body != fmt.Sprintf(`{"call":%d}`, quarter) {
					t.Fatalf("quarter %d: %s %s", quarter, a.body, a.Header.Get("Cache-Status"))
				}
			}
		}
		r.do(http.MethodPost, "/3.1/subscriptions", nil)
		if a := r.do(http.MethodGet, path, nil); a.body != `{"call":101}` {
			t.Errorf("after a purchase: %s", a.body)
		}
	})
}
