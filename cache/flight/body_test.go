package flight_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/cache/flight"
)

func TestFirstByteIsNotDelayed(t *testing.T) {
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		u := newUpstream(flight.Everyone, "one", "two")
		u.pause = time.Second
		start := time.Now()
		res, err := g.Do(t.Context(), "k", flight.Waiter{}, u.call())
		if err != nil {
			t.Fatal(err)
		}
		defer res.Response.Body.Close()
		if d := time.Since(start); d != u.header {
			t.Errorf("header after %v, want %v", d, u.header)
		}
		b := make([]byte, 10)
		if n, err := res.Response.Body.Read(b); n != 3 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
		if d := time.Since(start); d != u.header+u.pause {
			t.Errorf("first byte after %v", d)
		}
	})
}

func TestBodyOverTheCapGoesToOne(t *testing.T) {
	big := strings.Repeat("0123456789", 10_000)
	for name, c := range map[string]struct {
		o      flight.Options
		length int64
		at     time.Duration // of the release
	}{
		"length unknown":   {flight.Options{MaxBody: 50_000}, -1, 1500 * time.Millisecond},
		"length known":     {flight.Options{MaxBody: 50_000}, 100_000, 500 * time.Millisecond},
		"buffers used up":  {flight.Options{MaxBuffered: 50_000}, -1, 1500 * time.Millisecond},
		"no buffer at all": {flight.Options{MaxBuffered: 1}, -1, 500 * time.Millisecond},
	} {
		bubble(t, c.o, func(t *testing.T, g *flight.Group[string]) {
			u := newUpstream(flight.Everyone, big[:60_000], big[60_000:])
			u.length, u.pause = c.length, time.Second
			first := do(t.Context(), g, 0, u.call())
			synctest.Wait()
			second := do(t.Context(), g, 0, u.call())
			r := second.get()
			r.failed(t, name, flight.ErrReleased)
			if r.took != c.at {
				t.Errorf("%s: released after %v, want %v", name, r.took, c.at)
			}
			if n := g.Len(); n != 0 {
				t.Errorf("%s: the key is not free", name)
			}
			first.get().whole(t, name, big)
			synctest.Wait()
			if calls, closed, stored := u.count(); calls != 1 || closed != 1 || stored != 0 {
				t.Errorf("%s: %d calls, %d closed, %d stored", name, calls, closed, stored)
			}
		})
	}
}

func TestBodyOfExactlyTheCapIsShared(t *testing.T) {
	bubble(t, flight.Options{MaxBody: 10_000}, func(t *testing.T, g *flight.Group[string]) {
		body := strings.Repeat("x", 10_000)
		u := newUpstream(flight.Everyone, body)
		a, b := do(t.Context(), g, 0, u.call()), do(t.Context(), g, 0, u.call())
		a.get().whole(t, "first", body)
		b.get().whole(t, "second", body)
	})
}

// A thousand calls do not use up the bound on buffers when they have ended.
func TestBuffersAreGivenBack(t *testing.T) {
	bubble(t, flight.Options{MaxBuffered: 100_000}, func(t *testing.T, g *flight.Group[string]) {
		body := strings.Repeat("x", 40_000)
		for i := range 1000 {
			u := newUpstream(flight.Everyone, body)
			if i%2 == 0 {
				u.end = io.ErrUnexpectedEOF
			}
			do(t.Context(), g, 0, u.call()).get()
			synctest.Wait()
			if _, _, stored := u.count(); stored != i%2 {
				t.Fatalf("call %d: %d stored", i, stored)
			}
		}
	})
}

// A long download holds no part of the bound once what was buffered is read.
func TestHandedOverBodyGivesItsBufferBack(t *testing.T) {
	bubble(t, flight.Options{MaxBody: 50_000, MaxBuffered: 60_000}, func(t *testing.T, g *flight.Group[string]) {
		long := newUpstream(flight.Everyone, strings.Repeat("x", 70_000))
		long.hang = true
		ctx, leave := context.WithCancel(t.Context())
		download := do(ctx, g, 0, long.call())
		time.Sleep(time.Second)
		synctest.Wait()
		u := newUpstream(flight.Everyone, strings.Repeat("x", 40_000))
		do(t.Context(), g, 0, u.call()).get()
		synctest.Wait()
		if _, _, stored := u.count(); stored != 1 {
			t.Error("no room for another")
		}
		leave()
		if r := download.get(); len(r.body) != 70_000 || !errors.Is(r.read, context.Canceled) {
			t.Errorf("%d bytes, %v", len(r.body), r.read)
		}
	})
}

