package proxy

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/limiter"
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

// resending departs twice with each request, as net/http's transport does where a
// kept connection turns out to be dead.
type resending struct{ canned }

func (t resending) RoundTrip(r *http.Request) (*http.Response, error) {
	for range 2 {
		httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{})
	}
	return t.canned.RoundTrip(r)
}

// What net/http sends again by itself counts against the limit that the call itself
// waited for: of one of our own logins as of the call in whose midst it is made.
func TestRepeatedDeparturesCountAgainstTheCallsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newBubbleRig(t, http.NotFoundHandler())
		v := r.view.Load()
		core, other := v.upstream("core"), v.upstream("mediastore")
		set, err := limiter.NewSet([]limiter.Config{{Name: core.limit, Rate: 1}, {Name: other.limit, Rate: 1}}, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = set.Close() }()
		out := &attempt{next: resending{}, proxy: r.Proxy}
		call := func(up *upstream) *exchange {
			return (&lane{proxy: r.Proxy}).exchange(httptest.NewRequest(http.MethodGet, "http://upstream.test/x", http.NoBody), v, up)
		}
		send := func(chain http.RoundTripper, x *exchange) {
			t.Helper()
			resp, err := chain.RoundTrip(withExchange(httptest.NewRequest(http.MethodGet, "http://upstream.test/x", http.NoBody), x))
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
		}
		x := call(core)
		x.login = false
		send(r.limited(core, between{next: out, then: func() {
			send(r.limited(other, out, set, 0), call(other))
			send(out, call(core))
		}}, set, 0), x)
		send(out, x) // passes no limiter this time
		for _, up := range []*upstream{core, other} {
			credential := ""
			if up.cred != nil {
				credential = up.cred.cred.Name()
			}
			_, err := set.Get(up.limit, credential).Acquire(t.Context(), limiter.Call{NoWait: true})
			if refused, ok := errors.AsType[*limiter.Refused](err); !ok || refused.RetryAfter != 2*time.Second {
				t.Errorf("after two departures at 1/s of %s the next got %v, want a refusal for two seconds", up.limit, err)
			}
		}
	})
}

// between does something while a call has its place and has not left yet.
type between struct {
	next http.RoundTripper
	then func()
}

func (b between) RoundTrip(r *http.Request) (*http.Response, error) {
	b.then()
	return b.next.RoundTrip(r)
}
