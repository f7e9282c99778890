package simulator_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/cleengate/cleengate/internal/simulator"
)

// admitted sends n calls at once and counts the 200s.
func (r *rig) admitted(n int) int {
	ok := 0
	for range n {
		if a := r.core("GET", "/offers", nil); a.status == 200 {
			ok++
		} else if a.status != 429 {
			r.t.Fatalf("status %d", a.status)
		}
	}
	return ok
}

func limits(l ...simulator.Limit) func(k *simulator.Knobs) {
	return func(k *simulator.Knobs) { k.Quota.Limits = l }
}

func TestFixedWindowAdmitsItsLimitPerClockWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, limits(simulator.Limit{Provider: "fixed", Limit: 5, Window: time.Second}))
		time.Sleep(900 * time.Millisecond)
		if n := r.admitted(8); n != 5 {
			t.Errorf("%d of 8 at the end of a window", n)
		}
		time.Sleep(100 * time.Millisecond) // the next whole second
		if n := r.admitted(8); n != 5 {
			t.Errorf("%d of 8 in the next window", n)
		}
		if c := r.sim.Counters(); c.Throttled != 6 || c.Statuses[429] != 6 {
			t.Errorf("throttled %d, 429s %d, want 6", c.Throttled, c.Statuses[429])
		}
	})
}

func TestFixedWindowCanBeginWithTheFirstCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, limits(simulator.Limit{Provider: "fixed", Limit: 5, Window: time.Second, Align: "first"}))
		time.Sleep(900 * time.Millisecond)
		r.admitted(5)
		time.Sleep(100 * time.Millisecond)
		if n := r.admitted(1); n != 0 {
			t.Error("the window ended on the clock instead of one second after its first call")
		}
		time.Sleep(900 * time.Millisecond)
		if n := r.admitted(8); n != 5 {
			t.Errorf("%d of 8 after a second", n)
		}
	})
}

func TestSlidingWindowFreesPlacesOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, limits(simulator.Limit{Provider: "sliding", Limit: 3, Window: time.Second}))
		for range 3 {
			r.admitted(1)
			time.Sleep(200 * time.Millisecond)
		}
		if r.admitted(1) != 0 { // 600 ms: calls of 0, 200 and 400 ms count
			t.Error("a fourth call within the second was admitted")
		}
		time.Sleep(400 * time.Millisecond)
		if n := r.admitted(2); n != 1 { // 1 s: only the first has left
			t.Errorf("%d admitted when one place was free", n)
		}
	})
}

func TestTokenBucketRefillsSteadily(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, limits(simulator.Limit{Provider: "bucket", Limit: 10, Window: time.Second, Burst: 4}))
		if n := r.admitted(6); n != 4 {
			t.Errorf("burst of %d, want 4", n)
		}
		time.Sleep(200 * time.Millisecond)
		if n := r.admitted(6); n != 2 {
			t.Errorf("%d after 200 ms at 10/s, want 2", n)
		}
		time.Sleep(time.Minute)
		if n := r.admitted(6); n != 4 {
			t.Errorf("%d after a minute, want the burst of 4", n)
		}
	})
}

// TestProvidersAgainstALog compares each provider with what the plain list of
// admitted instants says.
func TestProvidersAgainstALog(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		provider := rapid.SampledFrom([]string{"fixed", "sliding", "bucket"}).Draw(rt, "provider")
		limit := rapid.IntRange(1, 6).Draw(rt, "limit")
		gaps := rapid.SliceOfN(rapid.IntRange(0, 400), 1, 40).Draw(rt, "gaps")
		synctest.Test(t, func(t *testing.T) {
			r := start(t, limits(simulator.Limit{Provider: provider, Limit: limit, Window: time.Second}))
			var log []time.Time
			tokens, last := float64(limit), time.Now()
			for _, gap := range gaps {
				time.Sleep(time.Duration(gap) * time.Millisecond)
				now := time.Now()
				inWindow := 0
				for _, at := range log {
					if provider == "fixed" && at.Truncate(time.Second).Equal(now.Truncate(time.Second)) || provider == "sliding" && now.Sub(at) < time.Second {
						inWindow++
					}
				}
				want := inWindow < limit
				if provider == "bucket" {
					tokens = min(float64(limit), tokens+now.Sub(last).Seconds()*float64(limit))
					last = now
					want = tokens >= 1-1e-9
					if want {
						tokens--
					}
				}
				if got := r.admitted(1) == 1; got != want {
					rt.Fatalf("%s %d/s at %v: admitted %v, want %v", provider, limit, now, got, want)
				}
				if want {
					log = append(log, now)
				}
			}
		})
	})
}

func TestLimitsCountWhatTheyAreToldTo(t *testing.T) {
	r := start(t, limits(simulator.Limit{Limit: 2, Window: time.Hour, By: []string{"key", "endpoint"}}))
	second := func(path string) int {
		return r.do("GET", "/3.1"+path, nil, "X-Publisher-Token", simulator.SecondPublisherKey).status
	}
	r.admitted(2)
	for name, c := range map[string]struct{ got, want int }{
		"same key and endpoint": {r.core("GET", "/offers", nil).status, 429},
		"another endpoint":      {r.core("GET", "/subscriptions", nil).status, 200},
		"another key":           {second("/offers"), 200},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", name, c.got, c.want)
		}
	}
}

