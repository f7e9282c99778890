package proxy

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// testSending is an attempt of nothing.
func testSending(clocks *attemptClocks) *sending {
	s := &sending{clocks: clocks}
	s.init(&exchange{})
	s.values = context.Background()
	s.phase.Store(phaseDeparted)
	s.clock = clocks.lend(s)
	return s
}

// The package context derives from it as from one of its own: without a goroutine,
// and with the end passed on.
func TestAttemptContextPassesItsEndOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testSending(&attemptClocks{})
		child, cancel := context.WithCancelCause(s)
		grandchild, release := context.WithTimeout(child, time.Hour)
		defer release()
		ran := 0
		stopped := context.AfterFunc(s, func() { t.Error("a stopped function ran") })
		context.AfterFunc(s, func() { ran++ })
		if !stopped() || stopped() {
			t.Error("the first stop keeps the function from running, the second has nothing to do")
		}
		if s.Err() != nil || exchangeOf(grandchild) != s.x {
			t.Error("it began with an end, or without its exchange")
		}
		s.cancel(errWriteTimeout)
		s.cancel(errAttemptTimeout)
		synctest.Wait()
		if !errors.Is(grandchild.Err(), context.Canceled) || !errors.Is(s.Err(), context.Canceled) || ran != 1 {
			t.Errorf("child %v, itself %v, function ran %d times", grandchild.Err(), s.Err(), ran)
		}
		if got := s.ended(); got != errWriteTimeout { //nolint:errorlint // this very value
			t.Errorf("it ended for %v, the first cause counts", got)
		}
		context.AfterFunc(s, func() { ran++ })
		late, forget := context.WithCancel(s)
		defer forget()
		synctest.Wait()
		if ran != 2 || late.Err() == nil {
			t.Errorf("what was derived after the end: function ran %d times, context %v", ran, late.Err())
		}
		cancel(nil)
	})
}

// A derived context that ends first is forgotten.
func TestAttemptContextForgetsChildren(t *testing.T) {
	s := testSending(&attemptClocks{})
	for range 100 {
		_, cancel := context.WithCancel(s)
		cancel()
	}
	if n := len(s.after); n != 0 {
		t.Errorf("%d functions are kept for contexts that ended", n)
	}
	s.cancel(context.Canceled)
}

// Whatever was asked of it and of those that had the clock before, an attempt is late
// exactly when the last thing that it waits for is due.
func TestClocksThatAreLentAreExact(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 2))
			seconds := func(n int) time.Duration { return time.Duration(1+random.IntN(n)) * time.Second }
			var clocks attemptClocks
			for range 30 {
				s := testSending(&clocks)
				var due time.Time
				for range 1 + random.IntN(5) {
					time.Sleep(seconds(10) + time.Millisecond)
					if late := !due.IsZero() && time.Now().After(due); late != (s.ended() != nil) {
						t.Fatalf("seed %d: late %v, ended for %v", seed, late, s.ended())
					} else if late {
						break
					}
					if due = (time.Time{}); random.IntN(4) == 0 {
						s.clock.disarm(s)
						continue
					}
					d := seconds(20)
					due = time.Now().Add(d)
					s.arm(time.Now(), d, errAnswerStalled)
				}
				if s.ended() == nil && !due.IsZero() && random.IntN(2) == 0 {
					<-s.Done()
					if !time.Now().Equal(due) {
						t.Fatalf("seed %d: late %v after it was due", seed, time.Since(due))
					}
				}
				clocks.giveBack(s)
				clocks.giveBack(s)
				s.arm(time.Now(), time.Second, errAnswerStalled) // of no effect
			}
		})
	}
}

// A call that left is not stopped by patience that ends at the same time.
func TestPatienceEndsOnlyBeforeDeparture(t *testing.T) {
	for _, phase := range []int32{phaseHeld, phaseDeparted} {
		s := testSending(&attemptClocks{})
		s.phase.Store(phase)
		s.late(errPatienceHeld)
		if stopped := s.ended() != nil; stopped != (phase == phaseHeld) {
			t.Errorf("phase %d: stopped %v", phase, stopped)
		}
	}
}
