package proxy

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// numberedRPC answers JSON-RPC calls with their method, the number of the call
// and the id as a string, as Cleeng does. It remembers the bodies.
type numberedRPC struct {
	counting
	mu     sync.Mutex
	bodies []string
	fails  map[string]bool // methods that answer with an error
	delay  time.Duration
}

func newNumberedRPC() *numberedRPC {
	u := &numberedRPC{fails: map[string]bool{}}
	u.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		u.mu.Lock()
		u.bodies = append(u.bodies, string(body))
		u.mu.Unlock()
		time.Sleep(u.delay)
		w.Header().Set("Content-Type", "application/json")
		var batch []json.RawMessage
		if json.Unmarshal(body, &batch) != nil {
			_, _ = io.WriteString(w, u.reply(body))
			return
		}
		replies := make([]string, len(batch))
		for i := range batch {
			replies[i] = u.reply(batch[i])
		}
		_, _ = io.WriteString(w, "["+strings.Join(replies, ",")+"]")
	})
	return u
}

func (u *numberedRPC) reply(call []byte) string {
	var c struct {
		Method string          `json:"method"`
		ID     json.RawMessage `json:"id"`
	}
	_ = json.Unmarshal(call, &c)
	id := strings.Trim(string(c.ID), `"`)
	if u.fails[c.Method] {
		return fmt.Sprintf(`{"id":"%s","result":null,"error":{"code":4,"message":"no such offer"},"jsonrpc":"2.0"}`, id)
	}
	return fmt.Sprintf(`{"id":"%s","result":"%s %d","error":null,"jsonrpc":"2.0"}`, id, c.Method, u.calls.Load())
}

func (u *numberedRPC) seen() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.bodies
}

func rpcCall(id, method, params string) string {
	return `{"method":"` + method + `","params":` + params + `,"id":` + id + `,"jsonrpc":"2.0"}`
}

func ok(id, method string, call int) string {
	return fmt.Sprintf(`{"id":"%s","result":"%s %d","error":null,"jsonrpc":"2.0"}`, id, method, call)
}

func (r *rig) rpc(body string, fields ...string) *answer {
	return r.do(http.MethodPost, "/3.0/json-rpc", strings.NewReader(body), fields...)
}

func TestRPCReadIsAnsweredUnderTheCallersOwnID(t *testing.T) {
	up := newNumberedRPC()
	r := newCacheRig(t, up)
	const method = "getSubscriptionOffer"
	wantStatus(t, r.rpc(rpcCall("1", method, `{"offerId":"S1_US","b":1}`)), 200, "fwd=miss", ok("1", method, 1))
	for _, id := range []string{"2", `"x"`} {
		hit := r.rpc(rpcCall(id, method, ` { "b" : 1, "offerId":"S1_US"}`))
		wantStatus(t, hit, 200, "hit", ok(strings.Trim(id, `"`), method, 1))
		if got := hit.Header.Get("Content-Length"); got != fmt.Sprint(len(hit.body)) {
			t.Errorf("Content-Length %s of %d bytes", got, len(hit.body))
		}
	}
	wantStatus(t, r.rpc(rpcCall("3", method, `{"offerId":"S1_US","b":2}`)), 200, "fwd=miss", ok("3", method, 2))
	wantStatus(t, r.rpc(rpcCall("4", method, `{"offerId":"S1_US","b":1.0}`)), 200, "fwd=miss", ok("4", method, 3))
}

func TestRPCErrorIsNeverStored(t *testing.T) {
	up := newNumberedRPC()
	up.fails["getSubscriptionOffer"] = true
	r := newCacheRig(t, up)
	for range 2 {
		r.rpc(rpcCall("1", "getSubscriptionOffer", `{"offerId":"S1"}`))
	}
	if n := up.calls.Load(); n != 2 {
		t.Errorf("%d calls", n)
	}
}

func TestRPCBatchSendsOnlyWhatIsMissing(t *testing.T) {
	up := newNumberedRPC()
	r := newCacheRig(t, up)
	a, b, c := rpcCall("1", "getPassOffer", `{"offerId":"P1"}`), rpcCall("2", "getEventOffer", `{"offerId":"E1"}`), rpcCall("3", "listPassOffers", `{}`)
	wantStatus(t, r.rpc("["+b+"]"), 200, "fwd=miss; stored", "["+ok("2", "getEventOffer", 1)+"]")
	wantStatus(t, r.rpc("["+a+","+b+","+c+"]"), 200, "fwd=miss; stored",
		"["+ok("1", "getPassOffer", 2)+","+ok("2", "getEventOffer", 1)+","+ok("3", "listPassOffers", 2)+"]")
	if second := up.seen()[1]; strings.Contains(second, "getEventOffer") || !strings.Contains(second, "getPassOffer") || !strings.Contains(second, testKey) {
		t.Errorf("sent upstream: %s", second)
	}
	d := rpcCall(`"nine"`, "listPassOffers", `{}`)
	wantStatus(t, r.rpc("["+d+","+a+"]"), 200, "hit", "["+ok("nine", "listPassOffers", 2)+","+ok("1", "getPassOffer", 2)+"]")
	wantStatus(t, r.rpc(a), 200, "hit", ok("1", "getPassOffer", 2))
	if n := up.calls.Load(); n != 2 {
		t.Errorf("%d calls", n)
	}
}