func TestTruncatedBodyIsNobodysAnswer(t *testing.T) {
	reset := errors.New("connection reset")
	for name, c := range map[string]struct {
		length int64
		end    error
		is     error
	}{
		"unexpected end":  {-1, io.ErrUnexpectedEOF, io.ErrUnexpectedEOF},
		"reset":           {7, reset, reset},
		"wrapped end":     {7, errors.Join(io.EOF), io.EOF},
		"shorter than CL": {100, nil, flight.ErrTruncated},
		"longer than CL":  {3, nil, flight.ErrTruncated},
	} {
		for over, o := range map[string]flight.Options{"": {}, ", over the cap": {MaxBody: 5}} {
			bubble(t, o, func(t *testing.T, g *flight.Group[string]) {
				u := newUpstream(flight.Everyone, "partial")
				u.length, u.end = c.length, c.end
				first := do(t.Context(), g, 0, u.call())
				synctest.Wait()
				second := do(t.Context(), g, 0, u.call())
				r := first.get()
				if r.err != nil || r.body != "partial" || !errors.Is(r.read, flight.ErrTruncated) || !errors.Is(r.read, c.is) {
					t.Errorf("%s%s: first got %q, %v, %v", name, over, r.body, r.err, r.read)
				}
				r = second.get()
				if !errors.Is(r.err, flight.ErrTruncated) && !errors.Is(r.err, flight.ErrReleased) {
					t.Errorf("%s%s: second got %q, %v", name, over, r.body, r.err)
				}
				synctest.Wait()
				if _, closed, stored := u.count(); closed != 1 || stored != 0 {
					t.Errorf("%s%s: %d closed, %d stored", name, over, closed, stored)
				}
			})
		}
	}
}

// Content-Length of an answer to HEAD, of 304, is that of another answer.
func TestAnswersWithoutBodyAreWhole(t *testing.T) {
	for name, resp := range map[string]*http.Response{
		"HEAD": {StatusCode: 200, ContentLength: 5 << 20, Body: http.NoBody, Request: &http.Request{Method: http.MethodHead}},
		"304":  {StatusCode: 304, ContentLength: 1234},
	} {
		bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
			stored := 0
			r := do(t.Context(), g, 0, flight.Call{
				Send:  func(context.Context, *flight.Flight) (*http.Response, error) { return resp, nil },
				Admit: func(*http.Response) flight.Share { return flight.Everyone },
				Store: func(*http.Response, []byte) { stored++ },
			}).get()
			r.whole(t, name, "")
			synctest.Wait()
			if stored != 1 {
				t.Errorf("%s: not stored", name)
			}
		})
	}
}

// Each waiter may change its response; trailers come with the end.
func TestResponsesAreSeparate(t *testing.T) {
	bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
		c := flight.Call{
			Send: func(ctx context.Context, _ *flight.Flight) (*http.Response, error) {
				if err := sleep(ctx, time.Second); err != nil {
					return nil, err
				}
				resp := &http.Response{
					StatusCode: 200, ContentLength: -1,
					Header: http.Header{"A": {"1"}}, Trailer: http.Header{"T": nil},
				}
				resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("body"), at(func() { resp.Trailer.Set("T", "end") })))
				return resp, nil
			},
			Admit: func(*http.Response) flight.Share { return flight.Waiting },
		}
		done := make(chan bool)
		for range 3 {
			go func() {
				defer func() { done <- true }()
				res, err := g.Do(t.Context(), "k", flight.Waiter{}, c)
				if err != nil {
					t.Error(err)
					return
				}
				defer res.Response.Body.Close()
				if got := res.Response.Header.Get("A"); got != "1" {
					t.Errorf("header %q", got)
				}
				res.Response.Header.Set("A", "mine")
				b, err := io.ReadAll(res.Response.Body)
				if err != nil || string(b) != "body" || res.Response.Trailer.Get("T") != "end" {
					t.Errorf("%q, %v, trailer %v", b, err, res.Response.Trailer)
				}
				res.Response.Trailer.Set("T", "mine")
			}()
		}
		for range 3 {
			<-done
		}
	})
}

// at is an empty reader that does something.
type at func()

func (f at) Read([]byte) (int, error) { f(); return 0, io.EOF }

// What is stored takes no more memory than its length and an eighth.
func TestStoredBodyIsTight(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 4095, 4096, 65_535, 65_536, 65_537, 300_000} {
		for _, length := range []int64{-1, int64(n)} {
			bubble(t, flight.Options{}, func(t *testing.T, g *flight.Group[string]) {
				u := newUpstream(flight.Everyone)
				if n > 0 {
					u.chunks = []string{strings.Repeat("x", n)}
				}
				u.length = length
				c := u.call()
				c.Store = func(_ *http.Response, b []byte) {
					if len(b) != n || cap(b) > n+n/8 {
						t.Errorf("%d bytes stored with room for %d, want %d", len(b), cap(b), n)
					}
				}
				do(t.Context(), g, 0, c).get().whole(t, "waiter", strings.Repeat("x", n))
			})
		}
	}
}
