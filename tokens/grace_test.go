package tokens_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/tokens"
)

var pair = &tokens.Answer{Status: 200, Body: []byte(`{"responseData":{"jwt":"a","refreshToken":"b"}}`), Pair: true}

func TestPromise06_IdenticalRefreshesAreOneCall(t *testing.T) {
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
			if _, _, err := g.Do(ctx, tokens.GraceKey{1}, 10*time.Second, send); !errors.Is(err, context.Canceled) {
				t.Errorf("the caller that left got %v", err)
			}
		})
		synctest.Wait()
		leave()
		for range 50 {
			wg.Go(func() {
				if a, joined, err := g.Do(t.Context(), tokens.GraceKey{1}, 10*time.Second, send); a != pair || !joined || err != nil {
					t.Errorf("%v %v %v", a, joined, err)
				}
			})
		}
		wg.Wait()
		// Nine seconds after the answer it is still the answer; eleven after, not.
		time.Sleep(9 * time.Second)
		if a, joined, _ := g.Do(t.Context(), tokens.GraceKey{1}, 10*time.Second, send); a != pair || !joined || calls.Load() != 1 {
			t.Errorf("within the grace time: joined %v, %d calls", joined, calls.Load())
		}
		time.Sleep(2 * time.Second)
		if _, joined, _ := g.Do(t.Context(), tokens.GraceKey{1}, 10*time.Second, send); joined || calls.Load() != 2 {
			t.Errorf("after it: joined %v, %d calls", joined, calls.Load())
		}
		g.Wait()
	})
}

func TestGraceKeepsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g tokens.Grace
		broken := errors.New("reset")
		for _, result := range []struct {
			answer *tokens.Answer
			err    error
		}{{nil, broken}, {&tokens.Answer{Status: 422}, nil}, {&tokens.Answer{Status: 200}, nil}} {
			var calls atomic.Int32
			send := func() (*tokens.Answer, error) { calls.Add(1); time.Sleep(time.Second); return result.answer, result.err }
			var wg sync.WaitGroup
			for range 5 {
				wg.Go(func() {
					if a, _, err := g.Do(t.Context(), tokens.GraceKey{2}, time.Minute, send); a != result.answer || !errors.Is(err, result.err) {
						t.Errorf("%v %v", a, err)
					}
				})
			}
			wg.Wait()
			if _, joined, _ := g.Do(t.Context(), tokens.GraceKey{2}, time.Minute, send); joined || calls.Load() != 2 {
				t.Errorf("%+v: a failure was kept (joined %v, %d calls)", result, joined, calls.Load())
			}
		}
		g.Wait()
	})
}

func TestPromise09_GraceIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g tokens.Grace
		var calls atomic.Int32
		send := func() (*tokens.Answer, error) { calls.Add(1); return pair, nil }
		const tokensSent = 10000
		for i := range tokensSent {
			key := tokens.GraceKey{byte(i), byte(i >> 8), 3}
			if a, _, err := g.Do(t.Context(), key, time.Hour, send); a != pair || err != nil {
				t.Fatal(a, err)
			}
		}
		// What was not remembered goes upstream again; nothing fails.
		if _, joined, _ := g.Do(t.Context(), tokens.GraceKey{0xff, 0x20, 3}, time.Hour, send); joined {
			t.Error("more was remembered than is bounded")
		}
		if _, joined, _ := g.Do(t.Context(), tokens.GraceKey{1, 0, 3}, time.Hour, send); !joined {
			t.Error("the first was forgotten")
		}
		g.Wait()
	})
}
