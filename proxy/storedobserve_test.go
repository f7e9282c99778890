package proxy

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
)

func observing(cfg *config.Config) { cfg.Mode = config.Observe }

// TestObserveCountsRPC asks for single calls and batches. All go upstream as they
// are; counted are those that would not have.
func TestObserveCountsRPC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := newNumberedRPC()
		up.fails["getEventOffer"] = true
		r := newCacheBubble(t, up, observing)
		pass := func(id string) string { return rpcCall(id, "getPassOffer", `{"offerId":"P1"}`) }
		rental := func(id string) string { return rpcCall(id, "getRentalOffer", `{"offerId":"R1"}`) }
		event := func(id string) string { return rpcCall(id, "getEventOffer", `{"offerId":"E1"}`) }
		write := rpcCall("9", "updatePassOffer", `{"offerId":"P1","offerData":{}}`)
		batch := func(calls ...string) string { return "[" + strings.Join(calls, ",") + "]" }
		hits := 0
		for _, step := range []struct {
			body string
			hit  bool
		}{
			{pass("1"), false},
			{pass("2"), true},
			{event("1"), false},
			{event("2"), false}, // an error is never stored
			{batch(pass("1"), rental("2")), false},
			{batch(pass("3"), rental("4")), true},
			{batch(rental("1"), event("2")), false},
			{rental("5"), true},
			{write, false},
			{pass("6"), false},
			{pass("7"), true},
		} {
			if step.hit {
				hits++
			}
			calls := up.calls.Load()
			a := r.rpc(step.body)
			if got := r.count("observed hit"); got != hits {
				t.Errorf("%s: %d hits counted, want %d", step.body, got, hits)
				hits = got
			}
			if a.StatusCode != 200 || a.Header.Get("Cache-Status") != "" || up.calls.Load() != calls+1 {
				t.Errorf("%s: %d, %q, %d calls upstream", step.body, a.StatusCode, a.Header.Get("Cache-Status"), up.calls.Load()-calls)
			}
		}
		up.delay = time.Second
		var burst sync.WaitGroup
		for range 4 {
			burst.Go(func() { r.rpc(rpcCall("1", "getVodOffer", `{"offerId":"V1"}`)) })
		}
		burst.Wait()
		if got := r.count("observed join"); got != 3 {
			t.Errorf("%d of 4 identical calls would have joined", got)
		}
	})
}

// TestObserveLeavesRPCBodiesAlone sends replies that cannot be looked at.
func TestObserveLeavesRPCBodiesAlone(t *testing.T) {
	long := `{"id":"1","result":"` + strings.Repeat("x", 5<<20) + `","error":null}`
	for name, c := range map[string]struct{ coding, body string }{
		"compressed": {"gzip", "\x1f\x8b not really"},
		"no JSON":    {"", "<html>"},
		"long":       {"", long},
	} {
		up := count(func(w http.ResponseWriter, _ *http.Request) {
			if c.coding != "" {
				w.Header().Set("Content-Encoding", c.coding)
			}
			_, _ = w.Write([]byte(c.body))
		})
		r := newCacheRig(t, up, observing)
		for range 2 {
			if a := r.rpc(rpcCall("1", "getPassOffer", `{"offerId":"P1"}`)); a.body != c.body {
				t.Errorf("%s: %d bytes of %d came", name, len(a.body), len(c.body))
			}
		}
		if n := r.count("observed hit"); n != 0 {
			t.Errorf("%s: %d hits counted", name, n)
		}
	}
}
