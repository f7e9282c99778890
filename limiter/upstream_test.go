package limiter_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/limiter"
)

// dialect writes what a provider says into a header. server is the provider's clock.
type dialect func(h http.Header, v verdict, server time.Time)

func ceilSeconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

func xRateLimit(reset func(v verdict, server time.Time) string) dialect {
	return func(h http.Header, v verdict, server time.Time) {
		h.Set("X-RateLimit-Limit", fmt.Sprint(v.limit))
		h.Set("X-RateLimit-Remaining", fmt.Sprint(v.remaining))
		if text := reset(v, server); text != "" {
			h.Set("X-RateLimit-Reset", text)
		}
	}
}

// dialects are all forms that limits are told in.
var dialects = map[string]dialect{
	"delta":       xRateLimit(func(v verdict, _ time.Time) string { return fmt.Sprint(ceilSeconds(v.reset)) }),
	"delta floor": xRateLimit(func(v verdict, _ time.Time) string { return fmt.Sprint(int(v.reset.Seconds())) }),
	"fraction":    xRateLimit(func(v verdict, _ time.Time) string { return fmt.Sprintf("%.3f", v.reset.Seconds()) }),
	"epoch": xRateLimit(func(v verdict, server time.Time) string {
		return fmt.Sprint(server.Add(v.reset + time.Second - 1).Unix())
	}),
	"epoch ms": xRateLimit(func(v verdict, server time.Time) string { return fmt.Sprint(server.Add(v.reset).UnixMilli()) }),
	"date": xRateLimit(func(v verdict, server time.Time) string {
		return server.Add(v.reset + time.Second - 1).UTC().Format(http.TimeFormat)
	}),
	"no reset": xRateLimit(func(verdict, time.Time) string { return "" }),
	"ietf-06": func(h http.Header, v verdict, _ time.Time) {
		h.Set("RateLimit-Limit", fmt.Sprintf("%d, %d;w=%d", v.limit, v.limit, ceilSeconds(v.window)))
		h.Set("RateLimit-Remaining", fmt.Sprint(v.remaining))
		h.Set("RateLimit-Reset", fmt.Sprint(ceilSeconds(v.reset)))
	},
	"ietf-07": func(h http.Header, v verdict, _ time.Time) {
		h.Set("RateLimit", fmt.Sprintf("limit=%d, remaining=%d, reset=%d", v.limit, v.remaining, ceilSeconds(v.reset)))
		h.Set("RateLimit-Policy", fmt.Sprintf("%d;w=%d", v.limit, ceilSeconds(v.window)))
	},
	"ietf-11": func(h http.Header, v verdict, _ time.Time) {
		h.Set("RateLimit", fmt.Sprintf(`"default";r=%d;t=%d`, v.remaining, ceilSeconds(v.reset)))
		h.Set("RateLimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, v.limit, ceilSeconds(v.window)))
	},
}

// upstream is a provider behind a network with jittered latency.
type upstream struct {
	provider provider
	dialect  dialect // nil: silent
	on429    bool    // headers on 429 only
	skew     time.Duration
	latency  func(rng *rand.Rand) time.Duration // one way; nil: 15 to 35 ms
	lost     func(*http.Request)                // told of requests that never arrive

	mu       sync.Mutex
	rng      *rand.Rand
	arrivals []time.Time
	refused  []time.Time // arrivals that got a 429
}

func (u *upstream) hop(ctx context.Context) error {
	u.mu.Lock()
	if u.rng == nil {
		u.rng = rand.New(rand.NewPCG(1, 2))
	}
	d := 15*time.Millisecond + time.Duration(u.rng.Int64N(int64(20*time.Millisecond)))
	if u.latency != nil {
		d = u.latency(u.rng)
	}
	u.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// RoundTrip carries a request there and the answer back.
func (u *upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := u.hop(r.Context()); err != nil {
		if u.lost != nil {
			u.lost(r)
		}
		return nil, err
	}
	resp := u.answer(r)
	if err := u.hop(r.Context()); err != nil {
		return nil, err
	}
	return resp, nil
}

func (u *upstream) answer(r *http.Request) *http.Response {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := time.Now()
	v := u.provider.arrive(now)
	u.arrivals = append(u.arrivals, now)
	server := now.Add(u.skew)
	resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}
	resp.Header.Set("Date", server.UTC().Format(http.TimeFormat))
	if !v.ok {
		u.refused = append(u.refused, now)
		resp.StatusCode = http.StatusTooManyRequests
		if u.dialect != nil {
			resp.Header.Set("Retry-After", fmt.Sprint(max(1, ceilSeconds(v.retry))))
		}
	}
	if u.dialect != nil && (!u.on429 || !v.ok) {
		u.dialect(resp.Header, v, server)
	}
	return resp
}

// run sends requests through a bucket as a proxy would.
type run struct {
	t         testing.TB
	bucket    *limiter.Bucket
	transport *limiter.Transport
	up        *upstream
	patience  time.Duration

	mu         sync.Mutex
	departures []time.Time
	order      []int // sequence numbers of calls in the order they left for the first time
	left       map[int]bool
	statuses   map[int]int
	errs       []error
	wg         sync.WaitGroup
}

func newRun(t testing.TB, cfg limiter.Config, up *upstream) *run {
	t.Helper()
	if cfg.Name == "" {
		cfg.Name = "test"
	}
	b, err := limiter.NewBucket(cfg, "key", nil)
	if err != nil {
		t.Fatal(err)
	}
	return runWith(t, b, up)
}

func runWith(t testing.TB, b *limiter.Bucket, up *upstream) *run {
	r := &run{t: t, bucket: b, up: up, patience: time.Minute, statuses: map[int]int{}, left: map[int]bool{}}
	r.transport = &limiter.Transport{
		Next:   up,
		Bucket: func(*http.Request) *limiter.Bucket { return b },
		Describe: func(req *http.Request) limiter.Call {
			call, _ := req.Context().Value(callKey{}).(limiter.Call)
			return call
		},
		Again:   func(req *http.Request) (*http.Request, bool) { return req.Clone(req.Context()), true },
		Retries: 2,
		Departed: func(req *http.Request, _ *limiter.Place) {
			r.mu.Lock()
			r.departures = append(r.departures, time.Now())
			if seq, ok := req.Context().Value(sequenceKey{}).(int); ok && !r.left[seq] {
				r.left[seq] = true
				r.order = append(r.order, seq)
			}
			r.mu.Unlock()
		},
	}
	return r
}

type (
	callKey     struct{}
	sequenceKey struct{}
)

// send makes a call and waits for its answer; it reports status and waiting time.
func (r *run) send(ctx context.Context, call limiter.Call) (int, error) {
	if call.Deadline.IsZero() && r.patience > 0 {
		call.Deadline = time.Now().Add(r.patience)
	}
	req, err := http.NewRequestWithContext(context.WithValue(ctx, callKey{}, call), http.MethodGet, "http://upstream.test/", http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := r.transport.RoundTrip(req)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.errs = append(r.errs, err)
		return 0, err
	}
	r.statuses[resp.StatusCode]++
	return resp.StatusCode, resp.Body.Close()
}

// burst starts n calls at once, in order, and waits for all; it reports the time
// that took.
func (r *run) burst(n int, call limiter.Call) time.Duration {
	r.t.Helper()
	begin := time.Now()
	for i := range n {
		ctx := context.WithValue(r.t.Context(), sequenceKey{}, i)
		r.wg.Go(func() { _, _ = r.send(ctx, call) })
		synctest.Wait() // keeps the order in which they come
	}
	r.wg.Wait()
	return time.Since(begin)
}
