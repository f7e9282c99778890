package limiter_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/limiter"
)

// providers are all kinds of limiter, at 100 calls a second.
var providers = map[string]func(offset time.Duration) provider{
	"fixed 1s": func(o time.Duration) provider { return &fixedWindow{limit: 100, length: time.Second, offset: o} },
	"fixed 60s": func(o time.Duration) provider {
		return &fixedWindow{limit: 6000, length: time.Minute, offset: o}
	},
	"sliding 1s":   func(time.Duration) provider { return &slidingLog{limit: 100, length: time.Second} },
	"token bucket": func(time.Duration) provider { return &tokenBucket{capacity: 100, perSec: 100} },
}

var normal = limiter.Call{Urgency: limiter.DefaultUrgency}

// firstAllowance is what a cold bucket lets go at once.
const firstAllowance = 5

// ideal is how long n calls take at 100 a second if nothing is lost.
func ideal(n int) time.Duration { return time.Duration(n-firstAllowance) * 10 * time.Millisecond }

func (r *run) mustBeAll200(n int) {
	r.t.Helper()
	if len(r.errs) > 0 || r.statuses[200] != n {
		r.t.Errorf("statuses %v and %d errors (%v), want %d times 200", r.statuses, len(r.errs), slices.Compact(r.errs)[:min(1, len(r.errs))], n)
	}
}

// inversions counts pairs of neighbours that left in another order than they came.
func inversions(order []int) int {
	n := 0
	for i := 1; i < len(order); i++ {
		if order[i] < order[i-1] {
			n++
		}
	}
	return n
}

func TestBurstLearnedFromHeaders(t *testing.T) {
	for name, provider := range providers {
		for _, dialect := range slices.Sorted(maps.Keys(dialects)) {
			if dialect == "no reset" {
				continue // see TestWindowIsFoundWithoutReset
			}
			for _, offset := range []time.Duration{300 * time.Millisecond, 59900 * time.Millisecond} {
				if offset > time.Second && !strings.HasPrefix(name, "fixed") {
					continue
				}
				t.Run(fmt.Sprint(name, "/", dialect, "/", offset), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						r := newRun(t, limiter.Config{}, &upstream{provider: provider(offset), dialect: dialects[dialect], skew: 37 * time.Minute})
						const n = 2000
						wall := r.burst(n, normal)
						r.mustBeAll200(n)
						if limit := ideal(n) * 103 / 100; wall > limit {
							t.Errorf("took %v, want at most %v", wall, limit)
						}
						if got := len(r.up.refused); got > 1 {
							t.Errorf("%d calls were throttled, want at most 1", got)
						}
						if got := inversions(r.order); got > n/100 {
							t.Errorf("%d inversions, want at most %d", got, n/100)
						}
					})
				})
			}
		}
	}
}

// Once the first throttle has told the limit, headers on throttles only are as good
// as headers on every answer.
func TestHeadersOn429Only(t *testing.T) {
	for name, provider := range providers {
		for _, dialect := range []string{"delta", "delta floor", "epoch", "epoch ms", "date", "ietf-11"} {
			if name == "fixed 60s" && dialect != "delta" {
				continue // it takes 8,000 calls, and differs by nothing but that
			}
			t.Run(name+"/"+dialect, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					u := &upstream{provider: provider(300 * time.Millisecond), dialect: dialects[dialect], on429: true}
					n, allowed := 2000, 0
					if name == "fixed 60s" {
						n, allowed = 8000, 6000 // which are gone before anything is throttled
					}
					r := newRun(t, limiter.Config{Queue: n}, u)
					r.patience = 2 * time.Minute
					r.burst(n, normal)
					r.mustBeAll200(n)
					first := u.refused[0]
					// What left before the refusal came back is beyond help.
					known := first.Add(100 * time.Millisecond)
					late := 0
					for _, at := range u.refused {
						if at.After(known) {
							late++
						}
					}
					if late > 0 {
						t.Errorf("%d calls were throttled after the limit was known", late)
					}
					after := slices.DeleteFunc(slices.Clone(u.arrivals), func(at time.Time) bool { return at.Before(known.Add(200 * time.Millisecond)) })
					wall := after[len(after)-1].Sub(after[0])
					if limit := ideal(len(after)+firstAllowance) * 103 / 100; wall > limit || len(after) < n-allowed-1500 {
						t.Errorf("%d calls took %v after the pause, want at most %v", len(after), wall, limit)
					}
				})
			})
		}
	}
}

// Of a silent provider's limit a burst must get what is left after 30 s of search.
func TestSilentProviderAfterDemand(t *testing.T) {
	for name, provider := range providers {
		if name == "fixed 60s" {
			continue // its 6,000 calls are gone after 8 s, and nothing helps for the rest of the minute
		}
		for seed := range uint64(3) {
			t.Run(fmt.Sprint(name, "/", seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					u := &upstream{provider: provider(300 * time.Millisecond), rng: rand.New(rand.NewPCG(seed, 7))}
					r := newRun(t, limiter.Config{Concurrency: 1000}, u)
					r.demand(30*time.Second, 300)
					refused := len(u.refused)
					const n = 2000
					wall := r.burst(n, normal)
					r.mustBeAll200(r.statuses[200])
					if limit := ideal(n) * 115 / 100; wall > limit {
						t.Errorf("took %v, want at most %v", wall, limit)
					}
					if got := len(u.refused) - refused; got >= n/50 {
						t.Errorf("%d of %d calls were throttled, want under 2 %%", got, n)
					}
				})
			})
		}
	}
}

