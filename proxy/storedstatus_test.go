package proxy

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestRFC9211_2_2_WhyACallWasForwarded asks in ways that a stored answer may and
// may not serve.
func TestRFC9211_2_2_WhyACallWasForwarded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := count(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "max-age=10, must-revalidate"+r.URL.Query().Get("more"))
		})
		r := newCacheBubble(t, up)
		for _, step := range []struct {
			path, directives string
			after            time.Duration
			want             string
		}{
			{"/3.1/passes", "", 0, "fwd=miss; stored"},
			{"/3.1/passes", "", time.Second, "hit; ttl=9"},
			{"/3.1/passes", "no-cache", time.Second, "fwd=request; stored"},
			{"/3.1/passes", "max-age=1", 2 * time.Second, "fwd=request; stored"},
			{"/3.1/passes", "min-fresh=60", 0, "fwd=request; stored"},
			{"/3.1/passes", "", 10 * time.Second, "fwd=stale; stored"},
			{"/3.1/passes", "no-cache", 11 * time.Second, "fwd=stale; stored"},
			{"/3.1/passes", "no-store", 11 * time.Second, "fwd=bypass; detail=request-no-store"},
		} {
			time.Sleep(step.after)
			a := r.do(http.MethodGet, step.path, nil, "Cache-Control", step.directives)
			if got := a.Header.Get("Cache-Status"); !strings.HasPrefix(got, "cleengate; "+step.want) {
				t.Errorf("%s after %s: %q, want %q", step.directives, step.after, got, step.want)
			}
		}
		time.Sleep(time.Minute)
	})
}

// TestRFC9111_4_AgeOfABatch puts answers of different ages together.
func TestRFC9111_4_AgeOfABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newCacheBubble(t, newNumberedRPC())
		a, b, c := rpcCall("1", "getPassOffer", `{"offerId":"P1"}`), rpcCall("2", "getEventOffer", `{"offerId":"E1"}`), rpcCall("3", "getRentalOffer", `{"offerId":"R1"}`)
		r.rpc(a)
		time.Sleep(20 * time.Second)
		r.rpc(b)
		time.Sleep(5 * time.Second)
		if got := r.rpc("[" + b + "," + a + "]").Header.Get("Age"); got != "25" {
			t.Errorf("of the oldest of two: %q", got)
		}
		if got := r.rpc("[" + c + "," + a + "]").Header.Get("Age"); got != "25" {
			t.Errorf("of a stored one beside a new one: %q", got)
		}
		time.Sleep(time.Minute)
	})
}
