package limiter_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/cleengate/cleengate/limiter"
)

func patient(d time.Duration) limiter.Call {
	return limiter.Call{Urgency: limiter.DefaultUrgency, Deadline: time.Now().Add(d)}
}

// enqueue starts calls that wait and collects their errors.
func enqueue(t *testing.T, b *limiter.Bucket, n int, call limiter.Call) <-chan error {
	t.Helper()
	errs := make(chan error, n)
	for range n {
		go func() {
			p, err := b.Acquire(t.Context(), call)
			if err == nil {
				p.Failed()
			}
			errs <- err
		}()
		synctest.Wait()
	}
	return errs
}

func mustRefuse(t *testing.T, err error, reason limiter.Reason, low, high time.Duration) {
	t.Helper()
	refused, ok := errors.AsType[*limiter.Refused](err)
	if !ok || refused.Reason != reason || refused.RetryAfter < low || refused.RetryAfter > high {
		t.Errorf("got %v, want %s with a Retry-After of %v to %v", err, reason, low, high)
	}
}

// TestPromise07RefusedUpFront: a call whose turn will come too late is refused at
// once, with the time after which a call like it will be served.
func TestPromise07RefusedUpFront(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 10, Concurrency: 1000})
		mustAcquire(t, b, normal)
		begin := time.Now()
		waiting := enqueue(t, b, 100, patient(time.Minute))
		_, err := b.Acquire(t.Context(), patient(5*time.Second))
		mustRefuse(t, err, limiter.PatienceExceeded, 10*time.Second, 10200*time.Millisecond)
		if !time.Now().Equal(begin) {
			t.Errorf("the refusal took %v", time.Since(begin))
		}
		refused, _ := errors.AsType[*limiter.Refused](err)
		<-time.After(refused.RetryAfter)
		p := mustAcquire(t, b, patient(0))
		if p.Waited() > 0 {
			t.Errorf("after the Retry-After the call waited %v more", p.Waited())
		}
		for range 100 {
			if err := <-waiting; err != nil {
				t.Error(err)
			}
		}
	})
}

// TestPromise07RejudgedOnPause: when a pause begins, those who cannot outwait it are
// told at once.
func TestPromise07RejudgedOnPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 1, Concurrency: 1000})
		p := mustAcquire(t, b, normal)
		short := enqueue(t, b, 5, patient(20*time.Second))
		long := enqueue(t, b, 5, patient(2*time.Minute))
		p.Answered(limiter.Feedback{Status: http.StatusTooManyRequests, Throttle: true, Header: retryAfter(60)})
		synctest.Wait()
		for range 5 {
			select {
			case err := <-short:
				mustRefuse(t, err, limiter.Paused, time.Minute, 75*time.Second) // behind up to nine others at 0.8/s
			default:
				t.Fatal("a call that cannot outwait the pause still waits")
			}
		}
		// The probe that these send after the pause gets no answer, and another is sent.
		for range 5 {
			if err := <-long; err != nil {
				t.Errorf("a call that can outwait the pause got %v", err)
			}
		}
	})
}

// TestPromise07RejudgedOnRate: when the rate falls, exactly those who are too late
// now are told, at once.
func TestPromise07RejudgedOnRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 100, Concurrency: 1000})
		mustAcquire(t, b, normal)
		errs := enqueue(t, b, 100, patient(10*time.Second))
		if err := b.Reconfigure(limiter.Config{Name: "test", Rate: 2, Concurrency: 1000}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		refused := 0
		for more := true; more; {
			select {
			case err := <-errs:
				refused++
				mustRefuse(t, err, limiter.PatienceExceeded, 9*time.Second, 51*time.Second)
			default:
				more = false
			}
		}
		if refused != 80 && refused != 79 {
			t.Errorf("%d of 100 were refused at 2/s with 10 s of patience, want 80", refused)
		}
		for range 100 - refused {
			if err := <-errs; err != nil {
				t.Errorf("a call in time got %v", err)
			}
		}
	})
}

// TestPromise07RejudgedOnRemaining: when the provider says that less is left than calls
// wait, and until when, those who cannot wait for the reset are told at once.
func TestPromise07RejudgedOnRemaining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Concurrency: 1000, Start: 1})
		p := mustAcquire(t, b, normal)
		errs := enqueue(t, b, 12, patient(20*time.Second))
		left := 0
		for more := true; more; { // some have left by now
			select {
			case <-errs:
				left++
			default:
				more = false
			}
		}
		p.Answered(limiter.Feedback{Status: 200, Header: xRate("600", "7", "40")})
		synctest.Wait()
		refused := 0
		for range len(errs) {
			mustRefuse(t, <-errs, limiter.PatienceExceeded, 20*time.Second, 42*time.Second)
			refused++
		}
		// 7 remained when the first one was answered, less those that left since.
		if want := 12 - 7; refused != want {
			t.Errorf("%d of %d waiting calls were refused, want %d", refused, 12-left, want)
		}
	})
}

