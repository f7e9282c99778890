package limiter_test

import (
	"maps"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/limiter"
)

// throttling is an upstream that throttles when told to.
type throttling struct {
	mu     sync.Mutex
	now    map[string]bool // endpoints that are refused
	header http.Header
	body   string
	calls  []string
	delay  time.Duration
}

func (u *throttling) RoundTrip(r *http.Request) (*http.Response, error) {
	u.mu.Lock()
	refuse := u.now[r.URL.Path]
	u.calls = append(u.calls, r.URL.Path)
	u.mu.Unlock()
	<-time.After(max(u.delay, time.Millisecond))
	resp := answer(r, http.StatusOK, "fine")
	if refuse {
		resp = answer(r, http.StatusTooManyRequests, u.body)
		maps.Copy(resp.Header, u.header)
	}
	return resp, nil
}

func (u *throttling) set(endpoint string, refuse bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.now == nil {
		u.now = map[string]bool{}
	}
	u.now[endpoint] = refuse
}

func (u *throttling) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.calls)
}

func retryAfter(seconds int) http.Header {
	return http.Header{"Retry-After": {strconv.Itoa(seconds)}}
}

// TestPromise05PauseHolds: after a throttle nothing leaves before the pause is over,
// then one probe, and the others only once that has passed.
func TestPromise05PauseHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &throttling{header: retryAfter(10), delay: 100 * time.Millisecond}
		b := newBucket(t, limiter.Config{Start: 1000, Concurrency: 1000})
		c := &caller{t: t, transport: transportTo(u, b)}
		u.set("/a", true)
		first := c.start("/a", time.Minute)
		<-time.After(150 * time.Millisecond)
		throttled := time.Now().Add(-50 * time.Millisecond)
		u.set("/a", false)
		var rest []<-chan result
		for range 20 {
			rest = append(rest, c.start("/a", time.Minute))
		}
		<-time.After(9800 * time.Millisecond)
		if n := u.count(); n != 1 {
			t.Fatalf("%d calls left during the pause", n-1)
		}
		if until := b.Snapshot().PausedUntil; until == nil || until.Sub(throttled) < 10*time.Second || until.Sub(throttled) > 10600*time.Millisecond {
			t.Fatalf("paused until %v, %v after the throttle; want 10s or a little more", until, until.Sub(throttled))
		}
		<-time.After(time.Until(*b.Snapshot().PausedUntil) + 50*time.Millisecond)
		if n := u.count(); n != 2 {
			t.Fatalf("%d calls left as probes, want one", n-1)
		}
		for _, ch := range append(rest, first) {
			if res := <-ch; res.status != http.StatusOK {
				t.Errorf("status %d, %v", res.status, res.err)
			}
		}
	})
}

// TestPromise05EndpointPause: the probe goes elsewhere if it can; only when that
// passes and the refused endpoint is refused again is the pause its own.
func TestPromise05EndpointPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &throttling{header: retryAfter(2), delay: 10 * time.Millisecond}
		b := newBucket(t, limiter.Config{Start: 1000, Concurrency: 1000})
		c := &caller{t: t, transport: transportTo(u, b)}
		u.set("/bad", true)
		bad := []<-chan result{c.start("/bad", time.Minute)}
		<-time.After(20 * time.Millisecond)
		bad = append(bad, c.start("/bad", time.Minute))
		good := []<-chan result{c.start("/good", time.Minute), c.start("/good", time.Minute)}
		for _, ch := range good {
			if res := <-ch; res.status != http.StatusOK || res.took < 1900*time.Millisecond {
				t.Errorf("a call elsewhere got %d after %v, want 200 after the pause of the whole bucket", res.status, res.took)
			}
		}
		u.mu.Lock()
		calls := u.calls
		u.mu.Unlock()
		if len(calls) < 2 || calls[1] != "/good" {
			t.Errorf("calls %v, want the probe at /good", calls)
		}
		<-time.After(50 * time.Millisecond) // /bad was tried alone and refused again
		before := u.count()
		if res := <-c.start("/good", time.Minute); res.took > 100*time.Millisecond {
			t.Errorf("a call elsewhere waited %v for a pause that is not its own", res.took)
		}
		if _, ok := b.Snapshot().PausedEndpoints["/bad"]; !ok {
			t.Errorf("the refused endpoint is not paused: %+v", b.Snapshot())
		}
		u.set("/bad", false)
		for _, ch := range bad {
			if res := <-ch; res.status != http.StatusOK {
				t.Errorf("status %d, %v", res.status, res.err)
			}
		}
		if n := u.count(); n > before+3 {
			t.Errorf("%d calls for three", n-before)
		}
	})
}

// TestPromise05WithoutHint: pauses without a hint double from one second to a minute.
func TestPromise05WithoutHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &throttling{delay: time.Millisecond}
		b := newBucket(t, limiter.Config{})
		c := &caller{t: t, transport: transportTo(u, b)}
		c.transport.Retries = 100
		u.set("/a", true)
		ch := c.start("/a", time.Hour)
		want := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60}
		for i, seconds := range want {
			<-time.After(2 * time.Millisecond)
			until := b.Snapshot().PausedUntil
			if until == nil {
				t.Fatalf("pause %d: none", i)
			}
			length := time.Until(*until)
			if low := seconds*time.Second - 2*time.Millisecond; length < low || length > seconds*time.Second*106/100 {
				t.Errorf("pause %d lasts %v, want %vs and a little", i, length, int(seconds))
			}
			<-time.After(length)
		}
		u.set("/a", false)
		if res := <-ch; res.status != http.StatusOK {
			t.Errorf("status %d, %v", res.status, res.err)
		}
	})
}
