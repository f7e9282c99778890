package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
)

// failing answers the first n calls in the given way and the rest well.
func failing(n int32, arrivals *atomic.Int32, how func(http.ResponseWriter)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if arrivals.Add(1) <= n {
			how(w)
			return
		}
		_, _ = w.Write(append([]byte("ok "), body...))
	})
}

func TestPromise03_WhatIsRepeated(t *testing.T) {
	status := func(code int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(code) }
	}
	broken := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	for _, tt := range []struct {
		name, method, path string
		how                func(http.ResponseWriter)
		arrivals           int32
		status             int
	}{
		{"read, 500", "GET", "/3.1/offers", status(500), 2, 200},
		{"read, 503", "GET", "/3.1/offers", status(503), 2, 200},
		{"read, broken", "GET", "/3.1/offers", broken, 2, 200},
		{"idempotent write, 502", "PATCH", "/3.1/offers/S1", status(502), 2, 200},
		{"idempotent write, broken", "PATCH", "/3.1/offers/S1", broken, 2, 200},
		{"creation, 500", "POST", "/3.1/offers", status(500), 1, 500},
		{"creation, broken", "POST", "/3.1/offers", broken, 1, 502},
		{"e-mail, 503", "POST", "/3.1/customers/request_password_reset", status(503), 1, 503},
		{"unknown read, 500", "GET", "/3.1/new", status(500), 1, 500},
		{"read of an abnormal path", "GET", "/3.1/x/../offers", status(500), 1, 500},
		{"read, 501", "GET", "/3.1/offers", status(501), 1, 501},
		{"read, 404", "GET", "/3.1/offers", status(404), 1, 404},
		{"read, 403", "GET", "/3.1/offers", status(403), 1, 403},
		{"payment, 500", "POST", "/3.1/payments", status(500), 1, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var arrivals atomic.Int32
				r := newBubbleRig(t, failing(1, &arrivals, tt.how))
				var body io.Reader
				if tt.method != "GET" {
					body = strings.NewReader("payload")
				}
				a := r.do(tt.method, tt.path, body)
				if a.StatusCode != tt.status || arrivals.Load() != tt.arrivals {
					t.Errorf("status %d after %d arrivals, want %d after %d; attempts %+v", a.StatusCode, arrivals.Load(), tt.status, tt.arrivals, r.next(t).Attempts())
				}
				if tt.status == 200 && tt.method != "GET" && a.body != "ok payload" {
					t.Errorf("the repeat carried %q", a.body)
				}
			})
		})
	}
}

// A call whose connection could not even be made was not sent, so anything may
// go again.
func TestPromise03_WhatDidNotDepartMayGoAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var arrivals atomic.Int32
		r := newBubbleRig(t, failing(0, &arrivals, nil))
		dial, refusals := r.network.DialContext, 0
		for _, up := range r.view.Load().upstreams {
			up.transport.DialContext = counted(func(ctx context.Context, network, address string) (net.Conn, error) {
				if refusals++; refusals == 1 {
					return nil, fmt.Errorf("connection refused")
				}
				return dial(ctx, network, address)
			})
		}
		a := r.do("POST", "/3.1/orders", strings.NewReader("{}"))
		if a.StatusCode != 200 || arrivals.Load() != 1 || r.count("retried connect") != 1 {
			t.Errorf("%d %s, %d arrivals", a.StatusCode, a.body, arrivals.Load())
		}
	})
}

func TestRetryWaitsAsLongAsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var arrivals atomic.Int32
		r := newBubbleRig(t, failing(1, &arrivals, func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(503)
		}))
		began := time.Now()
		if a := r.do("GET", "/3.1/offers", nil); a.StatusCode != 200 || time.Since(began) < 3*time.Second {
			t.Errorf("%d after %v", a.StatusCode, time.Since(began))
		}
		arrivals.Store(0)
		began = time.Now()
		a := r.do("GET", "/3.1/offers", nil, "Prefer", "wait=2")
		if a.StatusCode != 503 || time.Since(began) > time.Second {
			t.Errorf("%d after %v: a wait past the patience helps nobody", a.StatusCode, time.Since(began))
		}
	})
}

// A date is of the upstream's clock, which may be an hour off.
func TestRetryAfterAsADate(t *testing.T) {
	now := time.Now()
	upstream := now.Add(-time.Hour).Truncate(time.Second)
	at := upstream.Add(3 * time.Second).UTC().Format(http.TimeFormat)
	h := http.Header{"Retry-After": {at}, "Date": {upstream.UTC().Format(http.TimeFormat)}}
	if wait := retryAfter(h, now); wait != 3*time.Second {
		t.Errorf("wait %v, want 3s", wait)
	}
	for _, odd := range []string{"", "-1", "1e18", "soon", "99999999999", "Thu, 01 Jan 1970 00:00:00 GMT"} {
		if wait := retryAfter(http.Header{"Retry-After": {odd}}, now); wait != 0 {
			t.Errorf("Retry-After %q is a wait of %v", odd, wait)
		}
	}
}

func TestRetryBudgetBoundsAmplification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var arrivals atomic.Int32
		r := newBubbleRig(t, failing(1<<30, &arrivals, func(w http.ResponseWriter) { w.WriteHeader(500) }))
		const calls = 200
		for range calls {
			r.do("GET", "/3.1/offers", nil)
		}
		elapsedFloor := 3.0 // the floor, and what came back of it in the time that passed is part of it
		if got, limit := float64(arrivals.Load()), calls*1.2+elapsedFloor+float64(calls)/8; got > limit {
			t.Errorf("%v arrivals for %d calls, want at most %v", got, calls, limit)
		}
		if r.count("budget exhausted") == 0 {
			t.Error("the budget never ran out")
		}
	})
}

func TestObserveModeRepeatsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var arrivals atomic.Int32
		r := newBubbleRig(t, failing(1, &arrivals, func(w http.ResponseWriter) { w.WriteHeader(500) }), func(c *config.Config) { c.Mode = config.Observe })
		if a := r.do("GET", "/3.1/offers", nil); a.StatusCode != 500 || arrivals.Load() != 1 || r.count("observed retry") != 1 {
			t.Errorf("%d, %d arrivals", a.StatusCode, arrivals.Load())
		}
	})
}
