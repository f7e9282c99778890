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
