package flight_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/singleflight"

	"github.com/cleengate/cleengate/cache/flight"
)

var page = strings.Repeat("x", 4<<10)

func at4K() *http.Response {
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}},
		ContentLength: int64(len(page)), Body: io.NopCloser(strings.NewReader(page)),
	}
}

func drain(b *testing.B, resp *http.Response) {
	if n, err := io.Copy(io.Discard, resp.Body); n != int64(len(page)) || err != nil {
		b.Error(n, err)
	}
	resp.Body.Close()
}

// perOp is the time of an iteration in ns.
func perOp(b *testing.B) float64 { return float64(b.Elapsed()) / float64(b.N) }

// BenchmarkAlone is what a flight costs a call that nobody joins: the ratio is
// against the bare call, whose upstream takes no time.
func BenchmarkAlone(b *testing.B) {
	g := flight.New[int](flight.Options{})
	defer g.Close()
	c := flight.Call{
		Send:  func(context.Context, *flight.Flight) (*http.Response, error) { return at4K(), nil },
		Admit: func(*http.Response) flight.Share { return flight.Everyone },
		Store: func(*http.Response, []byte) {},
	}
	var reference float64
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			drain(b, at4K())
		}
		reference = perOp(b)
	})
	b.Run("flight", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			res, err := g.Do(b.Context(), i, flight.Waiter{}, c)
			if err != nil {
				b.Fatal(err)
			}
			drain(b, res.Response)
		}
		b.ReportMetric(perOp(b)/reference, "times-bare")
	})
}

// BenchmarkJoin is 500 callers of one key, beside x/sync/singleflight, which
// neither streams nor knows cancellation.
func BenchmarkJoin(b *testing.B) {
	const callers = 500
	together := func(b *testing.B, do func(release <-chan struct{}) *http.Response) {
		for b.Loop() {
			release := make(chan struct{})
			var started, ended sync.WaitGroup
			started.Add(callers)
			for range callers {
				ended.Go(func() {
					started.Done()
					drain(b, do(release))
				})
			}
			started.Wait()
			close(release)
			ended.Wait()
		}
	}
	var reference float64
	b.Run("singleflight", func(b *testing.B) {
		var g singleflight.Group
		together(b, func(release <-chan struct{}) *http.Response {
			_, _, _ = g.Do("k", func() (any, error) {
				<-release
				resp := at4K()
				defer resp.Body.Close()
				return io.ReadAll(resp.Body)
			})
			return at4K()
		})
		reference = perOp(b)
	})
	b.Run("flight", func(b *testing.B) {
		g := flight.New[string](flight.Options{})
		defer g.Close()
		together(b, func(release <-chan struct{}) *http.Response {
			res, err := g.Do(b.Context(), "k", flight.Waiter{}, flight.Call{
				Send: func(context.Context, *flight.Flight) (*http.Response, error) {
					<-release
					return at4K(), nil
				},
				Admit: func(*http.Response) flight.Share { return flight.Waiting },
			})
			if err != nil {
				b.Error(err)
			}
			return res.Response
		})
		b.ReportMetric(perOp(b)/reference, "times-singleflight")
	})
}
