package proxy

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/internal/simulator"
)

// simKeys makes these the publisher keys.
func simKeys(keys ...string) func(*config.Config) {
	return func(c *config.Config) {
		cred := c.Credentials["publisher"]
		cred.Tokens = nil
		for _, key := range keys {
			cred.Tokens = append(cred.Tokens, redact.New(key))
		}
		c.Credentials["publisher"] = cred
		unhurried(c)
	}
}

const (
	offersPath    = "/3.1/offers"
	forbiddenPath = "/3.1/customers/100000001"
)

// arrivals are the calls of an endpoint that reached the simulator.
func (r *simRig) arrivals(endpoint string) int { return r.sim.Counters().Endpoints[endpoint].Arrivals }

// TestOneSpurious401OnTheOnlyKey: nothing better is at hand, so it goes to the
// app; and nothing else changes.
func TestOneSpurious401OnTheOnlyKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSimRig(t, func(k *simulator.Knobs) {
			k.Faults = []simulator.Fault{{Match: "GET /3.1/offers", Kind: simulator.FaultUnauthorized, Skip: 5, Count: 1}}
		}, simKeys(simulator.PublisherKey))
		refused := 0
		for range 200 {
			switch a := r.do("GET", offersPath, nil); a.StatusCode {
			case http.StatusOK:
			case http.StatusUnauthorized:
				refused++
				if a.Header.Get("Cleengate-Diagnosis") == "" {
					t.Error("the 401 has no diagnosis")
				}
			default:
				t.Errorf("%d %s", a.StatusCode, a.body)
			}
			if a := r.do("GET", forbiddenPath, nil); a.StatusCode != http.StatusOK {
				t.Errorf("elsewhere: %d %s", a.StatusCode, a.body)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if refused != 1 || r.sim.Counters().Arrivals != 400 {
			t.Errorf("%d calls of 400 were refused, %d arrived", refused, r.sim.Counters().Arrivals)
		}
	})
}

// TestEndpointThatKeysMayNotUse: with two keys one call a minute is tried with
// both, with one key none; traffic elsewhere goes on with the first key.
func TestEndpointThatKeysMayNotUse(t *testing.T) {
	for _, keys := range [][]string{{simulator.PublisherKey}, {simulator.PublisherKey, simulator.SecondPublisherKey}} {
		synctest.Test(t, func(t *testing.T) {
			r := newSimRig(t, func(k *simulator.Knobs) {
				k.Credentials.Denied = []simulator.Denial{{Match: "GET /3.1/customers/*", Status: 401}}
			}, simKeys(keys...))
			const calls = 600
			began := time.Now()
			for range calls {
				if a := r.do("GET", offersPath, nil); a.StatusCode != http.StatusOK {
					t.Errorf("elsewhere: %d %s", a.StatusCode, a.body)
				}
				a := r.do("GET", forbiddenPath, nil)
				if a.StatusCode != http.StatusUnauthorized || a.Header.Get("Cleengate-Diagnosis") != "insufficient_permission" {
					t.Errorf("%d, diagnosis %q", a.StatusCode, a.Header.Get("Cleengate-Diagnosis"))
				}
				time.Sleep(time.Second)
			}
			c := r.sim.Counters()
			doubled, oneAMinute := c.Arrivals-2*calls, 1+int(time.Since(began)/time.Minute)
			if len(keys) == 1 && doubled != 0 || doubled > oneAMinute {
				t.Errorf("%d keys: %d calls were doubled in %v", len(keys), doubled, time.Since(began))
			}
			if second := c.Credentials["key:second"]; len(second) > 1 {
				t.Errorf("the second key was used elsewhere: %v", second)
			}
		})
	}
}

// TestAppsOwnTokenIsItsOwn: what the app sent itself passes, and so does what
// becomes of it. A bad password is no fault of ours either.
func TestAppsOwnTokenIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSimRig(t, nil, unhurried)
		r.warmUp()
		for _, jwt := range []string{testJWT(time.Now().Add(-time.Hour)), testJWT(time.Now().Add(time.Hour)), "x"} {
			before := r.sim.Counters().Arrivals
			a := r.do("GET", customerPath, nil, "Authorization", "Bearer "+jwt)
			if a.StatusCode != http.StatusUnauthorized || r.sim.Counters().Arrivals != before+1 || r.wire.tokens[jwt] != 1 {
				t.Errorf("%d after %d calls", a.StatusCode, r.sim.Counters().Arrivals-before)
			}
		}
		a := r.do("POST", "/auths", strings.NewReader(`{"email":"jane@example.com","password":"wrong","publisherId":870553921}`))
		if logins, refreshes := r.wire.sent(); a.StatusCode != http.StatusUnauthorized || logins != 2 || refreshes != 0 {
			t.Errorf("%d; %d logins, %d refreshes", a.StatusCode, logins, refreshes)
		}
	})
}

