package limiter_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/limiter"
)

// Observing delays nothing and counts what would have been.
func TestObserveDelaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 10, Concurrency: 1, Observe: true})
		begin := time.Now()
		var waits []time.Duration
		for range 100 {
			p := mustAcquire(t, b, patient(5*time.Second))
			if _, wait := p.Observed(); wait > 0 {
				waits = append(waits, wait.Round(time.Millisecond))
			}
		}
		if took := time.Since(begin); took > 0 {
			t.Errorf("100 calls were delayed by %v", took)
		}
		s := b.Snapshot()
		// One goes, 50 wait up to 5 s at 10/s, the others would be refused.
		if s.Observed[limiter.WouldDelay] != 50 || s.Observed[limiter.WouldRefuse] != 49 || s.Departed != 100 {
			t.Errorf("observed %v", s.Observed)
		}
		if waits[0] != 100*time.Millisecond || waits[9] != time.Second {
			t.Errorf("the line would have made them wait %v, %v", waits[0], waits[9])
		}
	})
}

// Observing, a throttle goes to the app as it came, and the pause is computed.
func TestObserveRetriesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &throttling{header: retryAfter(30), body: "no", delay: time.Millisecond}
		u.set("/a", true)
		b := newBucket(t, limiter.Config{Observe: true})
		c := &caller{t: t, transport: transportTo(u, b)}
		res := <-c.start("/a", time.Minute)
		if res.status != http.StatusTooManyRequests || u.count() != 1 || res.took > 2*time.Millisecond {
			t.Errorf("status %d, %d calls, %v", res.status, u.count(), res.took)
		}
		if s := b.Snapshot(); s.PausedUntil == nil || s.Surfaced != 1 {
			t.Errorf("%+v", s)
		}
		u.set("/a", false)
		if res := <-c.start("/a", time.Minute); res.status != http.StatusOK || res.took > 2*time.Millisecond {
			t.Errorf("during the pause a call got %d after %v", res.status, res.took)
		}
		if s := b.Snapshot(); s.Observed[limiter.WouldDelay] != 1 || s.PausedUntil != nil {
			t.Errorf("%+v", s)
		}
	})
}

// A reload that begins to observe lets those go who wait, and holds nobody back
// whose place was granted before a throttle.
func TestObserveReleasesTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 1})
		left := make(chan time.Duration, 10)
		begin := time.Now()
		for range cap(left) {
			go func() {
				p, err := b.Acquire(t.Context(), patient(time.Minute))
				if err != nil {
					t.Error(err)
					return
				}
				left <- time.Since(begin)
				p.Answered(limiter.Feedback{Status: http.StatusTooManyRequests, Throttle: true})
			}()
		}
		synctest.Wait()
		if err := b.Reconfigure(limiter.Config{Rate: 1, Observe: true}); err != nil {
			t.Fatal(err)
		}
		for range cap(left) {
			if after := <-left; after > 0 {
				t.Errorf("a call that waited left after %v", after)
			}
		}
		if s := b.Snapshot(); s.Depth != 0 {
			t.Errorf("%d still wait", s.Depth)
		}
	})
}
