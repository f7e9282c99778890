package limiter_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/limiter"
)

// TestPromise08CancelledWaitersDelayNobody: a caller that leaves takes its place in
// the queue with it and costs no quota.
func TestPromise08CancelledWaitersDelayNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 1, Queue: 5000, Concurrency: 5000})
		mustAcquire(t, b, normal)
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		left := make(chan error, 1000)
		for range 1000 {
			go func() {
				_, err := b.Acquire(ctx, normal)
				left <- err
			}()
		}
		synctest.Wait()
		if depth := b.Snapshot().Depth; depth != 1000 {
			t.Fatalf("%d calls wait, want 1000", depth)
		}
		done := make(chan *limiter.Place, 1)
		go func() {
			p, err := b.Acquire(t.Context(), normal)
			if err != nil {
				t.Error(err)
			}
			done <- p
		}()
		synctest.Wait()
		cancel(gone)
		for range 1000 {
			if err := <-left; !errors.Is(err, gone) {
				t.Fatalf("a caller that left got %v, want the cause of its context", err)
			}
		}
		if p := <-done; p.Waited() > time.Second {
			t.Errorf("the live call waited %v, want 1s: the 1,000 that left must not delay it", p.Waited())
		}
		if s := b.Snapshot(); s.Depth != 0 || s.Departed != 2 {
			t.Errorf("depth %d and %d departures, want 0 and 2", s.Depth, s.Departed)
		}
	})
}

// TestPromise08FloodStarvesNobody: a batch that fills the limit costs an interactive
// caller at most 25 ms, and gets nearly the whole limit all the same.
func TestPromise08FloodStarvesNobody(t *testing.T) {
	for name, provider := range map[string]func() provider{
		"fixed":   func() provider { return &fixedWindow{limit: 200, length: time.Second} },
		"sliding": func() provider { return &slidingLog{limit: 200, length: time.Second} },
		"bucket":  func() provider { return &tokenBucket{capacity: 200, perSec: 200} },
	} {
		t.Run(name, func(t *testing.T) { testFlood(t, provider) })
	}
}

func testFlood(t *testing.T, provider func() provider) {
	const samples = 500
	measure := func(t *testing.T, flood bool) (p99 time.Duration, batch float64) {
		synctest.Test(t, func(t *testing.T) {
			u := &upstream{provider: provider(), dialect: dialects["delta"]}
			u.latency = func(rng *rand.Rand) time.Duration {
				return 15*time.Millisecond + time.Duration(rng.Int64N(int64(10*time.Millisecond)))
			}
			r := newRun(t, limiter.Config{Concurrency: 1000}, u)
			ctx, cancel := context.WithCancel(t.Context())
			var floods int
			begin := time.Now()
			if flood {
				for range 400 {
					r.wg.Go(func() {
						for ctx.Err() == nil {
							if _, err := r.send(ctx, limiter.Call{Caller: "batch", Urgency: limiter.DefaultUrgency}); err == nil {
								r.mu.Lock()
								floods++
								r.mu.Unlock()
							}
						}
					})
				}
			}
			var took []time.Duration
			tick := time.NewTicker(500 * time.Millisecond)
			defer tick.Stop()
			for range samples {
				<-tick.C
				start := time.Now()
				if status, err := r.send(t.Context(), limiter.Call{Caller: "page", Urgency: limiter.DefaultUrgency}); err != nil || status != 200 {
					t.Errorf("interactive call: status %d, %v", status, err)
				}
				took = append(took, time.Since(start))
			}
			batch = float64(floods) / time.Since(begin).Seconds()
			cancel()
			r.wg.Wait()
			slices.Sort(took)
			p99 = took[samples*99/100]
		})
		return p99, batch
	}
	unloaded, _ := measure(t, false)
	loaded, batch := measure(t, true)
	t.Logf("interactive p99 %v alone, %v beside the batch, which gets %.1f of 200 calls a second", unloaded, loaded, batch)
	if extra := loaded - unloaded; extra > 25*time.Millisecond {
		t.Errorf("the batch costs the interactive caller %v, want at most 25ms", extra)
	}
	if batch < 0.97*200 {
		t.Errorf("the batch gets %.1f calls a second, want at least 97 %% of 200", batch)
	}
}

