package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
)

// slowly answers after d, or when its caller leaves.
func slowly(d time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-time.After(d):
			_, _ = io.WriteString(w, "done")
		case <-r.Context().Done():
		}
	})
}

func TestPatienceAndTimeouts(t *testing.T) {
	for _, tt := range []struct {
		name, method, path string
		upstream           time.Duration
		prefer             string
		status             int
		code               string
		after              time.Duration
		failure            error // of the attempt, as the record shows it
	}{
		{"in time", "GET", "/3.1/offers", 7 * time.Second, "", 200, "", 7 * time.Second, nil},
		{"read past the default patience", "GET", "/3.1/offers", time.Minute, "", 504, CodeUpstreamTimeout, 7500 * time.Millisecond, errPatienceUpstream},
		{"read with less patience", "GET", "/3.1/offers", time.Minute, "wait=2", 504, CodeUpstreamTimeout, 2 * time.Second, errPatienceUpstream},
		{"attempt timeout before a long patience", "GET", "/3.1/offers", time.Minute, "wait=60", 504, CodeUpstreamTimeout, 8 * time.Second, errAttemptTimeout},
		{"write is not cut by patience", "POST", "/3.1/offers", 20 * time.Second, "wait=2", 200, "", 20 * time.Second, nil},
		{"write is cut by its own timeout", "POST", "/3.1/offers", time.Minute, "", 504, CodeUpstreamTimeout, 30 * time.Second, errWriteTimeout},
		{"unknown endpoint is never cut early", "GET", "/3.1/new-thing", 20 * time.Second, "", 200, "", 20 * time.Second, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newBubbleRig(t, slowly(tt.upstream), noRetry)
				began := time.Now()
				var fields []string
				if tt.prefer != "" {
					fields = []string{"Prefer", tt.prefer}
				}
				var body io.Reader
				if tt.method == "POST" {
					body = strings.NewReader("{}")
				}
				a := r.do(tt.method, tt.path, body, fields...)
				if a.StatusCode != tt.status || (tt.code != "" && !strings.Contains(a.body, `"code":"`+tt.code+`"`)) {
					t.Errorf("%d %s", a.StatusCode, a.body)
				}
				if took := time.Since(began); took != tt.after {
					t.Errorf("answered after %v, want %v", took, tt.after)
				}
				want := ""
				if tt.failure != nil {
					want = tt.failure.Error()
				}
				if attempts := r.next(t).Attempts(); len(attempts) != 1 || attempts[0].Err != want {
					t.Errorf("recorded attempts %+v, want one that ended with %q", attempts, want)
				}
			})
		})
	}
}

func TestPromise03_DepartedWriteOutlivesItsCaller(t *testing.T) {
	for _, tt := range []struct {
		method  string
		outcome int
		cut     bool
	}{{"POST", 200, false}, {"GET", 0, true}} {
		t.Run(tt.method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cut := make(chan bool, 1)
				r := newBubbleRig(t, http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
					_, _ = io.Copy(io.Discard, req.Body)
					select {
					case <-time.After(5 * time.Second):
						cut <- false
					case <-req.Context().Done():
						cut <- true
					}
				}))
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				req, _ := http.NewRequestWithContext(ctx, tt.method, r.url+"/3.1/offers", strings.NewReader("x"))
				if resp, err := r.client().RoundTrip(req); err == nil {
					_ = resp.Body.Close()
					t.Fatal("the caller did not leave")
				}
				if got := <-cut; got != tt.cut {
					t.Errorf("cut upstream: %v, want %v", got, tt.cut)
				}
				rec := r.next(t)
				if rec.Status != 499 {
					t.Errorf("recorded status %d, want 499", rec.Status)
				}
				if got := rec.Attempts()[0].Status; got != tt.outcome {
					t.Errorf("outcome %d, want %d: the record is all that is left of it", got, tt.outcome)
				}
			})
		})
	}
}

func TestSlowBodiesAreNotCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newBubbleRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			n, _ := io.Copy(io.Discard, req.Body)
			for range 20 {
				time.Sleep(20 * time.Second)
				_, _ = w.Write([]byte{byte('0' + n%10)})
				_ = http.NewResponseController(w).Flush()
			}
		}))
		// Five minutes up and more than six down, with patience of 7.5 s.
		up, feed := io.Pipe()
		go func() {
			for range 15 {
				time.Sleep(20 * time.Second)
				_, _ = feed.Write([]byte("piece"))
			}
			_ = feed.Close()
		}()
		began := time.Now()
		a := r.do("PUT", "/3.1/anything", up)
		if a.StatusCode != 200 || a.body != strings.Repeat("5", 20) {
			t.Errorf("%d %q after %v", a.StatusCode, a.body, time.Since(began))
		}
	})
}

func TestStalledBodiesAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newBubbleRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			_, _ = io.Copy(io.Discard, req.Body)
			_, _ = io.WriteString(w, "begin")
			_ = http.NewResponseController(w).Flush()
			<-req.Context().Done()
		}))
		req, _ := http.NewRequestWithContext(t.Context(), "GET", r.url+"/3.1/offers", http.NoBody)
		resp, err := r.client().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err == nil || string(b) != "begin" || time.Since(began) > 31*time.Second {
			t.Errorf("%q %v after %v", b, err, time.Since(began))
		}

		stalled, feed := io.Pipe()
		defer func() { _ = feed.Close() }()
		began = time.Now()
		req, _ = http.NewRequestWithContext(t.Context(), "POST", r.url+"/3.1/offers", stalled)
		req.ContentLength = 10
		resp, err = r.client().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		b, _ = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != 400 || !strings.Contains(string(b), "timeouts.idle") || time.Since(began) > 40*time.Second {
			t.Errorf("%d %s after %v", resp.StatusCode, b, time.Since(began))
		}
	})
}

func TestUnreachableAndUnresolvable(t *testing.T) {
	for target, want := range map[string]string{
		"http://127.0.0.1:1": "Nothing was sent",
	} {
		r := newRigAt(t, target, noRetry)
		a := r.do("POST", "/3.1/orders", strings.NewReader("{}"))
		if a.StatusCode != 502 || !strings.Contains(a.body, `"code":"upstream_unreachable"`) || !strings.Contains(a.body, want) {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
		if got := a.Header.Get("Proxy-Status"); !strings.HasPrefix(got, "cleengate; error=destination_unavailable") {
			t.Errorf("Proxy-Status %q", got)
		}
	}
}

// TestOneArrivalOfAnIdempotencyKey is Go's own trap: http.Transport sends a POST with this
// field again by itself when a reused connection breaks.
func TestOneArrivalOfAnIdempotencyKey(t *testing.T) {
	for _, tt := range []struct{ method, body string }{{"POST", ""}, {"POST", "{}"}, {"GET", ""}} {
		t.Run(tt.method+tt.body, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				arrivals := 0
				r := newBubbleRig(t, http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
					_, _ = io.Copy(io.Discard, req.Body)
					if req.URL.Path == "/3.1/warm" {
						return
					}
					arrivals++
					if req.Header.Get("Idempotency-Key") != "k1" {
						t.Error("the field was lost")
					}
					panic(http.ErrAbortHandler) // read, and closed
				}), func(c *config.Config) { c.Retry.Attempts = 5 })
				r.do("GET", "/3.1/warm", nil)
				synctest.Wait()
				a := r.do(tt.method, "/3.1/unknown", strings.NewReader(tt.body), "Idempotency-Key", "k1")
				if a.StatusCode != 502 || arrivals != 1 {
					t.Errorf("status %d, %d arrivals", a.StatusCode, arrivals)
				}
			})
		})
	}
}

func TestReloadKeepsRequestsAndConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conns := make(map[string]bool)
		r := newBubbleRig(t, http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
			conns[req.RemoteAddr] = true
			time.Sleep(time.Second)
		}))
		before := r.view.Load()
		finished := make(chan int)
		go func() { finished <- r.do("GET", "/3.1/offers", nil).StatusCode }()
		synctest.Wait()
		next := *before.cfg
		next.Guard.AllowedHosts = []string{"more.internal"}
		if err := r.Apply(&next, testParts(t, &next)); err != nil {
			t.Fatal(err)
		}
		if status := <-finished; status != 200 {
			t.Errorf("the request under way ended with %d", status)
		}
		for i, up := range r.view.Load().upstreams {
			if up.transport != before.upstreams[i].transport {
				t.Errorf("%s got new connections", up.name)
			}
		}
		if a := r.do("GET", "/3.1/offers", nil, "Host", "more.internal"); a.StatusCode != 200 {
			t.Errorf("the new configuration is not in force: %d", a.StatusCode)
		}
	})
}

func TestErrorsOfAnAttemptSayWhetherItLeft(t *testing.T) {
	err := error(&sendError{cause: io.ErrUnexpectedEOF, departed: true})
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
}
