package proxy

import (
	"io"
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

func throttle(w http.ResponseWriter, retryAfter, body string) {
	if retryAfter != "" {
		w.Header().Set("Retry-After", retryAfter)
	}
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = io.WriteString(w, body)
}

func TestPromise04_AThrottleIsWaitedOut(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var arrivals atomic.Int32
				r := newLimitedRig(t, failing(1, &arrivals, func(w http.ResponseWriter) { throttle(w, "2", `{"message":"Too Many Requests"}`) }))
				began := time.Now()
				a := r.do(method, "/3.1/orders", strings.NewReader("an order"))
				if a.StatusCode != 200 || !strings.Contains(a.body, "an order") || arrivals.Load() != 2 {
					t.Errorf("%d %q after %d arrivals", a.StatusCode, a.body, arrivals.Load())
				}
				if took := time.Since(began); took < 2*time.Second || took > 4*time.Second {
					t.Errorf("after %v", took)
				}
				if rec := r.next(t); rec.Attempts()[1].Reason != "throttled" {
					t.Errorf("%+v", rec.Attempts())
				}
			})
		})
	}
}

func TestPromise04_A429ReachesTheAppOnlyWithReason(t *testing.T) {
	for _, tt := range []struct {
		name, path, retryAfter, body, diagnosis string
		arrivals                                int32
		atOnce                                  bool
	}{
		{"captcha", "/customers", "1", `{"code":"CPT0001","errors":["x"]}`, "captcha_required", 1, true},
		{"wait past the patience", "/3.1/orders", "60", `{"message":"slow down"}`, "unknown", 1, true},
		{"payment", "/3.1/payments", "1", `{"message":"slow down"}`, "unknown", 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var arrivals atomic.Int32
				r := newLimitedRig(t, failing(1<<30, &arrivals, func(w http.ResponseWriter) { throttle(w, tt.retryAfter, tt.body) }))
				began := time.Now()
				a := r.do("POST", tt.path, strings.NewReader("{}"))
				if a.StatusCode != 429 || a.body != tt.body || arrivals.Load() != tt.arrivals || a.Header.Get("Cleengate-Diagnosis") != tt.diagnosis || a.Header.Get("Retry-After") != tt.retryAfter {
					t.Errorf("%d %q %v after %d arrivals", a.StatusCode, a.body, a.Header, arrivals.Load())
				}
				if took := time.Since(began); tt.atOnce && took > 100*time.Millisecond {
					t.Errorf("after %v", took)
				}
			})
		})
	}
}

func TestPromise07_RefusedAtOnceWithTheTrueWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newLimitedRig(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), func(c *config.Config) {
			l := c.Limits["publisher"]
			l.Rate, l.Burst = config.Rate{Count: 1, Window: time.Second}, 1
			c.Limits["publisher"] = l
		})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { r.do("GET", "/3.1/offers", nil) })
		}
		synctest.Wait()
		began := time.Now()
		a := r.do("GET", "/3.1/offers", nil, "Prefer", "wait=3")
		if a.StatusCode != 503 || !strings.Contains(a.body, CodePatienceExceeded) || time.Since(began) != 0 {
			t.Errorf("%d %s after %v", a.StatusCode, a.body, time.Since(began))
		}
		wait, err := strconv.Atoi(a.Header.Get("Retry-After"))
		if err != nil || wait < 6 || wait > 9 {
			t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
		}
		wg.Wait()
	})
}

// A call that was never sent must not cost a place: its connection could not
// be made.
func TestUnsentCallsGiveTheirPlaceBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newLimitedRig(t, http.NotFoundHandler(), noRetry, func(c *config.Config) {
			u := c.Upstreams["core"]
			u.URL = "http://nowhere.test"
			c.Upstreams["core"] = u
			l := c.Limits["publisher"]
			l.Rate, l.Burst = config.Rate{Count: 1, Window: time.Second}, 1
			c.Limits["publisher"] = l
		})
		began := time.Now()
		for range 10 {
			if a := r.do("GET", "/3.1/offers", nil); a.StatusCode != 502 {
				t.Errorf("%d %s", a.StatusCode, a.body)
			}
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("ten calls that did not leave took %v at one a second", took)
		}
	})
}

func TestConcurrencyIsFreeWhenTheHeaderHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newLimitedRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/3.1/slow" {
				w.WriteHeader(200)
				_ = http.NewResponseController(w).Flush()
				time.Sleep(5 * time.Second)
			}
		}), func(c *config.Config) {
			l := c.Limits["publisher"]
			l.Concurrency = 1
			c.Limits["publisher"] = l
		})
		var wg sync.WaitGroup
		wg.Go(func() { r.do("GET", "/3.1/slow", nil) })
		synctest.Wait()
		began := time.Now()
		if a := r.do("GET", "/3.1/offers", nil); a.StatusCode != 200 || time.Since(began) > time.Second {
			t.Errorf("%d after %v", a.StatusCode, time.Since(began))
		}
		wg.Wait()
	})
}

// Writes under faults: never one carried out twice, and those whose fault came
// before departure, or was a throttle, end well.
func TestPromise03_WritesUnderFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		done := map[string]int{}
		r := newLimitedRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			body, err := io.ReadAll(req.Body)
			if err != nil {
				return
			}
			n, _ := strconv.Atoi(string(body))
			mu.Lock()
			first := done["seen "+string(body)] == 0
			done["seen "+string(body)]++
			mu.Unlock()
			carryOut := func() {
				mu.Lock()
				done[string(body)]++
				mu.Unlock()
			}
			switch {
			case n%100 == 1 && first: // reset before handling
				panic(http.ErrAbortHandler)
			case n%100 == 2: // handled, answer lost
				carryOut()
				panic(http.ErrAbortHandler)
			case n%100 == 3 && first:
				throttle(w, "0", `{"message":"x"}`)
			case n%100 == 4: // handled, and yet an error
				carryOut()
				w.WriteHeader(http.StatusBadGateway)
			default:
				carryOut()
			}
		}), func(c *config.Config) {
			l := c.Limits["publisher"]
			l.Start = config.Rate{Count: 5000, Window: time.Second}
			l.Concurrency, l.Queue = 200, 10000
			c.Limits["publisher"] = l
			c.Patience.Default = 2 * time.Minute
			c.Retry.Throttled = 5
		})
		const writes = 2000
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
		throttled, ended := 0, 0
		for n := range writes {
			if times := done[strconv.Itoa(n)]; times > 1 {
				t.Errorf("write %d was carried out %d times", n, times)
			}
			if n%100 == 3 {
				throttled++
				if results[n] == 200 {
					ended++
				}
			}
		}
		if float64(ended) < 0.99*float64(throttled) {
			t.Errorf("%d of %d throttled writes ended well", ended, throttled)
		}
	})
}