// TestPromise08SharesAreKept: callers that all want more than there is get what
// their shares say, whatever their numbers.
func TestPromise08SharesAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 100, Queue: 100000, Concurrency: 100000})
		got := map[string]int{}
		order := make(chan string, 20000)
		for name, calls := range map[string]int{"flood": 3000, "small": 400, "double": 900} {
			call := limiter.Call{Caller: name, Own: true, Urgency: limiter.DefaultUrgency}
			if name == "double" {
				call.Share = 2
			}
			for range calls {
				go func() {
					if _, err := b.Acquire(t.Context(), call); err == nil {
						order <- name
					}
				}()
			}
		}
		synctest.Wait()
		<-time.After(12 * time.Second)
		synctest.Wait()
		b.Drain(time.Now())
		close(order)
		for name := range order {
			got[name]++
		}
		// The first second or so is taken by whoever came first.
		for name, want := range map[string]int{"flood": 300, "small": 300, "double": 600} {
			if n := got[name]; n < want-15 || n > want+15 {
				t.Errorf("%s got %d of 1,200 places, want about %d", name, n, want)
			}
		}
	})
}

// TestPromise08UrgencyIsBounded: urgent calls go first, but a flood of them does not
// starve the rest.
func TestPromise08UrgencyIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 100, Queue: 10000, Concurrency: 10000})
		mustAcquire(t, b, normal)
		var order []string
		ready := make(chan string)
		start := func(n int, name string, call limiter.Call) {
			for range n {
				go func() {
					if _, err := b.Acquire(t.Context(), call); err == nil {
						ready <- name
					}
				}()
				synctest.Wait()
			}
		}
		start(60, "normal", limiter.Call{Caller: "a", Urgency: limiter.DefaultUrgency})
		start(1, "background", limiter.Call{Caller: "c", Urgency: limiter.BackgroundUrgency})
		start(10, "later", limiter.Call{Caller: "a", Urgency: 5})
		start(60, "urgent", limiter.Call{Caller: "b", Urgency: 0})
		for range 131 {
			order = append(order, <-ready)
		}
		if n := slices.Index(order, "normal"); n < 30 || n > 36 {
			t.Errorf("%d urgent calls went before the first normal one, want about 32", n)
		}
		if order[130] != "background" {
			t.Errorf("the last call is %s, want the background one", order[130])
		}
		if first, last := slices.Index(order, "later"), lastIndex(order, "normal"); first < last {
			t.Errorf("a caller's less urgent call went %d. and its normal one %d.", first, last)
		}
	})
}

func lastIndex(list []string, v string) int {
	for i, l := range slices.Backward(list) {
		if l == v {
			return i
		}
	}
	return -1
}

func newBucket(t testing.TB, cfg limiter.Config) *limiter.Bucket {
	t.Helper()
	cfg.Name = "test"
	b, err := limiter.NewBucket(cfg, "key", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func mustAcquire(t testing.TB, b *limiter.Bucket, call limiter.Call) *limiter.Place {
	t.Helper()
	p, err := b.Acquire(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPromise08UnnamedCallersShare: 100,000 made-up names own no more than 64 queues
// and do not crowd out a caller that has a name.
func TestPromise08UnnamedCallersShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 1000, Queue: 200000, Concurrency: 200000})
		const n = 20000
		for i := range n {
			call := limiter.Call{Caller: fmt.Sprint("minted-", i), Urgency: limiter.DefaultUrgency}
			go func() { _, _ = b.Acquire(t.Context(), call) }()
		}
		synctest.Wait()
		if got := len(b.Snapshot().Waiting); got > 65 {
			t.Errorf("%d callers are told apart, want at most 64 and the rest", got)
		}
		p := mustAcquire(t, b, limiter.Call{Caller: "named", Own: true, Urgency: limiter.DefaultUrgency})
		if p.Waited() > 100*time.Millisecond {
			t.Errorf("the named caller waited %v behind %d made-up ones", p.Waited(), n)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}
