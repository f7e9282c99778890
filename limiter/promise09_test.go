package limiter

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestPromise09IdleBucketsCostNothing: 1,000 buckets without waiting calls have no
// timer armed and no goroutine, however busy they were before.
func TestPromise09IdleBucketsCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set, err := NewSet([]Config{{Name: "a", Rate: 1000}}, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		var buckets []*Bucket
		var wg sync.WaitGroup
		for i := range 1000 {
			b := set.Get("a", fmt.Sprint(i))
			buckets = append(buckets, b)
			for range 5 {
				wg.Go(func() {
					p, err := b.Acquire(t.Context(), Call{Urgency: DefaultUrgency})
					if err != nil {
						t.Error(err)
						return
					}
					p.Answered(Feedback{Status: http.StatusOK, Header: http.Header{"X-Ratelimit-Limit": {"1000"}, "X-Ratelimit-Remaining": {"900"}, "X-Ratelimit-Reset": {"1"}}})
				})
			}
		}
		wg.Wait()
		synctest.Wait()
		for _, b := range buckets {
			if b.armed != 0 || b.timer != nil && b.timer.Stop() {
				t.Fatal("an idle bucket has a timer armed")
			}
		}
		// The set is not closed: a goroutine that were left would fail the bubble.
	})
}

// TestPromise09WaitersAreSmall: 100,000 waiting calls cost under 1 KiB each, and all
// of it comes back.
func TestPromise09WaitersAreSmall(t *testing.T) {
	const n = 100000
	b, err := NewBucket(Config{Name: "a", Rate: 1, Queue: n}, "key", nil)
	if err != nil {
		t.Fatal(err)
	}
	now := b.now()
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	waiters := make([]*waiter, 0, n)
	before := heap()
	for i := range n {
		call := Call{Caller: fmt.Sprint("caller-", i), Urgency: DefaultUrgency, Share: 1}
		w := newWaiter(b, &call, now+time.Duration(i)*time.Second, now)
		b.line.push(w, false, false)
		waiters = append(waiters, w)
	}
	each := float64(heap()-before) / n
	t.Logf("%.0f bytes for each waiting call", each)
	if each > 1024 {
		t.Errorf("a waiting call costs %.0f bytes", each)
	}
	if got := len(b.line.foreground.callers); got > maxUnnamed+1 {
		t.Errorf("%d callers are remembered", got)
	}
	for _, w := range waiters {
		b.line.remove(w)
	}
	clear(waiters)
	if after := heap(); after > before+n {
		t.Errorf("%d bytes are left of an empty line", after-before)
	}
}

// TestPromise09FullOfLeavers: a queue that fills and empties with callers that leave
// stays bounded, is never stuck and never negative.
func TestPromise09FullOfLeavers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := NewBucket(Config{Name: "a", Rate: 1, Queue: 100}, "key", nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for range 150 {
				wg.Go(func() {
					if p, err := b.Acquire(ctx, Call{Urgency: DefaultUrgency}); err == nil {
						p.Failed()
					}
				})
			}
			synctest.Wait()
			if b.line.n > 100 {
				t.Fatalf("%d calls wait in a queue of 100", b.line.n)
			}
			cancel()
			wg.Wait()
			if b.line.n != 0 || b.line.deadlines != nil || b.armed != 0 || b.flight.n != 0 {
				t.Fatalf("%d waiters, %d in flight, timer %v after all have left", b.line.n, b.flight.n, b.armed)
			}
		}
	})
}

// TestPromise09HeadersAreBounded: whatever limits a provider makes up, a bounded
// number is kept.
func TestPromise09HeadersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := NewBucket(Config{Name: "a", Rate: 1000}, "key", nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 1000 {
			p, err := b.Acquire(t.Context(), Call{Urgency: DefaultUrgency, Endpoint: fmt.Sprint("/", i)})
			if err != nil {
				t.Fatal(err)
			}
			h := http.Header{
				"Ratelimit":         {fmt.Sprintf(`"p%d";r=999999;t=60`, i)},
				"Ratelimit-Policy":  {fmt.Sprintf(`"p%d";q=%d;w=60`, i, 1000000+i)},
				"X-Ratelimit-Limit": {fmt.Sprint(1000000 + i)}, "X-Ratelimit-Remaining": {"999999"},
			}
			p.Answered(Feedback{Status: http.StatusOK, Header: h})
		}
		if len(b.windows) > 2*maxWindows || len(b.told) > 10 {
			t.Errorf("%d windows, %d kinds of log lines", len(b.windows), len(b.told))
		}
	})
}

// TestPromise09EndpointsAreBounded: throttles of ever new endpoints hold a bounded
// number of them back.
func TestPromise09EndpointsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := NewBucket(Config{Name: "a", Start: 1000}, "key", nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 300 {
			var places []*Place
			for _, endpoint := range []string{fmt.Sprint("/bad", i), "/good"} {
				p, err := b.Acquire(t.Context(), Call{Urgency: DefaultUrgency, Endpoint: endpoint})
				if err != nil {
					t.Fatal(err)
				}
				places = append(places, p)
			}
			places[0].Answered(Feedback{Status: http.StatusTooManyRequests, Throttle: true})
			places[1].Failed()
			p, err := b.Acquire(t.Context(), Call{Urgency: DefaultUrgency, Endpoint: "/good"})
			if err != nil {
				t.Fatal(err)
			}
			p.Answered(Feedback{Status: http.StatusOK})
		}
		if n := len(b.pause.parked); n > maxParked {
			t.Errorf("%d endpoints are held back", n)
		}
	})
}

// A place whose ending was lost frees its slot after a while, and ending it later
// does no harm.
func TestLostPlacesHeal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := NewBucket(Config{Name: "a", Rate: 1000, Concurrency: 1}, "key", nil)
		if err != nil {
			t.Fatal(err)
		}
		lost, err := b.Acquire(t.Context(), Call{Urgency: DefaultUrgency})
		if err != nil {
			t.Fatal(err)
		}
		p, err := b.Acquire(t.Context(), Call{Urgency: DefaultUrgency})
		if err != nil {
			t.Fatal(err)
		}
		if p.Waited() < maxHold || p.Waited() > maxHold+time.Second {
			t.Errorf("the slot of a lost place was free after %v", p.Waited())
		}
		lost.Answered(Feedback{Status: http.StatusOK})
		lost.Failed()
		if b.flight.n != 1 {
			t.Errorf("%d in flight, want 1", b.flight.n)
		}
		p.Answered(Feedback{Status: http.StatusOK})
		p.Refund()
		if b.flight.n != 0 || b.flight.head != nil || b.totals.departed != 2 {
			t.Errorf("%d in flight, %d departed", b.flight.n, b.totals.departed)
		}
	})
}
