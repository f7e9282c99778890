package proxy

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
)

const newPair = `{"responseData":{"jwt":"j2","refreshToken":"r2"},"errors":[]}`

func TestPromise06_TwoTabsOneRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var arrivals atomic.Int32
		r := newLimitedRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			_, _ = io.Copy(io.Discard, req.Body)
			if arrivals.Add(1) > 1 {
				w.WriteHeader(http.StatusUnprocessableEntity)
				return
			}
			time.Sleep(2 * time.Second)
			w.Header().Set("X-Kept", "yes")
			_, _ = io.WriteString(w, newPair)
		}))
		const path, body = "/auths/refresh_token", `{"refreshToken":"r1"}`
		ctx, leave := context.WithCancel(t.Context())
		gone := make(chan struct{})
		go func() { // the first tab closes at once
			defer close(gone)
			req, _ := http.NewRequestWithContext(ctx, http.MethodPost, r.url+path, strings.NewReader(body))
			if resp, err := r.client().RoundTrip(req); err == nil {
				_ = resp.Body.Close()
				t.Error("it did not leave")
			}
		}()
		synctest.Wait()
		leave()
		<-gone
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				a := r.do("POST", path, strings.NewReader(body))
				if a.StatusCode != 200 || a.body != newPair || a.Header.Get("X-Kept") != "yes" {
					t.Errorf("%d %s", a.StatusCode, a.body)
				}
			})
		}
		wg.Wait()
		if a := r.do("POST", path, strings.NewReader(body)); a.body != newPair || arrivals.Load() != 1 {
			t.Errorf("within the grace time: %q, %d arrivals", a.body, arrivals.Load())
		}
		time.Sleep(11 * time.Second)
		if a := r.do("POST", path, strings.NewReader(body)); a.StatusCode != 422 || arrivals.Load() != 2 {
			t.Errorf("after it: %d, %d arrivals", a.StatusCode, arrivals.Load())
		}
	})
}

func TestThrottledRefreshIsWaitedOut(t *testing.T) {
	for _, body := range []string{`{"message":"Too Many Requests"}`, `{"errors":["Too many requests"],"code":"X"}`} {
		synctest.Test(t, func(t *testing.T) {
			var arrivals atomic.Int32
			r := newLimitedRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				_, _ = io.Copy(io.Discard, req.Body)
				if arrivals.Add(1) == 1 {
					throttle(w, "12", body) // longer than the usual patience
					return
				}
				_, _ = io.WriteString(w, newPair)
			}))
			a := r.do("POST", "/auths/refresh_token", strings.NewReader(`{"refreshToken":"r1"}`))
			if a.StatusCode != 200 || a.body != newPair || arrivals.Load() != 2 {
				t.Errorf("%d %s after %d arrivals", a.StatusCode, a.body, arrivals.Load())
			}
		})
	}
}

// Only the end of its patience lets a throttle of a refresh reach the app.
func TestPromise04_RefreshOutlastsManyThrottles(t *testing.T) {
	for throttles, want := range map[int32]int{4: http.StatusOK, 1000: http.StatusTooManyRequests} {
		synctest.Test(t, func(t *testing.T) {
			var arrivals atomic.Int32
			r := newLimitedRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				_, _ = io.Copy(io.Discard, req.Body)
				if arrivals.Add(1) <= throttles {
					throttle(w, "", `{"message":"Too Many Requests"}`) // pauses of 1, 2, 4, 8, 16 s
					return
				}
				_, _ = io.WriteString(w, newPair)
			}))
			began := time.Now()
			a := r.do("POST", "/auths/refresh_token", strings.NewReader(`{"refreshToken":"r1"}`))
			if a.StatusCode != want || arrivals.Load() != 5 {
				t.Errorf("%d %s after %d arrivals", a.StatusCode, a.body, arrivals.Load())
			}
			if took := time.Since(began); took < 15*time.Second || took > 18*time.Second {
				t.Errorf("after %v", took)
			}
		})
	}
}

func TestRefreshIsNeverSentTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var arrivals atomic.Int32
		r := newLimitedRig(t, http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
			_, _ = io.Copy(io.Discard, req.Body)
			arrivals.Add(1)
			panic(http.ErrAbortHandler) // handled, and the answer is lost
		}))
		if a := r.do("POST", "/auths/refresh_token", strings.NewReader(`{"refreshToken":"r1"}`)); a.StatusCode != 502 || arrivals.Load() != 1 {
			t.Errorf("%d after %d arrivals", a.StatusCode, arrivals.Load())
		}
	})
}

func TestDifferentRefreshesStayApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newLimitedRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			b, _ := io.ReadAll(req.Body)
			_, _ = io.WriteString(w, `{"responseData":{"jwt":"j","refreshToken":"for `+strings.ReplaceAll(string(b), `"`, "")+`"}}`)
		}))
		one := r.do("POST", "/auths/refresh_token", strings.NewReader(`{"refreshToken":"r1"}`)).body
		other := r.do("POST", "/auths/refresh_token", strings.NewReader(`{"refreshToken":"r2"}`)).body
		if one == other {
			t.Errorf("both got %s", one)
		}
	})
}

func TestRefreshThatComesDropByDropEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var arrivals atomic.Int32
		r := newLimitedRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			_, _ = io.Copy(io.Discard, req.Body)
			arrivals.Add(1)
			for range 10000 {
				_, _ = io.WriteString(w, " ")
				w.(http.Flusher).Flush()
				select {
				case <-time.After(time.Second):
				case <-req.Context().Done():
					return
				}
			}
		}))
		began := time.Now()
		a := r.do("POST", "/auths/refresh_token", strings.NewReader(`{"refreshToken":"r1"}`))
		if took := time.Since(began); a.StatusCode != 504 || took > 31*time.Second || arrivals.Load() != 1 {
			t.Errorf("%d %s after %v and %d arrivals", a.StatusCode, a.body, took, arrivals.Load())
		}
	})
}

// TestRefreshIsFirstInLine: a customer's refresh passes a queue of other calls.
func TestRefreshIsFirstInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSimRig(t, nil, func(c *config.Config) {
			l := c.Limits["mediastore"]
			l.Rate, _ = config.ParseRate("5/s")
			c.Limits["mediastore"] = l
		})
		a := r.do("POST", "/auths", strings.NewReader(`{"email":"john@example.com","password":"Sunny-Day-42","publisherId":870553921}`))
		var login struct{ ResponseData struct{ RefreshToken string } }
		if err := json.Unmarshal([]byte(a.body), &login); err != nil || a.StatusCode != 200 {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
		r.warmUp()
		done := make(chan struct{})
		go func() {
			defer close(done)
			if got := r.flood(100, "Prefer", "wait=60", "Priority", "u=0"); got[200] != 100 {
				t.Errorf("the others saw %v", got)
			}
		}()
		time.Sleep(2 * time.Second)
		began := time.Now()
		a = r.do("POST", "/auths/refresh_token", strings.NewReader(`{"refreshToken":"`+login.ResponseData.RefreshToken+`"}`))
		if took := time.Since(began); a.StatusCode != 200 || took > 500*time.Millisecond {
			t.Errorf("%d %s after %v", a.StatusCode, a.body, took)
		}
		<-done
	})
}
