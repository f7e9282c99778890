package flight_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/cache/flight"
)

// answer is a response as a transport gives it.
func answer(body io.Reader, length int64) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Etag": {`"1"`}},
		Body: io.NopCloser(body), ContentLength: length,
	}
}

func TestFiveHundredIdenticalCallsAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := flight.New[string](flight.Options{})
		defer g.Close()
		calls := 0
		call := flight.Call{
			Send: func(ctx context.Context, _ *flight.Flight) (*http.Response, error) {
				calls++
				select {
				case <-ctx.Done():
					return nil, ctx.Err()
				case <-time.After(500 * time.Millisecond):
				}
				return answer(strings.NewReader("body"), 4), nil
			},
			Admit: func(*http.Response) flight.Share { return flight.Waiting },
		}
		start := time.Now()
		got := make(chan bool, 500)
		for range 500 {
			go func() {
				res, err := g.Do(t.Context(), "k", flight.Waiter{Deadline: start.Add(8 * time.Second)}, call)
				if err != nil {
					t.Error(err)
					got <- false
					return
				}
				defer res.Response.Body.Close()
				b, err := io.ReadAll(res.Response.Body)
				if err != nil || string(b) != "body" {
					t.Errorf("body %q, %v", b, err)
				}
				got <- res.Collapsed
			}()
		}
		collapsed := 0
		for range 500 {
			if <-got {
				collapsed++
			}
		}
		if calls != 1 || collapsed != 499 {
			t.Errorf("%d calls, %d collapsed; want 1 and 499", calls, collapsed)
		}
		if d := time.Since(start); d != 500*time.Millisecond {
			t.Errorf("took %v, want one call's time", d)
		}
	})
}
