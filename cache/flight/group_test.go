package flight_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/cache/flight"
)

// bubble runs a test with a group, under fake time. synctest fails it if a
// goroutine is left.
func bubble(t *testing.T, o flight.Options, f func(*testing.T, *flight.Group[string])) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g := flight.New[string](o)
		f(t, g)
		if err := g.Close(); err != nil {
			t.Error(err)
		}
		if n := g.Len(); n != 0 {
			t.Errorf("%d flights are left", n)
		}
	})
}

func TestFiveHundredIdenticalCallsAreOne(t *testing.T) {
	for _, share := range []flight.Share{flight.Waiting, flight.Everyone} {
		bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
			u := newUpstream(share, "a body ", "in two")
			all := make([]waiting, 500)
			for i := range all {
				all[i] = do(t.Context(), g, 8*time.Second, u.call())
			}
			collapsed := 0
			for _, w := range all {
				r := w.get()
				r.whole(t, "waiter", "a body in two")
				if r.took != u.header {
					t.Fatalf("took %v, want one call's %v", r.took, u.header)
				}
				if r.collapsed {
					collapsed++
				}
			}
			synctest.Wait()
			calls, closed, stored := u.count()
			if calls != 1 || closed != 1 || collapsed != 499 || stored != int(share)-1 {
				t.Errorf("%d calls, %d closed, %d collapsed, %d stored", calls, closed, collapsed, stored)
			}
		})
	}
}

func TestDifferentKeysDoNotJoin(t *testing.T) {
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		u := newUpstream(flight.Waiting, "x")
		other := make(chan error, 1)
		go func() {
			res, err := g.Do(t.Context(), "other", flight.Waiter{}, u.call())
			if err == nil {
				res.Response.Body.Close()
			}
			other <- err
		}()
		do(t.Context(), g, 0, u.call()).get().whole(t, "one", "x")
		if err := <-other; err != nil {
			t.Error(err)
		}
		if calls, _, _ := u.count(); calls != 2 {
			t.Errorf("%d calls, want 2", calls)
		}
	})
}

// An answer for nobody else releases the others when its header comes.
func TestAnswerForOneReleasesTheOthers(t *testing.T) {
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		u := newUpstream(flight.Alone, "mine", " alone")
		u.pause = time.Second
		first := do(t.Context(), g, 0, u.call())
		synctest.Wait()
		second := do(t.Context(), g, 0, u.call())
		r := second.get()
		r.failed(t, "second", flight.ErrReleased)
		if r.took != u.header {
			t.Errorf("released after %v, want at the header", r.took)
		}
		first.get().whole(t, "first", "mine alone")
	})
}

func TestErrorGoesToAllWaiters(t *testing.T) {
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		refused := errors.New("connection refused")
		calls := 0
		c := flight.Call{Send: func(ctx context.Context, _ *flight.Flight) (*http.Response, error) {
			calls++
			if err := sleep(ctx, time.Second); err != nil {
				return nil, err
			}
			return nil, refused
		}}
		a, b := do(t.Context(), g, 5*time.Second, c), do(t.Context(), g, 6*time.Second, c)
		a.get().failed(t, "first", refused)
		b.get().failed(t, "second", refused)
		if calls != 1 {
			t.Errorf("%d calls: only a lack of time is worth a second", calls)
		}
	})
}

func TestPanicIsAnError(t *testing.T) {
	ok := newUpstream(flight.Everyone, "x")
	boom := func() { panic(http.ErrAbortHandler) }
	for name, c := range map[string]flight.Call{
		"Send": {Send: func(context.Context, *flight.Flight) (*http.Response, error) { boom(); return nil, nil }},
		"Admit": {Send: ok.send, Admit: func(*http.Response) flight.Share {
			boom()
			return flight.Alone
		}},
		"Store": {Send: ok.send, Admit: ok.call().Admit, Store: func(*http.Response, []byte) { boom() }},
	} {
		bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
			first := do(t.Context(), g, 0, c)
			second := do(t.Context(), g, 0, c)
			rs := []got{first.get(), second.get()}
			failed := 0
			for _, r := range rs {
				if p, isPanic := errors.AsType[*flight.PanicError](r.err); isPanic {
					failed++
					if !errors.Is(r.err, http.ErrAbortHandler) || !strings.Contains(string(p.Stack), "TestPanic") {
						t.Errorf("%s: %v does not tell of its panic", name, r.err)
					}
				} else if r.err != nil {
					t.Errorf("%s: %v", name, r.err)
				}
			}
			// The one that streams has its answer before it is stored.
			if want := map[string]int{"Store": 1}[name]; failed != 2-want {
				t.Errorf("%s: %d failed", name, failed)
			}
		})
	}
}

func TestNoAnswerAndNoErrorIsAnError(t *testing.T) {
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		r := do(t.Context(), g, 0, flight.Call{
			Send: func(context.Context, *flight.Flight) (*http.Response, error) { return nil, nil },
		}).get()
		if r.err == nil {
			t.Error("no error")
		}
	})
}

func TestCloseEndsFlights(t *testing.T) {
	for name, u := range map[string]*upstream{
		"before the header": {header: time.Hour, share: flight.Everyone, length: -1},
		"within the body":   {chunks: []string{"a"}, hang: true, share: flight.Everyone, length: -1},
		"when handed over":  {chunks: []string{"a"}, hang: true, share: flight.Alone, length: -1},
	} {
		bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
			first := do(t.Context(), g, 0, u.call())
			synctest.Wait()
			if err := g.Close(); err != nil {
				t.Error(err)
			}
			if r := first.get(); !errors.Is(errors.Join(r.err, r.read), flight.ErrClosed) {
				t.Errorf("%s: %v, %v", name, r.err, r.read)
			}
			do(t.Context(), g, 0, u.call()).get().failed(t, "late", flight.ErrClosed)
		})
	}
}