// demand keeps some callers busy for a while.
func (r *run) demand(lasting time.Duration, callers int) {
	ctx, cancel := context.WithCancel(r.t.Context())
	stop := time.AfterFunc(lasting, cancel)
	defer stop.Stop()
	for range callers {
		r.wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := r.send(r.t.Context(), normal); err != nil {
					return
				}
			}
		})
	}
	r.wg.Wait()
	cancel()
}

func TestColdRampIsGentle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRun(t, limiter.Config{Concurrency: 4000}, &upstream{provider: &slidingLog{limit: 1 << 30, length: time.Second}})
		r.burst(2000, normal)
		r.mustBeAll200(2000)
		checkSwell(t, r.departures)
		if took := r.departures[1999].Sub(r.departures[0]); took > 8*time.Second {
			t.Errorf("2,000 calls took %v at a rate that doubles every second", took)
		}
	})
}

// checkSwell fails where any tenth of a second, wherever it begins, holds more than
// twice the departures of the tenth before, plus five.
func checkSwell(t *testing.T, departures []time.Time) {
	t.Helper()
	count := func(from time.Time) int {
		low, _ := slices.BinarySearchFunc(departures, from, time.Time.Compare)
		high, _ := slices.BinarySearchFunc(departures, from.Add(100*time.Millisecond), time.Time.Compare)
		return high - low
	}
	first, last := departures[0], departures[len(departures)-1]
	for at := first.Add(-100 * time.Millisecond); at.Before(last); at = at.Add(time.Millisecond) {
		if now, before := count(at), count(at.Add(-100*time.Millisecond)); now > 2*before+5 {
			t.Fatalf("%d departures in the tenth of a second after %v, %d in the one before", now, at.Sub(first), before)
		}
	}
}

func TestLimitThatChangesIsFollowed(t *testing.T) {
	for name, provider := range providers {
		if name == "fixed 60s" {
			continue // see TestLimitOfAMinuteThatChanges
		}
		for _, dialect := range []string{"delta", "epoch ms", "ietf-11"} {
			t.Run(name+"/"+dialect, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					u := &upstream{provider: provider(300 * time.Millisecond), dialect: dialects[dialect]}
					r := newRun(t, limiter.Config{Concurrency: 1000}, u)
					for i, limit := range []int{100, 50, 200, 100} {
						u.mu.Lock()
						u.provider.change(limit)
						before := len(u.refused)
						u.mu.Unlock()
						changed := time.Now()
						r.demand(2*time.Second, 300)
						begin := len(u.arrivals)
						r.demand(8*time.Second, 300)
						late := 0
						for _, at := range u.refused[before:] {
							// What was under way when the limit changed is beyond help.
							if at.Sub(changed) > 100*time.Millisecond {
								late++
							}
						}
						if late > 1 {
							t.Errorf("%d calls throttled after the limit became %d", late, limit)
						}
						rate := float64(len(u.arrivals)-begin) / u.arrivals[len(u.arrivals)-1].Sub(u.arrivals[begin]).Seconds()
						if low := 0.96*float64(limit) - 2; i > 0 && late == 0 && rate < low {
							t.Errorf("sent %.1f calls a second two windows after the limit became %d, want at least %.1f; %+v", rate, limit, low, r.bucket.Snapshot())
						}
					}
				})
			})
		}
	}
}

func TestLimitOfAMinuteThatChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fixedWindow{limit: 1200, length: time.Minute, offset: 22 * time.Second}
		u := &upstream{provider: p, dialect: dialects["delta"]}
		r := newRun(t, limiter.Config{Concurrency: 1000}, u)
		for _, limit := range []int{1200, 600, 2400} {
			u.mu.Lock()
			p.change(limit)
			u.mu.Unlock()
			r.demand(2*time.Minute, 100)
			begin, refused := len(u.arrivals), len(u.refused)
			r.demand(time.Minute, 100)
			rate := float64(len(u.arrivals)-begin) / u.arrivals[len(u.arrivals)-1].Sub(u.arrivals[begin]).Seconds()
			if low := 0.96 * float64(limit) / 60; rate < low || len(u.refused) > refused {
				t.Errorf("two windows after the limit became %d a minute: %.1f calls a second, want at least %.1f; %d throttled", limit, rate, low, len(u.refused)-refused)
			}
		}
	})
}

// A provider that reports whichever of two limits is tighter has both obeyed.
func TestTighterOfTwoLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &twoLimits{second: &slidingLog{limit: 20, length: time.Second}, minute: &fixedWindow{limit: 600, length: time.Minute}}
		u := &upstream{provider: p, dialect: dialects["delta"]}
		r := newRun(t, limiter.Config{Concurrency: 1000}, u)
		r.demand(3*time.Minute, 100)
		if got := len(u.refused); got > 1 {
			t.Errorf("%d calls were throttled", got)
		}
		if got := len(u.arrivals); got < 1700 {
			t.Errorf("%d calls in 3 minutes at 600 a minute", got)
		}
	})
}

// Without any word on the reset the window is found by what the provider forgets.
func TestWindowIsFoundWithoutReset(t *testing.T) {
	for _, name := range []string{"fixed 1s", "sliding 1s", "fixed 60s"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := &upstream{provider: providers[name](300 * time.Millisecond), dialect: dialects["no reset"]}
				r := newRun(t, limiter.Config{}, u)
				r.demand(20*time.Second, 300)
				r.mustBeAll200(r.statuses[200])
				begin := len(u.arrivals)
				r.demand(10*time.Second, 300)
				if got := len(u.arrivals) - begin; got < 850 {
					t.Errorf("%d calls in 10 s at 100 a second", got)
				}
				if got := len(u.refused); got > 1 {
					t.Errorf("%d calls were throttled", got)
				}
			})
		})
	}
}
