package flight_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/cache/flight"
)

func TestOwnDeadlineEndsOwnWait(t *testing.T) {
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		u := newUpstream(flight.Everyone, "x")
		u.header = 3 * time.Second
		short, long := do(t.Context(), g, time.Second, u.call()), do(t.Context(), g, 10*time.Second, u.call())
		r := short.get()
		r.failed(t, "short", context.DeadlineExceeded)
		if r.took != time.Second {
			t.Errorf("the impatient waited %v", r.took)
		}
		r = long.get()
		r.whole(t, "long", "x")
		if calls, _, _ := u.count(); calls != 1 || r.took != u.header {
			t.Errorf("%d calls, took %v", calls, r.took)
		}
	})
}

// The flight's deadline is the latest; then the call may say why it failed.
func TestLatestDeadlineEndsTheCall(t *testing.T) {
	why := errors.New("still third in line")
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		start := time.Now()
		c := flight.Call{Send: func(ctx context.Context, _ *flight.Flight) (*http.Response, error) {
			<-ctx.Done()
			if d := time.Since(start); d != 5*time.Second || !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
				t.Errorf("ended after %v: %v", d, context.Cause(ctx))
			}
			time.Sleep(10 * time.Millisecond)
			return nil, why
		}}
		a := do(t.Context(), g, 2*time.Second, c)
		synctest.Wait()
		b := do(t.Context(), g, 5*time.Second, c)
		a.get().failed(t, "first", context.DeadlineExceeded)
		b.get().failed(t, "last", why)
	})
}

// A call that does not obey holds nobody longer than the grace.
func TestGraceIsBounded(t *testing.T) {
	bubble(t, flight.Options{Grace: time.Second}, func(t *testing.T, g *flight.Group[string]) {
		r := do(t.Context(), g, 2*time.Second, flight.Call{
			Send: func(context.Context, *flight.Flight) (*http.Response, error) {
				time.Sleep(time.Minute)
				return nil, errors.New("late")
			},
		}).get()
		r.failed(t, "waiter", context.DeadlineExceeded)
		if r.took != 3*time.Second {
			t.Errorf("waited %v", r.took)
		}
	})
}

func TestDeadlineDoesNotCutTheBody(t *testing.T) {
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		u := newUpstream(flight.Everyone, "a", "b", "c")
		u.pause = time.Second
		first := do(t.Context(), g, time.Second, u.call())
		synctest.Wait()
		second := do(t.Context(), g, time.Second, u.call())
		second.get().failed(t, "second", context.DeadlineExceeded)
		first.get().whole(t, "first", "abc")
	})
}

func TestDeadlineAndUrgencyGrow(t *testing.T) {
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		type seen struct {
			left    time.Duration
			urgency int
		}
		var told []seen
		start := time.Now()
		c := flight.Call{Send: func(ctx context.Context, f *flight.Flight) (*http.Response, error) {
			f.OnChange(func(d time.Time, u int) { told = append(told, seen{d.Sub(start), u}) })
			if err := sleep(ctx, time.Second); err != nil {
				return nil, err
			}
			if d, u, n := f.Deadline().Sub(start), f.Urgency(), f.Waiters(); d != 9*time.Second || u != 1 || n != 4 {
				t.Errorf("%v, urgency %d, %d waiters", d, u, n)
			}
			return nil, errors.New("enough")
		}}
		done := make(chan bool)
		for _, w := range []seen{{5 * time.Second, 3}, {4 * time.Second, 7}, {9 * time.Second, 5}, {2 * time.Second, 1}} {
			go func() {
				_, _ = g.Do(t.Context(), "k", flight.Waiter{Deadline: start.Add(w.left), Urgency: w.urgency}, c)
				done <- true
			}()
			synctest.Wait()
		}
		for range 4 {
			<-done
		}
		want := []seen{{5 * time.Second, 3}, {5 * time.Second, 3}, {9 * time.Second, 3}, {9 * time.Second, 1}}
		if len(told) != len(want) {
			t.Fatalf("told %v, want %v", told, want)
		}
		for i := range want {
			if told[i] != want[i] {
				t.Errorf("told %v, want %v", told, want)
			}
		}
	})
}

// The call looked at the deadline, then a more patient waiter came, then the
// call gave up for want of time: the patient one tries once more.
func TestMorePatientWaiterTriesOnceMore(t *testing.T) {
	tooLate := errors.New("the next place is after the deadline")
	for name, late := range map[string]bool{"want of time": true, "another failure": false} {
		bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
			calls := 0
			c := flight.Call{
				Send: func(ctx context.Context, f *flight.Flight) (*http.Response, error) {
					calls++
					_ = f.Deadline()
					if err := sleep(ctx, 500*time.Millisecond); err != nil {
						return nil, err
					}
					return nil, tooLate
				},
				Late: func(err error) bool { return late && errors.Is(err, tooLate) },
			}
			hasty := do(t.Context(), g, time.Second, c)
			synctest.Wait()
			patient := do(t.Context(), g, 8*time.Second, c)
			forever := do(t.Context(), g, 0, c)
			hasty.get().failed(t, "hasty", tooLate)
			patient.get().failed(t, "patient", tooLate)
			forever.get().failed(t, "forever", tooLate)
			want := 1
			if late {
				want = 2
			}
			if calls != want {
				t.Errorf("%s: %d calls, want %d", name, calls, want)
			}
		})
	}
}

// An answer that comes after the flight's end would break off within its body.
func TestAnswerAfterTheDeadlineIsNone(t *testing.T) {
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		u := newUpstream(flight.Everyone, "x")
		c := u.call()
		c.Send = func(_ context.Context, f *flight.Flight) (*http.Response, error) {
			return u.send(context.Background(), f) // it does not obey
		}
		do(t.Context(), g, u.header-time.Millisecond, c).get().failed(t, "waiter", context.DeadlineExceeded)
		synctest.Wait()
		if _, closed, stored := u.count(); closed != 1 || stored != 0 {
			t.Errorf("%d closed, %d stored", closed, stored)
		}
	})
}

// A call whose time is up is not joined while it takes its leave.
func TestExpiredCallIsNotJoined(t *testing.T) {
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		calls := 0
		c := flight.Call{Send: func(ctx context.Context, _ *flight.Flight) (*http.Response, error) {
			if calls++; calls == 2 {
				return answer("x"), nil
			}
			<-ctx.Done()
			time.Sleep(50 * time.Millisecond)
			return nil, errors.New("no time left")
		}}
		first := do(t.Context(), g, time.Second, c)
		time.Sleep(1020 * time.Millisecond)
		r := do(t.Context(), g, time.Second, c).get()
		r.whole(t, "newcomer", "x")
		if r.took != 0 {
			t.Errorf("the newcomer waited %v", r.took)
		}
		if r := first.get(); r.err == nil {
			t.Error("the first has an answer")
		}
	})
}