// TestPromise07NobodyWaitsLonger: whatever happens, no call waits beyond its deadline.
func TestPromise07NobodyWaitsLonger(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		calls := rapid.IntRange(1, 150).Draw(rt, "calls")
		concurrency := rapid.IntRange(1, 10).Draw(rt, "concurrency")
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			b := newBucket(t, limiter.Config{Start: 1 + 50*rng.Float64(), Concurrency: concurrency, Reserve: 0.05})
			var wg sync.WaitGroup
			for range calls {
				<-time.After(time.Duration(rng.Int64N(int64(100 * time.Millisecond))))
				patience := time.Duration(rng.Int64N(int64(10 * time.Second)))
				fate, takes := rng.IntN(20), time.Duration(rng.Int64N(int64(time.Second)))
				call := patient(patience)
				call.Caller, call.Urgency, call.Claim = string(rune('a'+rng.IntN(5))), rng.IntN(8), rng.IntN(10) == 0
				call.Endpoint, call.Login = string(rune('x'+rng.IntN(2))), rng.IntN(30) == 0
				wg.Go(func() {
					begin := time.Now()
					p, err := b.Acquire(t.Context(), call)
					if waited := time.Since(begin); waited > patience {
						t.Errorf("waited %v with a patience of %v: %v", waited, patience, err)
					}
					if err != nil {
						return
					}
					<-time.After(takes)
					switch fate {
					case 0:
						p.Answered(limiter.Feedback{Status: 429, Throttle: true, Header: retryAfter(1 + int(seed%3))})
					case 1:
						p.Failed()
					case 2:
						p.Refund()
					default:
						p.Answered(limiter.Feedback{Status: 200})
					}
				})
			}
			wg.Wait()
			if s := b.Snapshot(); s.Depth != 0 || s.InFlight != 0 {
				t.Errorf("depth %d, in flight %d after everybody is gone", s.Depth, s.InFlight)
			}
		})
	})
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 1, Queue: 10, Concurrency: 1000})
		mustAcquire(t, b, normal)
		ctx, cancel := context.WithCancel(t.Context())
		for range 10 {
			go func() { _, _ = b.Acquire(ctx, normal) }()
		}
		synctest.Wait()
		_, err := b.Acquire(t.Context(), normal)
		mustRefuse(t, err, limiter.QueueFull, 10*time.Second, 12*time.Second)
		login := normal
		login.Login = true
		if p := mustAcquire(t, b, login); p.Waited() > time.Second {
			t.Errorf("a login waited %v behind a full queue", p.Waited())
		}
		// A queue full of callers that left is an empty queue.
		cancel()
		synctest.Wait()
		if p := mustAcquire(t, b, normal); p.Waited() > time.Second {
			t.Errorf("waited %v behind callers that left", p.Waited())
		}
	})
}

func TestNoWaitStartsNowOrNever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 1})
		now := normal
		now.NoWait = true
		p := mustAcquire(t, b, now)
		_, err := b.Acquire(t.Context(), now)
		mustRefuse(t, err, limiter.PatienceExceeded, 900*time.Millisecond, time.Second)
		p.Answered(limiter.Feedback{Status: 429, Throttle: true, Header: retryAfter(30)})
		<-time.After(2 * time.Second)
		_, err = b.Acquire(t.Context(), now)
		mustRefuse(t, err, limiter.Paused, 27*time.Second, 30*time.Second)
	})
}

// A slow upstream and one slot: everybody gets through, and a login needs no slot.
func TestConcurrencyOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 100, Concurrency: 1})
		var wg sync.WaitGroup
		begin := time.Now()
		for i := range 20 {
			wg.Go(func() {
				p, err := b.Acquire(t.Context(), normal)
				if err != nil {
					t.Error(err)
					return
				}
				if i%2 == 0 { // half of them need a login while they hold the slot
					login := normal
					login.Login = true
					q, err := b.Acquire(t.Context(), login)
					if err != nil {
						t.Error(err)
						return
					}
					<-time.After(100 * time.Millisecond)
					q.Answered(limiter.Feedback{Status: 200})
				}
				<-time.After(time.Second)
				p.Answered(limiter.Feedback{Status: 200})
			})
		}
		wg.Wait()
		if took := time.Since(begin); took < 20*time.Second || took > 22*time.Second {
			t.Errorf("20 calls of a second, one at a time, took %v", took)
		}
	})
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 10, Concurrency: 1000})
		mustAcquire(t, b, normal)
		errs := enqueue(t, b, 100, normal)
		b.Drain(time.Now().Add(5 * time.Second))
		_, err := b.Acquire(t.Context(), normal)
		mustRefuse(t, err, limiter.Draining, time.Millisecond, time.Minute)
		served := 0
		for range 100 {
			if err := <-errs; err == nil {
				served++
			} else {
				mustRefuse(t, err, limiter.Draining, time.Millisecond, time.Minute)
			}
		}
		if served != 50 {
			t.Errorf("%d queued calls were served in 5 s at 10/s", served)
		}
	})
}