// TestSessionRefusedWithoutReason: one spurious 401 costs one renewal and is
// not seen; an endpoint that refuses every token costs one a minute.
func TestSessionRefusedWithoutReason(t *testing.T) {
	t.Run("once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newSimRig(t, func(k *simulator.Knobs) {
				k.Faults = []simulator.Fault{{Match: "GET /customers/*", Kind: simulator.FaultUnauthorized, Code: "AUTH0002", Skip: 5, Count: 1}}
			}, unhurried)
			for range 100 {
				if got := r.flood(2); got[200] != 2 {
					t.Errorf("the app saw %v", got)
				}
			}
			if logins, refreshes := r.wire.sent(); logins != 1 || refreshes != 1 {
				t.Errorf("%d logins, %d refreshes", logins, refreshes)
			}
		})
	})
	t.Run("while renewals hang", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newSimRig(t, func(k *simulator.Knobs) {
				k.Credentials.Denied = []simulator.Denial{{Match: "GET /payment-methods", Status: 401}}
			}, unhurried)
			r.warmUp()
			r.spoilLogins(simulator.Fault{Kind: simulator.FaultHangAfter})
			done := make(chan struct{})
			go func() {
				defer close(done)
				// The token is accepted elsewhere, so this refusal is the truth.
				if a := r.do("GET", "/payment-methods", nil); a.StatusCode != http.StatusUnauthorized {
					t.Errorf("%d %s", a.StatusCode, a.body)
				}
			}()
			time.Sleep(50 * time.Millisecond)
			slow := 0
			for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(100 * time.Millisecond) {
				before := time.Now()
				if got := r.flood(3); got[200] != 3 {
					t.Errorf("elsewhere: %v", got)
				}
				if took := time.Since(before); took > 100*time.Millisecond {
					slow++
					if took > 2200*time.Millisecond {
						t.Errorf("elsewhere a call took %v", took)
					}
				}
			}
			<-done
			if slow > 1 {
				t.Errorf("%d rounds waited for a renewal that hangs", slow)
			}
		})
	})
	t.Run("everywhere at one endpoint", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newSimRig(t, func(k *simulator.Knobs) {
				k.Credentials.Denied = []simulator.Denial{{Match: "GET /payment-methods", Status: 401}}
			}, unhurried)
			const calls = 600
			for range calls {
				if a := r.do("GET", customerPath, nil); a.StatusCode != http.StatusOK {
					t.Errorf("elsewhere: %d %s", a.StatusCode, a.body)
				}
				if a := r.do("GET", "/payment-methods", nil); a.StatusCode != http.StatusUnauthorized {
					t.Errorf("%d %s", a.StatusCode, a.body)
				}
				time.Sleep(time.Second)
			}
			_, refreshes := r.wire.sent()
			doubled := r.arrivals("GET /payment-methods") - calls
			if refreshes > 11 || doubled > 11 || r.arrivals("GET /customers/{customerId}/transactions") != calls {
				t.Errorf("%d renewals and %d doubled calls in 10 minutes", refreshes, doubled)
			}
		})
	})
}

// TestMethodThatKeysMayNotUse stands in a batch with one that they may: the
// other goes on, one batch a minute costs a second call, and a method without a
// key proves nothing.
func TestMethodThatKeysMayNotUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSimRig(t, func(k *simulator.Knobs) {
			k.Credentials.Denied = []simulator.Denial{{Match: "RPC isTrialAllowed", Status: 401}}
		}, simKeys(simulator.PublisherKey, simulator.SecondPublisherKey))
		const batch = `[{"method":"getConsentDefinitions","params":{"publisherId":870553921},"id":1},{"method":"isTrialAllowed","params":{"customerEmail":"jane@example.com","offerId":"S100000001_US"},"id":2}]`
		const calls = 300
		began := time.Now()
		for range calls {
			a := r.do("POST", "/3.0/json-rpc", strings.NewReader(batch))
			if a.StatusCode != http.StatusOK || strings.Count(a.body, `"result":{`) != 1 || strings.Count(a.body, `"code":3`) != 1 {
				t.Fatalf("%d %s", a.StatusCode, a.body)
			}
			time.Sleep(time.Second)
		}
		doubled, oneAMinute := r.sim.Counters().Arrivals-calls, 1+int(time.Since(began)/time.Minute)
		if doubled < 1 || doubled > oneAMinute {
			t.Errorf("%d of %d batches were doubled in %v", doubled, calls, time.Since(began))
		}
		// A key that dies meanwhile is replaced all the same, at once.
		r.sim.DeleteKey("first")
		if a := r.do("POST", "/3.0/json-rpc", strings.NewReader(batch)); strings.Count(a.body, `"result":{`) != 1 {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	})
}

// TestMethodWithoutAKeyProvesNothing: it succeeds with a dead key as well, so
// the refusal elsewhere is no missing permission.
func TestMethodWithoutAKeyProvesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSimRig(t, nil, simKeys("a-key-that-was-deleted-0123456789"))
		a := r.do("POST", "/3.0/json-rpc", strings.NewReader(`{"method":"getSubscriptionOffer","id":1}`)) // gets the key
		if a.StatusCode != http.StatusOK || strings.Contains(a.body, `"code":3`) {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
		a = r.do("POST", "/3.0/json-rpc", strings.NewReader(`{"method":"getConsentDefinitions","params":{"publisherId":870553921},"id":1}`))
		if got := a.Header.Get("Cleengate-Diagnosis"); got != "credential_invalid" {
			t.Errorf("diagnosis %q of %s", got, a.body)
		}
	})
}
