package limiter_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/limiter"
)

func answer(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}},
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}
}

// transportTo limits calls by path: it is their endpoint.
func transportTo(next http.RoundTripper, b *limiter.Bucket) *limiter.Transport {
	return &limiter.Transport{
		Next:   next,
		Bucket: func(*http.Request) *limiter.Bucket { return b },
		Describe: func(r *http.Request) limiter.Call {
			deadline, _ := r.Context().Value(deadlineKey{}).(time.Time)
			return limiter.Call{Caller: r.Header.Get("Caller"), Urgency: limiter.DefaultUrgency, Deadline: deadline, Endpoint: r.URL.Path}
		},
		Again:   func(r *http.Request) (*http.Request, bool) { return r.Clone(r.Context()), true },
		Retries: 2,
	}
}

type deadlineKey struct{}

type result struct {
	status int
	body   string
	took   time.Duration
	err    error
}

// caller makes calls and collects their results.
type caller struct {
	t         testing.TB
	transport *limiter.Transport
}

func (c *caller) start(path string, patience time.Duration) <-chan result {
	return c.startWith(c.t.Context(), path, patience)
}

func (c *caller) startWith(ctx context.Context, path string, patience time.Duration) <-chan result {
	ch := make(chan result, 1)
	begin := time.Now()
	ctx = context.WithValue(ctx, deadlineKey{}, begin.Add(patience))
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://upstream.test"+path, http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	go func() {
		resp, err := c.transport.RoundTrip(r)
		res := result{took: time.Since(begin), err: err}
		if err == nil {
			body, err := io.ReadAll(resp.Body)
			res.status, res.body, res.err = resp.StatusCode, string(body), errors.Join(err, resp.Body.Close())
		}
		ch <- res
	}()
	return ch
}

// roundTripper is a function as a transport.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A throttle whose wait is longer than the patience goes back at once, as it came.
func TestThrottleBeyondPatienceGoesBackWhole(t *testing.T) {
	for name, body := range map[string]string{"small": "slow down", "large": strings.Repeat("slow down ", 20000), "empty": ""} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := &throttling{header: retryAfter(60), body: body, delay: 10 * time.Millisecond}
				u.set("/a", true)
				b := newBucket(t, limiter.Config{})
				c := &caller{t: t, transport: transportTo(u, b)}
				res := <-c.start("/a", 7500*time.Millisecond)
				if res.status != http.StatusTooManyRequests || res.body != body || res.err != nil {
					t.Errorf("status %d, body of %d bytes, %v; want the 429 whole", res.status, len(res.body), res.err)
				}
				if res.took > 20*time.Millisecond {
					t.Errorf("it took %v, want no wait", res.took)
				}
				if s := b.Snapshot(); s.Surfaced != 1 || s.Throttled != 1 {
					t.Errorf("surfaced %d, throttled %d, want 1 and 1", s.Surfaced, s.Throttled)
				}
				res = <-c.start("/a", 7500*time.Millisecond)
				if refused, ok := errors.AsType[*limiter.Refused](res.err); !ok || refused.Reason != limiter.Paused || refused.RetryAfter < 59*time.Second || refused.RetryAfter > 61*time.Second {
					t.Errorf("a call during the pause got %v, want paused for a minute", res.err)
				}
			})
		})
	}
}

// A throttled call goes again as often as configured, then the answer goes back.
func TestThrottledCallGoesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &throttling{header: retryAfter(1), body: "no", delay: time.Millisecond}
		u.set("/a", true)
		b := newBucket(t, limiter.Config{})
		c := &caller{t: t, transport: transportTo(u, b)}
		res := <-c.start("/a", time.Minute)
		if res.status != http.StatusTooManyRequests || res.body != "no" || u.count() != 3 {
			t.Errorf("status %d after %d calls, want 429 after 3", res.status, u.count())
		}
		if res.took < 2*time.Second || res.took > 2200*time.Millisecond {
			t.Errorf("it took %v, want two pauses of a second", res.took)
		}
	})
}

