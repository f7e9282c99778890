package flight_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/cache/flight"
)

// The instants, in ms, at which something happens: the header at 500, a chunk
// at 600, 700 and 800 with the end. In between and at them somebody leaves.
func instants() (at []time.Duration) {
	for ms := 0; ms <= 900; ms += 50 {
		at = append(at, time.Duration(ms)*time.Millisecond)
	}
	return at
}

func TestWhoeverLeavesWheneverOthersAreUnaffected(t *testing.T) {
	for _, leaver := range []int{0, 1, 2} {
		for _, at := range instants()[1:] { // at 0 there is nobody to stay
			bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
				u := newUpstream(flight.Everyone, "one ", "two ", "three")
				u.pause = 100 * time.Millisecond
				gone := errors.New("the app left")
				var all []waiting
				var leave context.CancelCauseFunc
				for i := range 3 {
					ctx := t.Context()
					if i == leaver {
						ctx, leave = context.WithCancelCause(ctx)
						time.AfterFunc(at, func() { leave(gone) })
					}
					all = append(all, do(ctx, g, 0, u.call()))
					synctest.Wait()
				}
				for i, w := range all {
					r := w.get()
					if i != leaver {
						r.whole(t, "stayer", "one two three")
						if r.took != 800*time.Millisecond {
							t.Errorf("left at %v: waiter %d took %v", at, i, r.took)
						}
						continue
					}
					if err := errors.Join(r.err, r.read); at < 800*time.Millisecond && (!errors.Is(err, gone) || r.took != at) {
						t.Errorf("left at %v: after %v it got %v", at, r.took, err)
					}
				}
				synctest.Wait()
				if calls, closed, stored := u.count(); calls != 1 || closed != 1 || stored != 1 {
					t.Errorf("waiter %d left at %v: %d calls, %d closed, %d stored", leaver, at, calls, closed, stored)
				}
				leave(nil)
			})
		}
	}
}

func TestLastToLeaveCancelsTheCall(t *testing.T) {
	for _, at := range instants() {
		bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
			u := newUpstream(flight.Everyone, "one ", "two ", "three")
			u.pause = 100 * time.Millisecond
			ctx, leave := context.WithTimeout(t.Context(), at)
			defer leave()
			a, b := do(ctx, g, 0, u.call()), do(ctx, g, 0, u.call())
			a.get()
			b.get()
			synctest.Wait()
			calls, closed, stored := u.count()
			if at < 500*time.Millisecond {
				if u.cancelled != calls || closed != 0 {
					t.Errorf("all left at %v: %d of %d calls cancelled", at, u.cancelled, calls)
				}
			} else if at > 500*time.Millisecond && (calls != 1 || closed != 1) {
				t.Errorf("all left at %v: %d calls, %d closed", at, calls, closed)
			}
			if want := 0; at < 800*time.Millisecond && stored != want {
				t.Errorf("all left at %v: a part was stored", at)
			}
			if n := g.Len(); n != 0 {
				t.Errorf("all left at %v: %d flights stay", at, n)
			}
		})
	}
}

// Newcomers never join a call that is being cancelled.
func TestAbandonedCallIsNotJoined(t *testing.T) {
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		u := newUpstream(flight.Everyone, "x")
		ctx, leave := context.WithCancel(t.Context())
		first := do(ctx, g, 0, u.call())
		synctest.Wait()
		leave()
		first.get().failed(t, "first", context.Canceled)
		second := do(t.Context(), g, 0, u.call())
		second.get().whole(t, "second", "x")
		if calls, _, _ := u.count(); calls != 2 || u.cancelled != 1 {
			t.Errorf("%d calls, %d cancelled", calls, u.cancelled)
		}
	})
}

// Closing the body early is leaving, too.
func TestClosingTheBodyLeaves(t *testing.T) {
	for name, o := range map[string]flight.Options{"buffered": {}, "handed over": {MaxBody: 1}} {
		bubble(t, o, func(t *testing.T, g *flight.Group[string]) {
			u := newUpstream(flight.Everyone, "abc")
			u.hang = true
			res, err := g.Do(t.Context(), "k", flight.Waiter{}, u.call())
			if err != nil {
				t.Fatal(err)
			}
			b := make([]byte, 3)
			if n, err := res.Response.Body.Read(b); n == 0 || err != nil {
				t.Errorf("%s: %d bytes, %v", name, n, err)
			}
			read := make(chan error, 1)
			go func() {
				var err error
				for err == nil {
					_, err = res.Response.Body.Read(b)
				}
				read <- err
			}()
			synctest.Wait()
			for range 2 {
				if err := res.Response.Body.Close(); err != nil {
					t.Error(err)
				}
			}
			if err := <-read; err == nil {
				t.Errorf("%s: reading goes on", name)
			}
			synctest.Wait()
			if _, closed, stored := u.count(); closed != 1 || stored != 0 || g.Len() != 0 {
				t.Errorf("%s: %d closed, %d stored, %d flights", name, closed, stored, g.Len())
			}
		})
	}
}

// A waiter whose context is done already starts nothing.
func TestDoneContextStartsNothing(t *testing.T) {
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		u := newUpstream(flight.Everyone, "x")
		ctx, leave := context.WithCancel(t.Context())
		leave()
		do(ctx, g, 0, u.call()).get().failed(t, "waiter", context.Canceled)
		if calls, _, _ := u.count(); calls != 0 {
			t.Error("a call was made")
		}
	})
}

// The one that streams may be slow; the others are not.
func TestSlowReaderDelaysNobody(t *testing.T) {
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		u := newUpstream(flight.Everyone, strings.Repeat("x", 100_000))
		slow := make(chan time.Duration, 1)
		start := time.Now()
		go func() {
			res, err := g.Do(t.Context(), "k", flight.Waiter{}, u.call())
			if err != nil {
				t.Error(err)
				return
			}
			b := make([]byte, 10_000)
			for err == nil {
				_, err = res.Response.Body.Read(b)
				time.Sleep(time.Second)
			}
			res.Response.Body.Close()
			slow <- time.Since(start)
		}()
		synctest.Wait()
		r := do(t.Context(), g, 0, u.call()).get()
		r.whole(t, "follower", strings.Repeat("x", 100_000))
		if r.took != u.header {
			t.Errorf("the follower took %v", r.took)
		}
		if d := <-slow; d < 10*time.Second {
			t.Errorf("the slow one took %v only", d)
		}
	})
}