func TestRPCWritesMakeReadsStale(t *testing.T) {
	up := newNumberedRPC()
	r := newCacheRig(t, up)
	read, other := rpcCall("1", "getSubscriptionOffer", `{"offerId":"S1"}`), rpcCall("1", "getSubscriptionOffer", `{"offerId":"S2"}`)
	r.rpc(read)
	r.rpc(other)
	r.do(http.MethodGet, "/3.1/offers/S1_US", nil)
	r.rpc(rpcCall("2", "updateSubscriptionOffer", `{"offerId":"S1_US","offerData":{}}`))
	wantStatus(t, r.rpc(read), 200, "fwd=miss", ok("1", "getSubscriptionOffer", 5))
	wantStatus(t, r.rpc(other), 200, "hit", ok("1", "getSubscriptionOffer", 2))
	if a := r.do(http.MethodGet, "/3.1/offers/S1_US", nil); !strings.Contains(a.Header.Get("Cache-Status"), "fwd=miss") {
		t.Errorf("the same offer on another surface: %s", a.Header.Get("Cache-Status"))
	}
	r.rpc(rpcCall("3", "someNewMethod", `{}`)) // what is not known is a write of anything
	wantStatus(t, r.rpc(other), 200, "fwd=miss", ok("1", "getSubscriptionOffer", 8))
	// A read in a batch with a write may have to see what that did.
	r.rpc("[" + rpcCall("4", "updateSubscriptionOffer", `{"offerId":"S9"}`) + "," + other + "]")
	if last := up.seen()[len(up.seen())-1]; !strings.Contains(last, "getSubscriptionOffer") {
		t.Errorf("sent upstream: %s", last)
	}
}

func TestRPCIdentitiesAreApart(t *testing.T) {
	up := newNumberedRPC()
	r := newCacheRig(t, up)
	call := func(token string) string {
		return rpcCall("1", "getCustomer", `{"customerToken":"`+token+`"}`)
	}
	wantStatus(t, r.rpc(call("alice-token")), 200, "fwd=miss", ok("1", "getCustomer", 1))
	wantStatus(t, r.rpc(call("bob-token")), 200, "fwd=miss", ok("1", "getCustomer", 2))
	wantStatus(t, r.rpc(call("alice-token")), 200, "hit", ok("1", "getCustomer", 1))
}

func TestRPCIdenticalColdCallsAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := newNumberedRPC()
		up.delay = time.Second
		r := newCacheBubble(t, up, patient)
		var calls sync.WaitGroup
		for i := range 20 {
			calls.Go(func() {
				id := fmt.Sprint(i)
				if a := r.rpc(rpcCall(id, "getPassOffer", `{"offerId":"P1"}`)); a.body != ok(id, "getPassOffer", 1) {
					t.Errorf("call %s got %s", id, a.body)
				}
			})
		}
		calls.Wait()
		if n := up.calls.Load(); n != 1 {
			t.Errorf("%d calls upstream", n)
		}
	})
}

func TestRPCStaleElementsFillInForAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := newNumberedRPC()
		broken := false
		inner := up.Handler
		up.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if broken {
				w.WriteHeader(503)
				return
			}
			inner.ServeHTTP(w, r)
		})
		r := newCacheBubble(t, up, noRetries)
		batch := "[" + rpcCall("1", "getPassOffer", `{"offerId":"P1"}`) + "," + rpcCall("2", "getPassOffer", `{"offerId":"P2"}`) + "]"
		first := r.rpc(batch)
		time.Sleep(5 * time.Minute)
		broken = true
		if a := r.rpc(batch); a.StatusCode != 200 || a.body != first.body {
			t.Errorf("got %d %s", a.StatusCode, a.body)
		}
	})
}

// TestRPCIsNeverAskedConditionally has a reply with a validator: a condition on a
// POST would mean that it is not to be carried out.
func TestRPCIsNeverAskedConditionally(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var conditions []string
		up := newNumberedRPC()
		inner := up.Handler
		up.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conditions = append(conditions, r.Header.Get("If-None-Match")+r.Header.Get("If-Modified-Since"))
			w.Header().Set("ETag", `"1"`)
			w.Header().Set("Last-Modified", "Mon, 01 Jan 1990 00:00:00 GMT")
			inner.ServeHTTP(w, r)
		})
		r := newCacheBubble(t, up)
		call := rpcCall("1", "getPassOffer", `{"offerId":"P1"}`)
		r.rpc(call)
		time.Sleep(5 * time.Minute)
		r.rpc(call) // stale, validated in the background
		time.Sleep(time.Hour)
		wantStatus(t, r.rpc(call), 200, "fwd=stale", ok("1", "getPassOffer", 3))
		for _, c := range conditions {
			if c != "" {
				t.Errorf("asked with %s", c)
			}
		}
	})
}
