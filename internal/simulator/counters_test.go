package simulator_test

import (
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

func TestArrivalsPer100ms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		for _, n := range []int{3, 0, 1, 2} {
			for range n {
				r.core("GET", "/offers", nil).want(t, 200)
			}
			time.Sleep(100 * time.Millisecond)
		}
		c := r.sim.Counters()
		if want := []int{3, 0, 1, 2}; !reflect.DeepEqual(c.ArrivalsPer100ms, want) || c.Arrivals != 6 {
			t.Errorf("%d arrivals, %v, want %v", c.Arrivals, c.ArrivalsPer100ms, want)
		}
	})
}

func TestCallsAreCountedByEndpointAndCredential(t *testing.T) {
	r := start(t, nil)
	jwt := r.login().JWT
	r.core("GET", "/offers/S100000001_US", nil)
	r.core("GET", "/offers/S100000002_US", nil)
	r.do("GET", "/3.1/offers/S100000001_US", nil, "X-Publisher-Token", simulator.SecondPublisherKey)
	r.do("GET", "/3.1/offers/S100000001_US", nil, "X-Publisher-Token", "wrong")
	r.as(jwt, "GET", "/customers/100000001", nil)
	r.do("GET", "/nothing", nil)
	c := r.sim.Counters()
	const offer = "GET /3.1/offers/{offerId}"
	want := map[string]map[string]int{
		"key:first": {offer: 2}, "key:second": {offer: 1}, "unknown": {offer: 1}, "customer:100000001": {"GET /customers/{customerId}": 1},
		"none": {"POST /auths": 1, "other": 1},
	}
	if !reflect.DeepEqual(c.Credentials, want) {
		t.Errorf("credentials %v, want %v", c.Credentials, want)
	}
	if e := c.Endpoints[offer]; e.Arrivals != 4 || e.Handled != 3 || e.Statuses[200] != 3 || e.Statuses[401] != 1 {
		t.Errorf("endpoint %+v", e)
	}
	if raw := r.do("GET", "/_sim/counters", nil).body; strings.Contains(string(raw), simulator.PublisherKey) || strings.Contains(string(raw), jwt) {
		t.Error("the counters show a credential")
	}
}

func TestInFlightPeak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(k *simulator.Knobs) { k.Latency.Downlink = time.Second })
		var wg sync.WaitGroup
		for range 7 {
			wg.Go(func() { r.core("GET", "/offers", nil).want(t, 200) })
		}
		synctest.Wait()
		if n := r.sim.Counters().InFlight; n != 7 {
			t.Errorf("%d in flight, want 7", n)
		}
		wg.Wait()
		if c := r.sim.Counters(); c.InFlight != 0 || c.InFlightPeak != 7 {
			t.Errorf("in flight %d, peak %d", c.InFlight, c.InFlightPeak)
		}
	})
}

func TestDuplicateWritesAreFound(t *testing.T) {
	r := start(t, nil)
	write := func(id, key string) {
		r.core("POST", "/subscriptions", newSubscription(id), "Idempotency-Key", key).want(t, 201)
	}
	write("a", "k1")
	write("a", "k1")
	write("b", "k2")
	r.core("POST", "/subscriptions", m{"externalId": "c"}).want(t, 400) // not carried out
	w := r.sim.Counters().Writes
	if want := map[string]int{"externalId:a": 2, "Idempotency-Key:k1": 2}; w.CarriedOut != 3 || !reflect.DeepEqual(w.Duplicates, want) || len(w.DuplicateBodies) != 1 {
		t.Errorf("writes %+v", w)
	}
	for id, want := range map[string]int{"a": 2, "b": 1, "c": 0} {
		if n := r.sim.CarriedOut("externalId", id); n != want {
			t.Errorf("%s was carried out %d times, want %d", id, n, want)
		}
	}
}

func TestArrivalsAreKeptInOrderAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := simulator.DefaultKnobs()
		k.Faults = []simulator.Fault{{Kind: simulator.FaultDelayAfter, Match: "GET /3.1/offers", Delay: time.Second}}
		sim := simulator.New(simulator.Options{Knobs: &k, RecordArrivals: 3})
		r := startWith(t, sim)
		var wg sync.WaitGroup
		wg.Go(func() { r.core("GET", "/offers", nil, "X-Request-Id", "slow").want(t, 200) })
		synctest.Wait()
		r.core("GET", "/offers/x", nil, "X-Request-Id", "fast").want(t, 404)
		wg.Wait()
		got := sim.Arrivals()
		if len(got) != 2 || got[0].RequestID != "slow" || got[0].Took != time.Second || got[1].RequestID != "fast" || got[1].Status != 404 || got[0].Fault != "" {
			t.Errorf("arrivals %+v", got)
		}
		for range 4 {
			r.core("GET", "/passes", nil).want(t, 200)
		}
		if got = sim.Arrivals(); len(got) != 3 || got[0].Seq != 4 || got[2].Seq != 6 {
			t.Errorf("arrivals %+v", got)
		}
	})
}

func TestReset(t *testing.T) {
	r := start(t, nil)
	jwt := r.login().JWT
	r.sim.DeleteKey("first")
	tune(t, r, limits(simulator.Limit{Limit: 1, Window: time.Hour}))
	r.do("GET", "/locales", nil).want(t, 200)
	r.do("GET", "/locales", nil).want(t, 429)
	r.sim.Reset(simulator.Reset{Quotas: true})
	r.do("GET", "/locales", nil).want(t, 200)
	r.sim.Reset(simulator.Reset{Knobs: true, Counters: true})
	if c := r.sim.Counters(); c.Arrivals != 0 || len(c.Endpoints) != 0 {
		t.Errorf("counters after a reset: %+v", c)
	}
	r.as(jwt, "GET", "/customers/100000001", nil).want(t, 200)
	r.sim.Reset(simulator.Reset{Data: true})
	r.as(jwt, "GET", "/customers/100000001", nil).want(t, 401)
	r.core("GET", "/offers", nil).want(t, 200)
}

// TestConcurrentUse drives everything at once for the race detector.
func TestConcurrentUse(t *testing.T) {
	r := start(t, func(k *simulator.Knobs) {
		k.Quota.Limits = []simulator.Limit{{Provider: "sliding", Limit: 200, Window: time.Second, By: []string{"key"}}}
		k.Quota.Dialects = []string{"ietf", "x-ratelimit"}
		k.Faults = []simulator.Fault{{Kind: simulator.FaultStatus, Status: 500, Rate: 0.1}}
	})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 40 {
				switch (i + j) % 5 {
				case 0:
					r.core("POST", "/subscriptions", newSubscription(itoa(i)+"-"+itoa(j)))
				case 1:
					r.do("POST", "/auths", m{"email": simulator.CustomerEmail, "password": simulator.CustomerPassword, "publisherId": simulator.PublisherID})
				case 2:
					r.do("POST", "/3.0/json-rpc", m{"method": "listOffers", "params": m{"publisherToken": simulator.PublisherKey}, "id": j})
				case 3:
					if err := r.sim.Tune(func(k *simulator.Knobs) { k.Quota.Limits[0].Limit = 100 + j }); err != nil {
						t.Error(err)
					}
				default:
					r.sim.Counters()
					r.sim.Arrivals()
				}
			}
		})
	}
	wg.Wait()
	if c := r.sim.Counters(); c.Arrivals != 8*40*3/5 || c.InFlight != 0 {
		t.Errorf("%d arrivals, %d in flight", c.Arrivals, c.InFlight)
	}
}
