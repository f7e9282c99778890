package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
)

// faultyLedger carries out writes, each named by its body, and has a fault for some:
// by the last two digits of the name.
type faultyLedger struct {
	mu   sync.Mutex
	seen map[string]int
	done map[string]int
}

const (
	faultBefore   = 1 // reset before it was read
	faultDuring   = 2 // reset after it was read
	faultAfter    = 3 // carried out, and reset instead of an answer
	faultThrottle = 4 // refused once
	faultStatus   = 5 // carried out, and yet an error
	faultTimeout  = 6 // carried out, and answered too late
	faultGateway  = 7 // refused with an error, which the proxy cannot know
)

func (l *faultyLedger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.Header.Get("Idempotency-Key")
	n, _ := strconv.Atoi(name)
	if n%100 == faultBefore {
		panic(http.ErrAbortHandler)
	}
	if body, err := io.ReadAll(r.Body); err != nil || string(body) != name {
		return
	}
	l.mu.Lock()
	l.seen[name]++
	first := l.seen[name] == 1
	switch n % 100 {
	case faultDuring, faultGateway:
	case faultThrottle:
		if !first {
			l.done[name]++
		}
	default:
		l.done[name]++
	}
	l.mu.Unlock()
	switch n % 100 {
	case faultDuring, faultAfter:
		panic(http.ErrAbortHandler)
	case faultThrottle:
		if first {
			throttle(w, "0", `{"message":"x"}`)
		}
	case faultStatus, faultGateway:
		w.WriteHeader(http.StatusBadGateway)
	case faultTimeout:
		select {
		case <-time.After(time.Minute):
		case <-r.Context().Done():
		}
	}
}

// Writes under faults: never one carried out twice, and those whose fault came before
// departure, or was a throttle, end well.
func TestPromise03_WritesUnderFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials, unreachable atomic.Int64
		way := func(dial dialFunc) dialFunc {
			return func(ctx context.Context, network, address string) (net.Conn, error) {
				if dials.Add(1)%20 == 0 {
					unreachable.Add(1)
					return nil, errors.New("no route today")
				}
				return dial(ctx, network, address)
			}
		}
		l := &faultyLedger{seen: map[string]int{}, done: map[string]int{}}
		r := limited(t, newFaultyRig(t, l, way, func(c *config.Config) {
			limit := c.Limits["publisher"]
			limit.Start = config.Rate{Count: 5000, Window: time.Second}
			limit.Concurrency, limit.Queue = 200, 10000
			c.Limits["publisher"] = limit
			c.Patience.Default = 2 * time.Minute
			c.Retry.Throttled = 5
		}))
		writes, faults := 10_000, int64(20)
		if raceDetector { // where each takes ten times as long
			writes, faults = 2000, 3
		}
		results := make([]int, writes)
		var wg sync.WaitGroup
		next := make(chan int)
		for range 50 {
			wg.Go(func() {
				for n := range next {
					results[n] = r.do("POST", "/3.1/orders", strings.NewReader(strconv.Itoa(n)), "Idempotency-Key", strconv.Itoa(n)).StatusCode
				}
			})
		}
		for n := range writes {
			next <- n
		}
		close(next)
		wg.Wait()
		l.mu.Lock()
		defer l.mu.Unlock()
		curable, ended := 0, 0
		for n := range writes {
			name := strconv.Itoa(n)
			if l.done[name] > 1 {
				t.Errorf("write %s was carried out %d times", name, l.done[name])
			}
			if arrived := l.seen[name]; arrived > 1 && n%100 != faultThrottle {
				t.Errorf("write %s, which may have been carried out, arrived %d times", name, arrived)
			}
			if kind := n % 100; kind == 0 || kind == faultThrottle || kind > faultGateway {
				curable++
				if results[n] == http.StatusOK && l.done[name] == 1 {
					ended++
				}
			}
		}
		if float64(ended) < 0.99*float64(curable) || unreachable.Load() < faults {
			t.Errorf("%d of %d writes ended well whose fault came before departure or was a throttle; %d connections failed", ended, curable, unreachable.Load())
		}
		t.Logf("%d of %d ended well; %d of %d connections failed", ended, curable, unreachable.Load(), dials.Load())
	})
}
