package tokens_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/tokens"
)

var pair = &tokens.Answer{Status: 200, Body: []byte(`{"responseData":{"jwt":"a","refreshToken":"b"}}`), Pair: true}

// key returns one of many keys.
func key(i int) tokens.GraceKey { return tokens.GraceKey{byte(i), byte(i >> 8), byte(i >> 16), 3} }

func TestPromise06IdenticalRefreshesAreOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g tokens.Grace
		var calls atomic.Int32
		send := func() (*tokens.Answer, error) {
			calls.Add(1)
			time.Sleep(time.Second)
			return pair, nil
		}
		ctx, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { // the first tab closes at once
			if _, _, err := g.Do(ctx, key(1), 10*time.Second, send); !errors.Is(err, context.Canceled) {
				t.Errorf("the caller that left got %v", err)
			}
		})
		synctest.Wait()
		leave()
		for range 50 {
			wg.Go(func() {
				if a, joined, err := g.Do(t.Context(), key(1), 10*time.Second, send); a != pair || !joined || err != nil {
					t.Errorf("%v %v %v", a, joined, err)
				}
			})
		}
		wg.Wait()
		// Nine seconds after the answer it is still the answer; eleven after, not.
		time.Sleep(9 * time.Second)
		if a, joined, _ := g.Do(t.Context(), key(1), 10*time.Second, send); a != pair || !joined || calls.Load() != 1 {
			t.Errorf("within the grace time: joined %v, %d calls", joined, calls.Load())
		}
		time.Sleep(2 * time.Second)
		if _, joined, _ := g.Do(t.Context(), key(1), 10*time.Second, send); joined || calls.Load() != 2 {
			t.Errorf("after it: joined %v, %d calls", joined, calls.Load())
		}
		g.Wait()
	})
}

func TestGraceKeepsNoFailure(t *testing.T) {
	broken := errors.New("reset")
	for name, result := range map[string]struct {
		answer *tokens.Answer
		err    error
		panics bool
	}{
		"error":       {err: broken},
		"refused":     {answer: &tokens.Answer{Status: 422}},
		"no pair":     {answer: &tokens.Answer{Status: 200}},
		"no answer":   {},
		"panic":       {panics: true},
		"huge answer": {answer: &tokens.Answer{Status: 200, Body: make([]byte, 17<<20), Pair: true}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var g tokens.Grace
				var calls atomic.Int32
				send := func() (*tokens.Answer, error) {
					calls.Add(1)
					time.Sleep(time.Second)
					if result.panics {
						panic("of the round tripper")
					}
					return result.answer, result.err
				}
				var wg sync.WaitGroup
				for range 5 {
					wg.Go(func() {
						a, _, err := g.Do(t.Context(), key(2), time.Minute, send)
						if a != result.answer || result.panics != (err != nil && strings.Contains(err.Error(), "panic")) ||
							!result.panics && !errors.Is(err, result.err) {
							t.Errorf("%v %v", a, err)
						}
					})
				}
				wg.Wait()
				if _, joined, _ := g.Do(t.Context(), key(2), time.Minute, send); joined || calls.Load() != 2 {
					t.Errorf("it was kept (joined %v, %d calls)", joined, calls.Load())
				}
				g.Wait()
			})
		})
	}
}

func TestPromise09GraceIsBounded(t *testing.T) {
	header := http.Header{"Big": {strings.Repeat("x", 1<<20)}}
	for name, test := range map[string]struct {
		answer *tokens.Answer
		kept   int
	}{
		"number": {pair, 4096},
		"bytes":  {&tokens.Answer{Status: 200, Header: header, Pair: true}, 15},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var g tokens.Grace
				send := func() (*tokens.Answer, error) { return test.answer, nil }
				refused := func() (*tokens.Answer, error) { return nil, errors.New("asked again") }
				const sent = 5000
				for i := range sent {
					if a, joined, err := g.Do(t.Context(), key(i), time.Hour, send); a != test.answer || joined || err != nil {
						t.Fatal(a, joined, err)
					}
				}
				kept := 0
				for i := range sent {
					_, joined, _ := g.Do(t.Context(), key(i), time.Hour, refused)
					if joined {
						kept++
					}
					if newest := i == sent-1; newest && !joined {
						t.Error("the newest was forgotten before older ones")
					}
				}
				if kept > test.kept || kept < test.kept-1 {
					t.Errorf("%d answers were kept, want %d", kept, test.kept)
				}
				g.Wait()
			})
		})
	}
}

func TestGraceGoesAloneWhenTooManyAreUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g tokens.Grace
		var calls atomic.Int32
		release := make(chan struct{})
		send := func() (*tokens.Answer, error) {
			calls.Add(1)
			<-release
			return pair, nil
		}
		var wg sync.WaitGroup
		for i := range 4096 {
			wg.Go(func() { _, _, _ = g.Do(t.Context(), key(i), time.Minute, send) })
		}
		synctest.Wait()
		for range 2 {
			wg.Go(func() {
				if a, joined, err := g.Do(t.Context(), key(1<<20), time.Minute, send); a != pair || joined || err != nil {
					t.Errorf("%v %v %v", a, joined, err)
				}
			})
		}
		synctest.Wait()
		if calls.Load() != 4096+2 {
			t.Errorf("%d calls", calls.Load())
		}
		close(release)
		wg.Wait()
		g.Wait()
	})
}