func TestLimitByAddressSurfaceAndMatch(t *testing.T) {
	r := start(t, limits(
		simulator.Limit{Name: "address", Limit: 1, Window: time.Hour, By: []string{"ip"}, Surfaces: []string{"mediastore"}},
		simulator.Limit{Name: "logins", Limit: 0, Window: time.Hour, Match: "POST /auths"},
	))
	tune(t, r, func(k *simulator.Knobs) { k.Data.TrustForwardedFor = true })
	for i, c := range []struct {
		path, from string
		want       int
	}{
		{"/locales", "192.0.2.1", 200},
		{"/locales", "192.0.2.1", 429},
		{"/locales", "192.0.2.2", 200},
		{"/3.1/offers", "192.0.2.1", 401}, // Core has no limit: refused for its missing key
	} {
		if a := r.do("GET", c.path, nil, "X-Forwarded-For", c.from); a.status != c.want {
			t.Errorf("%d: %s from %s: %d, want %d", i, c.path, c.from, a.status, c.want)
		}
	}
	if a := r.do("POST", "/auths", m{}, "X-Forwarded-For", "192.0.2.3"); a.status != 429 {
		t.Errorf("login with a limit of 0: %d, want 429", a.status)
	}
}

func TestARefusedCallTakesNothingUnlessAsked(t *testing.T) {
	for _, countDenied := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, func(k *simulator.Knobs) {
				k.Quota.Limits = []simulator.Limit{{Provider: "sliding", Limit: 1, Window: time.Second}}
				k.Quota.CountDenied = countDenied
			})
			r.admitted(1)
			time.Sleep(600 * time.Millisecond)
			r.admitted(1) // refused
			time.Sleep(500 * time.Millisecond)
			if got := r.admitted(1) == 1; got == countDenied {
				t.Errorf("count_denied %v: admitted %v", countDenied, got)
			}
		})
	}
}

func TestLimitChangesAtRunTimeKeepTheCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, limits(simulator.Limit{Name: "a", Limit: 10, Window: time.Minute}))
		r.admitted(4)
		tune(t, r, func(k *simulator.Knobs) { k.Quota.Limits[0].Limit = 5 })
		if n := r.admitted(10); n != 1 {
			t.Errorf("%d more under a limit halved to 5 with 4 used", n)
		}
		tune(t, r, func(k *simulator.Knobs) { k.Quota.Limits[0].Limit = 20 })
		if n := r.admitted(30); n != 15 {
			t.Errorf("%d more under a limit doubled to 20 with 5 used", n)
		}
	})
}

func TestForeignConsumerEatsQuota(t *testing.T) {
	for _, provider := range []string{"fixed", "sliding", "bucket"} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, func(k *simulator.Knobs) {
				k.Quota.Limits = []simulator.Limit{{Provider: provider, Limit: 10, Window: time.Second}}
				k.Quota.ForeignRate = 4
			})
			ours := 0
			for range 100 {
				time.Sleep(100 * time.Millisecond)
				ours += r.admitted(1)
			}
			// Both ask for 14/s together and compete for 10/s over 10 s; a bucket
			// gives its burst once more.
			foreign := r.sim.Counters().Foreign
			if sum := ours + foreign; sum < 98 || sum > 112 || foreign < 20 {
				t.Errorf("%s: ours %d, foreign %d in 10 s at 10/s", provider, ours, foreign)
			}
		})
	}
}

func TestABatchCountsOnceOrPerCall(t *testing.T) {
	for batch, want := range map[string]int{"request": 200, "call": 429} {
		r := start(t, func(k *simulator.Knobs) {
			k.Quota.Limits = []simulator.Limit{{Limit: 3, Window: time.Hour}}
			k.Quota.Batch = batch
		})
		call := m{"method": "getSubscriptionOffer", "params": m{"offerId": simulator.MonthlyOfferID}, "id": 1}
		if a := r.do("POST", "/3.0/json-rpc", []any{call, call, call, call}); a.status != want {
			t.Errorf("batch counted by %s: %d, want %d", batch, a.status, want)
		}
	}
}

func TestQuotaBeforeOrAfterAuth(t *testing.T) {
	for _, before := range []bool{true, false} {
		r := start(t, func(k *simulator.Knobs) {
			k.Quota.Limits = []simulator.Limit{{Limit: 1, Window: time.Hour}}
			k.Quota.BeforeAuth = before
		})
		r.do("GET", "/3.1/offers", nil, "X-Publisher-Token", "wrong").want(t, 401)
		if got := r.core("GET", "/offers", nil).status == 429; got != before {
			t.Errorf("before_auth %v: throttled %v", before, got)
		}
	}
}
