package simulator_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

// newSubscription is a write that shows in the data and has a natural key.
func newSubscription(key string) m {
	return m{"customerId": simulator.OtherCustomerID, "offerId": simulator.YearlyOfferID, "paymentMethodId": 146, "externalId": key}
}

func faults(f ...simulator.Fault) func(k *simulator.Knobs) {
	return func(k *simulator.Knobs) { k.Faults = f }
}

// TestFaultsLeaveTheRightTrace checks for each kind what the caller sees and
// whether the write was carried out.
func TestFaultsLeaveTheRightTrace(t *testing.T) {
	for _, c := range []struct {
		fault   simulator.Fault
		status  int // 0: the connection breaks before a status
		broken  bool
		carried int
	}{
		{simulator.Fault{Kind: simulator.FaultResetBefore}, 0, true, 0},
		{simulator.Fault{Kind: simulator.FaultResetDuring}, 0, true, 0},
		{simulator.Fault{Kind: simulator.FaultResetAfter}, 0, true, 1},
		{simulator.Fault{Kind: simulator.FaultResetBefore, Handled: true}, 0, true, 1},
		{simulator.Fault{Kind: simulator.FaultStatus, Status: 503}, 503, false, 0},
		{simulator.Fault{Kind: simulator.FaultStatus, Status: 503, Handled: true}, 503, false, 1},
		{simulator.Fault{Kind: simulator.FaultThrottle}, 429, false, 0},
		{simulator.Fault{Kind: simulator.FaultUnauthorized}, 401, false, 0},
		{simulator.Fault{Kind: simulator.FaultRedirect, Location: "http://elsewhere.test/"}, 302, false, 0},
		{simulator.Fault{Kind: simulator.FaultRedirect, Location: "/", Status: 307}, 307, false, 0},
		{simulator.Fault{Kind: simulator.FaultBody, Body: "{}"}, 200, false, 1},
		{simulator.Fault{Kind: simulator.FaultGarbage}, 200, false, 1},
		{simulator.Fault{Kind: simulator.FaultHTML, Status: 502}, 502, false, 1},
		{simulator.Fault{Kind: simulator.FaultCutBody}, 201, true, 1},
		{simulator.Fault{Kind: simulator.FaultLongLength}, 201, true, 1},
		{simulator.Fault{Kind: simulator.FaultShortLength}, 201, false, 1},
		{simulator.Fault{Kind: simulator.FaultTwoLengths}, 0, true, 1},
		{simulator.Fault{Kind: simulator.FaultChunked}, 201, false, 1},
		{simulator.Fault{Kind: simulator.FaultHuge, Bytes: 3 << 20}, 201, false, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, faults(c.fault))
			a := r.core("POST", "/subscriptions", newSubscription("k"))
			if a.status != c.status || (a.err != nil) != c.broken {
				t.Errorf("%+v: status %d, error %v", c.fault, a.status, a.err)
			}
			if n := r.sim.CarriedOut("externalId", "k"); n != c.carried {
				t.Errorf("%+v: carried out %d times, want %d", c.fault, n, c.carried)
			}
			if n := r.sim.Counters().Faults[c.fault.Kind]; n != 1 {
				t.Errorf("%+v: counted %d strikes", c.fault, n)
			}
		})
	}
}

func TestHangsEndWhenTheCallerLeaves(t *testing.T) {
	for kind, carried := range map[string]int{simulator.FaultHangBefore: 0, simulator.FaultHangAfter: 1, simulator.FaultStallBody: 1} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, faults(simulator.Fault{Kind: kind}))
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			began := time.Now()
			a := r.doCtx(ctx, "POST", "/3.1/subscriptions", newSubscription("k"), "X-Publisher-Token", simulator.PublisherKey)
			if !errors.Is(a.err, context.DeadlineExceeded) || time.Since(began) != time.Hour {
				t.Errorf("%s: %v after %v", kind, a.err, time.Since(began))
			}
			if n := r.sim.CarriedOut("externalId", "k"); n != carried {
				t.Errorf("%s: carried out %d times", kind, n)
			}
		})
	}
}