// A 429 that is no throttle passes at once and touches nothing.
func TestCaptchaTouchesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &throttling{
			body: `{"code":"CPT0001"}`, delay: time.Millisecond,
			header: http.Header{"Retry-After": {"60"}, "X-Ratelimit-Limit": {"5"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"60"}},
		}
		u.set("/auths", true)
		b := newBucket(t, limiter.Config{})
		c := &caller{t: t, transport: transportTo(u, b)}
		c.transport.Throttle = func(resp *http.Response) bool {
			head, _ := limiter.PeekWithin(resp, 1024, time.Second)
			return !strings.Contains(string(head), "CPT000")
		}
		before := b.Snapshot()
		res := <-c.start("/auths", time.Minute)
		if res.status != http.StatusTooManyRequests || res.body != u.body || u.count() != 1 {
			t.Errorf("status %d, body %q, %d calls; want the 429 untouched after one", res.status, res.body, u.count())
		}
		after := b.Snapshot()
		if after.PausedUntil != nil || after.Rate != before.Rate || len(after.Windows) > 0 || after.Throttled != 0 {
			t.Errorf("the bucket changed: %+v", after)
		}
		if res := <-c.start("/other", time.Minute); res.status != http.StatusOK || res.took > 10*time.Millisecond {
			t.Errorf("the next call got %d after %v", res.status, res.took)
		}
	})
}

// A call that was not sent costs nothing.
func TestNotSentIsRefunded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := errors.Join(errors.New("the token died"), limiter.ErrNotSent)
		b := newBucket(t, limiter.Config{Rate: 1, Concurrency: 1})
		next := roundTripper(func(*http.Request) (*http.Response, error) { return nil, dead })
		c := &caller{t: t, transport: transportTo(next, b)}
		for range 5 {
			if res := <-c.start("/", time.Minute); !errors.Is(res.err, limiter.ErrNotSent) || res.took > 0 {
				t.Fatalf("got %v after %v, want ErrNotSent at once", res.err, res.took)
			}
		}
		if s := b.Snapshot(); s.Departed != 0 || s.InFlight != 0 {
			t.Errorf("%d departed, %d in flight; want none", s.Departed, s.InFlight)
		}
	})
}

// net/http's transport repeats requests by itself; each departure counts that whoever
// sends tells of.
func TestRepeatedDeparturesCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 10})
		var place *limiter.Place
		next := roundTripper(func(r *http.Request) (*http.Response, error) {
			for range 2 {
				place.DepartedAgain()
			}
			return answer(r, http.StatusOK, ""), nil
		})
		c := &caller{t: t, transport: transportTo(next, b)}
		c.transport.Departed = func(_ *http.Request, p *limiter.Place) { place = p }
		if res := <-c.start("/", time.Minute); res.err != nil {
			t.Fatal(res.err)
		}
		if res := <-c.start("/", time.Minute); res.took < 299*time.Millisecond || res.took > 301*time.Millisecond {
			t.Errorf("after three departures at 10/s the next left after %v, want 300ms", res.took)
		}
	})
}

// A caller that leaves while its throttled call waits to go again gets its cause.
func TestLeavingDuringAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &throttling{header: retryAfter(5), delay: time.Millisecond}
		u.set("/a", true)
		b := newBucket(t, limiter.Config{})
		c := &caller{t: t, transport: transportTo(u, b)}
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		ch := c.startWith(ctx, "/a", time.Minute)
		<-time.After(time.Second)
		cancel(gone)
		if res := <-ch; !errors.Is(res.err, gone) {
			t.Errorf("got %v, want the cause", res.err)
		}
		if s := b.Snapshot(); s.Depth != 0 || s.InFlight != 0 {
			t.Errorf("depth %d, in flight %d; want none", s.Depth, s.InFlight)
		}
	})
}

// Without a bucket a request goes its way.
func TestNoBucketNoLimit(t *testing.T) {
	next := roundTripper(func(r *http.Request) (*http.Response, error) { return answer(r, http.StatusTooManyRequests, ""), nil })
	tr := &limiter.Transport{Next: next, Bucket: func(*http.Request) *limiter.Bucket { return nil }}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://upstream.test/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := tr.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusTooManyRequests {
		t.Fatal(resp, err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
}
