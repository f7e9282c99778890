package flight_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/cache/flight"
)

// Who comes between the header and the end joins an answer that will be
// stored, and no other.
func TestNewcomerAfterTheHeader(t *testing.T) {
	for share, want := range map[flight.Share]int{flight.Alone: 2, flight.Waiting: 2, flight.Everyone: 1} {
		bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
			u := newUpstream(share, "a", "b")
			u.pause = 300 * time.Millisecond
			first := do(t.Context(), g, 0, u.call())
			time.Sleep(700 * time.Millisecond)
			second := do(t.Context(), g, 0, u.call())
			first.get().whole(t, "first", "ab")
			r := second.get()
			r.whole(t, "second", "ab")
			if calls, _, _ := u.count(); calls != want || r.collapsed != (want == 1) {
				t.Errorf("share %d: %d calls, want %d; collapsed %v", share, calls, want, r.collapsed)
			}
		})
	}
}

// While the entry is being stored a newcomer still joins, so that it never
// finds neither the flight nor the entry.
func TestNewcomerFindsFlightOrEntry(t *testing.T) {
	for ms := 0; ms < 1500; ms += 50 {
		bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
			u := newUpstream(flight.Everyone, "a", "b")
			u.pause = 200 * time.Millisecond
			var entry atomic.Bool
			c := u.call()
			c.Store = func(*http.Response, []byte) { time.Sleep(200 * time.Millisecond); entry.Store(true) }
			first := do(t.Context(), g, 0, c)
			time.Sleep(time.Duration(ms) * time.Millisecond)
			synctest.Wait()
			if !entry.Load() {
				do(t.Context(), g, 0, c).get().whole(t, "newcomer", "ab")
			}
			first.get().whole(t, "first", "ab")
			if calls, _, _ := u.count(); calls != 1 {
				t.Errorf("a newcomer after %d ms made another call", ms)
			}
		})
	}
}

// So it is when the only waiter left while its complete answer was being stored.
func TestNewcomerJoinsWhatIsBeingStoredForNobody(t *testing.T) {
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		u := newUpstream(flight.Everyone, "a")
		c := u.call()
		c.Store = func(*http.Response, []byte) { time.Sleep(time.Second) }
		ctx, leave := context.WithTimeout(t.Context(), u.header+200*time.Millisecond)
		defer leave()
		first := do(ctx, g, 0, c)
		time.Sleep(u.header + 500*time.Millisecond)
		do(t.Context(), g, 0, c).get().whole(t, "newcomer", "a")
		first.get()
		if calls, _, _ := u.count(); calls != 1 {
			t.Errorf("%d calls", calls)
		}
	})
}

// A body that stalls is not joined for longer than Settle, and those who
// joined can leave.
func TestStalledBodyDoesNotBlockTheKey(t *testing.T) {
	for name, settle := range map[string]time.Duration{"a second": 0, "at once": -1} {
		bubble(t, flight.Options{Settle: settle}, func(t *testing.T, g *flight.Group[string]) {
			u := newUpstream(flight.Everyone, "part")
			u.hang = true
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			first := do(ctx, g, 0, u.call())
			synctest.Wait()
			second := do(t.Context(), g, 3*time.Second, u.call())
			time.Sleep(1600 * time.Millisecond)
			healthy := newUpstream(flight.Everyone, "whole")
			do(t.Context(), g, 2*time.Second, healthy.call()).get().whole(t, name, "whole")
			r := second.get()
			r.failed(t, "follower", context.DeadlineExceeded)
			if r.took != 3*time.Second {
				t.Errorf("%s: the follower waited %v", name, r.took)
			}
			leave()
			first.get()
			synctest.Wait()
			if _, closed, stored := u.count(); closed != 1 || stored != 0 {
				t.Errorf("%s: %d closed, %d stored", name, closed, stored)
			}
		})
	}
}

// An upstream that says nothing at all ends with its waiters.
func TestSilentUpstreamEndsWithItsWaiters(t *testing.T) {
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		u := newUpstream(flight.Everyone)
		u.header = time.Hour
		for i := range 5 {
			do(t.Context(), g, time.Second, u.call()).get().failed(t, "waiter", context.DeadlineExceeded)
			synctest.Wait()
			if calls, _, _ := u.count(); calls != i+1 || u.cancelled != i+1 || g.Len() != 0 {
				t.Errorf("%d calls, %d cancelled, %d flights", calls, u.cancelled, g.Len())
			}
		}
	})
}