func TestRulesSkipCountRateAndMatch(t *testing.T) {
	r := start(t, faults(
		simulator.Fault{Kind: simulator.FaultStatus, Status: 503, Match: "GET /3.1/offers/*", Skip: 1, Count: 2},
		simulator.Fault{Kind: simulator.FaultStatus, Status: 500, Match: "POST *"},
		simulator.Fault{Kind: simulator.FaultStatus, Status: 502, Match: "/3.1/subscriptions/{subscriptionId}"},
	))
	var got []int
	for range 5 {
		got = append(got, r.core("GET", "/offers/"+simulator.MonthlyOfferID, nil).status)
	}
	if want := []int{200, 503, 503, 200, 200}; !equalInts(got, want) {
		t.Errorf("skip 1, count 2: %v, want %v", got, want)
	}
	r.core("GET", "/offers", nil).want(t, 200)
	r.core("POST", "/subscriptions", m{}).want(t, 500)
	r.core("GET", "/subscriptions/400000001", nil).want(t, 502)

	tune(t, r, faults(simulator.Fault{Kind: simulator.FaultStatus, Status: 500, Rate: 0.3}))
	failed := 0
	for range 1000 {
		if r.core("GET", "/offers", nil).status == 500 {
			failed++
		}
	}
	if failed < 250 || failed > 350 {
		t.Errorf("rate 0.3 struck %d of 1000", failed)
	}
}

func equalInts(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestLatencyIsDrawnFromTheDistribution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(k *simulator.Knobs) {
			k.Latency.Uplink, k.Latency.Downlink, k.Latency.DownlinkJitter = 10*time.Millisecond, 20*time.Millisecond, 40*time.Millisecond
		})
		for _, distribution := range []string{"uniform", "exponential", "normal"} {
			tune(t, r, func(k *simulator.Knobs) { k.Latency.Distribution = distribution })
			var sum time.Duration
			const n = 400
			for range n {
				began := time.Now()
				r.core("GET", "/offers", nil).want(t, 200)
				took := time.Since(began)
				if took < 10*time.Millisecond || distribution == "uniform" && took > 70*time.Millisecond {
					t.Fatalf("%s: %v", distribution, took)
				}
				sum += took
			}
			// uniform: 10+20+20; exponential: 10+20+40; normal: 10 + mean of max(0, N(20, 40)) = 37.9
			want := map[string]time.Duration{"uniform": 50, "exponential": 70, "normal": 38}[distribution] * time.Millisecond
			if mean := sum / n; mean < want*9/10 || mean > want*11/10 {
				t.Errorf("%s: mean %v, want about %v", distribution, mean, want)
			}
		}
	})
}

func TestDelaysAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(k *simulator.Knobs) {
			k.Latency.SlowRate, k.Latency.Slow = 1, 3*time.Second
			k.Faults = []simulator.Fault{
				{Kind: simulator.FaultDelay, Delay: time.Second},
				{Kind: simulator.FaultDelayAfter, Delay: 5 * time.Second},
				{Kind: simulator.FaultHeaders, Headers: map[string][]string{"retry-after": {"-1", "soon"}}},
			}
		})
		began := time.Now()
		a := r.core("GET", "/offers", nil)
		if took := time.Since(began); took != 9*time.Second {
			t.Errorf("took %v, want 9s", took)
		}
		if got := a.header.Values("Retry-After"); len(got) != 2 || got[0] != "-1" || got[1] != "soon" {
			t.Errorf("Retry-After %q", got)
		}
	})
}

func TestSlowBodyTrickles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, faults(simulator.Fault{Kind: simulator.FaultSlowBody, BytesPerSecond: 100}))
		began := time.Now()
		a := r.core("GET", "/offers/"+simulator.MonthlyOfferID, nil)
		a.want(t, 200)
		want := time.Duration(len(a.body)) * time.Second / 100
		if took := time.Since(began); took < want*9/10 || took > want*11/10 {
			t.Errorf("%d bytes took %v, want about %v", len(a.body), took, want)
		}
	})
}

func TestTrailersAndEarlyHints(t *testing.T) {
	r := start(t, faults(simulator.Fault{Kind: simulator.FaultTrailers}, simulator.Fault{Kind: simulator.FaultEarlyHints}))
	a := r.core("GET", "/offers", nil)
	a.want(t, 200)
	if a.trailer.Get("X-Sim-Bytes") == "" || len(a.trailer.Get("X-Sim-Digest")) != 64 {
		t.Errorf("trailers %v", a.trailer)
	}
	if a.header.Get("Link") != "" {
		t.Error("the interim field stayed in the final header")
	}
}

// TestResetIsATCPReset needs real sockets, as a pipe knows only closing.
func TestResetIsATCPReset(t *testing.T) {
	k := simulator.DefaultKnobs()
	k.Faults = []simulator.Fault{{Kind: simulator.FaultResetBefore}}
	server := simulator.NewServer(simulator.New(simulator.Options{Knobs: &k}))
	if err := server.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL()+"/auths", strings.NewReader(strings.Repeat("x", 100)))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		t.Errorf("got %v, want a reset", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
