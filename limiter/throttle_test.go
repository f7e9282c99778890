package limiter_test

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/limiter"
)

// Another consumer of the same quota is seen by what remains, and said.
func TestForeignConsumer(t *testing.T) {
	for name, p := range map[string]provider{
		"fixed":   &fixedWindow{limit: 600, length: time.Minute},
		"sliding": &slidingLog{limit: 100, length: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := &upstream{provider: p, dialect: dialects["delta"]}
				r := newRun(t, limiter.Config{Concurrency: 1000}, u)
				var last limiter.Outcome
				r.transport.Throttled = func(_ *http.Request, _ *http.Response, o limiter.Outcome) { last = o }
				r.demand(5*time.Second, 20)
				if f := r.bucket.Snapshot().Foreign; f != nil {
					t.Errorf("a foreign consumer is seen where there is none: %+v", f)
				}
				stop := make(chan struct{})
				r.wg.Go(func() {
					for {
						select {
						case <-stop:
							return
						case <-time.After(10 * time.Millisecond):
							u.mu.Lock()
							p.arrive(time.Now())
							u.mu.Unlock()
						}
					}
				})
				go func() { <-time.After(8 * time.Second); close(stop) }()
				r.demand(7*time.Second, 20)
				if f := r.bucket.Snapshot().Foreign; f == nil || f.Calls < 20 {
					t.Errorf("the foreign consumer is not seen: %+v", r.bucket.Snapshot())
				}
				if len(u.refused) > 0 && last.Throttled && last.Diagnosis.Cause != limiter.ForeignConsumer {
					t.Errorf("a throttle is put down to %+v", last.Diagnosis)
				}
			})
		})
	}
}

func TestDiagnosis(t *testing.T) {
	throttle := limiter.Feedback{Status: 429, Throttle: true}
	for name, tt := range map[string]struct {
		limit string // told before; empty for none
		sent  int
		want  limiter.Cause
	}{
		"nothing is known":        {"", 3, limiter.UnknownCause},
		"within the known limit":  {"100", 3, limiter.BurstRefused},
		"over a limit just known": {"2", 4, limiter.LimitExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBucket(t, limiter.Config{})
				var places []*limiter.Place
				for range tt.sent {
					places = append(places, mustAcquire(t, b, normal))
				}
				if tt.limit != "" {
					n, err := strconv.Atoi(tt.limit)
					if err != nil {
						t.Fatal(err)
					}
					places[0].Answered(limiter.Feedback{Status: 200, Header: xRate(tt.limit, strconv.Itoa(max(0, n-1)), "60")})
				}
				out := places[tt.sent-1].Answered(throttle)
				if out.Diagnosis.Cause != tt.want || out.Diagnosis.Told || !out.Throttled {
					t.Errorf("got %+v, want %s", out, tt.want)
				}
			})
		})
	}
}

// A throttle without demand does not mean that the limit is as low as what was sent.
func TestThrottleWithoutDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{})
		p := mustAcquire(t, b, normal)
		p.Answered(limiter.Feedback{Status: 429, Throttle: true})
		if s := b.Snapshot(); s.Rate < 10 {
			t.Errorf("one throttled call made the rate %v", s.Rate)
		}
	})
}

// An endless stream of throttles lowers the rate, but never to nothing, and every
// pause is followed by one probe.
// One of the first calls of a burst is refused, as the quota was used up before. That
// measures nothing: the few that left in so short a time are not the limit.
func TestThrottleAtTheBeginning(t *testing.T) {
	for _, nth := range []int64{1, 5, 10} {
		synctest.Test(t, func(t *testing.T) {
			b := newBucket(t, limiter.Config{})
			begin := time.Now()
			var sent atomic.Int64
			passes := func() bool {
				n := sent.Add(1)
				<-time.After(30 * time.Millisecond)
				return n != nth
			}
			var wg sync.WaitGroup
			for range 500 {
				wg.Go(func() {
					for !sends(t, b, passes) {
					}
				})
			}
			wg.Wait()
			if took := time.Since(begin); took > 40*time.Second {
				t.Errorf("call %d was refused, and 500 calls took %v from a start of 20/s", nth, took)
			}
		})
	}
}

func TestThrottledForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &throttling{delay: time.Millisecond}
		u.set("/", true)
		b := newBucket(t, limiter.Config{})
		c := &caller{t: t, transport: transportTo(u, b)}
		c.transport.Retries = 1 << 30
		ch := c.start("/", 24*time.Hour)
		<-time.After(23 * time.Hour)
		if n := u.count(); n < 1200 || n > 1400 {
			t.Errorf("%d calls in 23 hours, want about one a minute", n)
		}
		u.set("/", false)
		if res := <-ch; res.status != 200 {
			t.Errorf("status %d, %v", res.status, res.err)
		}
		if s := b.Snapshot(); s.Rate <= 0 {
			t.Errorf("rate %v", s.Rate)
		}
	})
}
