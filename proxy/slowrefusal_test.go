package proxy

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// drawnOut answers the first call with a refusal whose body takes 20 s to come.
func drawnOut(status int, arrivals *atomic.Int32, at func()) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if at(); arrivals.Add(1) > 1 {
			return
		}
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"message":`)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-time.After(20 * time.Second):
		case <-req.Context().Done():
			return
		}
		_, _ = io.WriteString(w, `"no"}`)
	})
}

// A throttle pauses its bucket however slowly the upstream explains itself.
func TestPromise05_ThrottleWhoseBodyIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var mu sync.Mutex
		var times []time.Duration
		var arrivals atomic.Int32
		r := newLimitedRig(t, drawnOut(http.StatusTooManyRequests, &arrivals, func() {
			mu.Lock()
			defer mu.Unlock()
			times = append(times, time.Since(began))
		}))
		first := make(chan *answer, 1)
		go func() { first <- r.do("GET", "/3.1/offers", nil, "Prefer", "wait=60") }()
		<-time.After(1500 * time.Millisecond)
		if a := r.do("GET", "/3.1/subscriptions", nil, "Prefer", "wait=60"); a.StatusCode != http.StatusOK {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
		if a := <-first; a.StatusCode != http.StatusOK {
			t.Errorf("the throttled call ended with %d %s", a.StatusCode, a.body)
		}
		if len(times) != 3 || times[1] < 5*time.Second || times[2] > 10*time.Second {
			t.Errorf("calls arrived after %v, want the second after the pause of 5 s", times)
		}
	})
}

// The app has the header of a refusal soon, and its body whole when that has come.
func TestRefusalWhoseBodyIsSlow(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		synctest.Test(t, func(t *testing.T) {
			var arrivals atomic.Int32
			r := newLimitedRig(t, drawnOut(status, &arrivals, func() {}))
			began := time.Now()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/3.1/offers", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := r.client().RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); resp.StatusCode != status || took > 3*time.Second {
				t.Errorf("%d after %v", resp.StatusCode, took)
			}
			body, err := io.ReadAll(resp.Body)
			if string(body) != `{"message":"no"}` || err != nil {
				t.Errorf("%q, %v", body, err)
			}
			_ = resp.Body.Close()
		})
	}
}

// A JSON-RPC reply that comes drop by drop passes on, unread.
func TestReplyWhoseBodyIsSlow(t *testing.T) {
	const reply = `{"result":{"items":[]},"id":1,"jsonrpc":"2.0"}`
	synctest.Test(t, func(t *testing.T) {
		r := newLimitedRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			_, _ = io.Copy(io.Discard, req.Body)
			for i := range reply {
				_, _ = io.WriteString(w, reply[i:i+1])
				_ = http.NewResponseController(w).Flush()
				select {
				case <-time.After(time.Second):
				case <-req.Context().Done():
					return
				}
			}
		}))
		began := time.Now()
		body := strings.NewReader(`{"method":"listSubscriptionOffers","params":{},"id":1,"jsonrpc":"2.0"}`)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/3.0/json-rpc", body)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := r.client().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); resp.StatusCode != http.StatusOK || took > 11*time.Second {
			t.Errorf("%d after %v", resp.StatusCode, took)
		}
		if got, err := io.ReadAll(resp.Body); err != nil || string(got) != reply {
			t.Errorf("%q, %v", got, err)
		}
		_ = resp.Body.Close()
	})
}
