package limiter_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/limiter"
)

func TestReserveIsLent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 100, Reserve: 0.05, Concurrency: 1000})
		mustAcquire(t, b, normal)
		flood := enqueue(t, b, 500, limiter.Call{Caller: "flood", Urgency: 0})
		claim := limiter.Call{Caller: "flood", Urgency: limiter.BackgroundUrgency, Claim: true}
		for range 3 {
			if p := mustAcquire(t, b, claim); p.Waited() > 10*time.Millisecond {
				t.Errorf("a claim waited %v, want the next place", p.Waited())
			}
		}
		begin := time.Now()
		for range 500 {
			if err := <-flood; err != nil {
				t.Error(err)
			}
		}
		// Unclaimed, the reserve is lent: the flood gets the whole rate.
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("500 calls at 100/s took %v", took)
		}
	})
}

// A claim finds room in a queue that others have filled, as long as claims are few.
func TestClaimsAreAdmittedToAFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 10, Reserve: 0.05, Queue: 10, Concurrency: 1000})
		mustAcquire(t, b, normal)
		flood := enqueue(t, b, 10, limiter.Call{Caller: "flood"})
		claim := limiter.Call{Caller: "customer", Claim: true}
		if p := mustAcquire(t, b, claim); p.Waited() > 100*time.Millisecond {
			t.Errorf("a claim waited %v, want the next place", p.Waited())
		}
		claims := enqueue(t, b, 100, claim)
		synctest.Wait()
		refused := 0
		for more := true; more; {
			select {
			case err := <-claims:
				refused++
				mustRefuse(t, err, limiter.QueueFull, time.Second, time.Minute)
			default:
				more = false
			}
		}
		if refused != 36 {
			t.Errorf("%d of 100 claims were refused, want all but 64", refused)
		}
		for range 100 - refused {
			if err := <-claims; err != nil {
				t.Error(err)
			}
		}
		for range 10 {
			if err := <-flood; err != nil {
				t.Error(err)
			}
		}
	})
}
