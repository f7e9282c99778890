package proxy

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/simulator"
)

const refusedLogin = `{"code":"USER0001","errors":["Wrong email or password"]}`

// spoilLogins makes every login and refresh fail in one way.
func (r *simRig) spoilLogins(f simulator.Fault) {
	r.t.Helper()
	f.Match = "POST /auths*"
	if err := r.sim.Tune(func(k *simulator.Knobs) { k.Faults = []simulator.Fault{f} }); err != nil {
		r.t.Fatal(err)
	}
}

func (r *simRig) revoke() { r.sim.Revoke(simulator.Revocation{JWTs: true}) }

func problemCode(t *testing.T, a *answer) string {
	t.Helper()
	var p struct {
		Code       string
		RetryAfter int `json:"retry_after"`
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("%d %q: %v", a.StatusCode, a.body, err)
	}
	if got := a.Header.Get("Retry-After"); (a.StatusCode == http.StatusServiceUnavailable) != (got != "") || got != "" && got != strconv.Itoa(p.RetryAfter) {
		t.Errorf("%d with Retry-After %q, and %d in the body", a.StatusCode, got, p.RetryAfter)
	}
	return p.Code
}

// TestPromise04_RenewalThatFails: a 401 that our own session could not cure
// does not tell the app to log in; it gets the reason.
func TestPromise04_RenewalThatFails(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fault  simulator.Fault
		status int
		code   string
	}{
		{"dead for good", simulator.Fault{Kind: simulator.FaultStatus, Status: 401, Body: refusedLogin}, 502, CodeCredentialRejected},
		{"upstream down", simulator.Fault{Kind: simulator.FaultStatus, Status: 503}, 503, CodeRenewalFailed},
		{"throttled", simulator.Fault{Kind: simulator.FaultThrottle, Headers: map[string][]string{"Retry-After": {"20"}}}, 503, CodeRenewalFailed},
		{"answers lost", simulator.Fault{Kind: simulator.FaultResetAfter}, 503, CodeRenewalFailed},
		{"garbage", simulator.Fault{Kind: simulator.FaultGarbage}, 503, CodeRenewalFailed},
		{"without tokens", simulator.Fault{Kind: simulator.FaultBody, Body: `{"responseData":{},"errors":[]}`}, 503, CodeRenewalFailed},
		{"HTML", simulator.Fault{Kind: simulator.FaultHTML}, 503, CodeRenewalFailed},
		{"1 GiB", simulator.Fault{Kind: simulator.FaultHuge}, 503, CodeRenewalFailed},
		{"redirect", simulator.Fault{Kind: simulator.FaultRedirect, Location: "http://elsewhere.test/auths"}, 503, CodeRenewalFailed},
		{"drop by drop", simulator.Fault{Kind: simulator.FaultSlowBody, BytesPerSecond: 1}, 503, CodeRenewalFailed},
		{"half a body", simulator.Fault{Kind: simulator.FaultStallBody}, 503, CodeRenewalFailed},
		{"never", simulator.Fault{Kind: simulator.FaultHangAfter}, 503, CodeRenewalFailed},
	} {
		for _, death := range []string{"revoked", "expired"} {
			t.Run(tt.name+", "+death, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newSimRig(t, nil, unhurried)
					r.warmUp()
					if death == "revoked" {
						r.revoke()
					} else {
						time.Sleep(15*time.Minute + time.Second)
					}
					r.spoilLogins(tt.fault)
					began := time.Now()
					a := r.do("GET", customerPath, nil)
					if code := problemCode(t, a); a.StatusCode != tt.status || code != tt.code {
						t.Errorf("got %d %s, want %d %s: %s", a.StatusCode, code, tt.status, tt.code, a.body)
					}
					if took := time.Since(began); took > 7600*time.Millisecond {
						t.Errorf("the app waited %v", took)
					}
					if strings.Contains(a.body, simulator.CustomerPassword) {
						t.Errorf("a secret shows in %s", a.body)
					}
					// It heals by itself.
					if err := r.sim.Tune(func(k *simulator.Knobs) { k.Faults = nil }); err != nil {
						t.Fatal(err)
					}
					time.Sleep(2 * time.Minute)
					if a := r.do("GET", customerPath, nil); a.StatusCode != http.StatusOK {
						t.Errorf("afterwards: %d %s", a.StatusCode, a.body)
					}
				})
			})
		}
	}
}

// TestOldTokenIsUsedWhileItLives: a renewal ahead that fails costs no call.
func TestOldTokenIsUsedWhileItLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSimRig(t, nil, unhurried)
		r.warmUp()
		stop := r.keepFresh()
		r.spoilLogins(simulator.Fault{Kind: simulator.FaultStatus, Status: 500})
		for began := time.Now(); time.Since(began) < 14*time.Minute+50*time.Second; time.Sleep(5 * time.Second) {
			before := time.Now()
			if a := r.do("GET", customerPath, nil); a.StatusCode != http.StatusOK || time.Since(before) > 50*time.Millisecond {
				t.Fatalf("%d %s after %v", a.StatusCode, a.body, time.Since(before))
			}
		}
		stop()
	})
}

// TestRefusedPaymentRenewsForTheNext: a payment is not sent again, but it
// tells that the token is dead, and does not wait for the new one.
func TestRefusedPaymentRenewsForTheNext(t *testing.T) {
	for name, change := range map[string]func(*config.Config){
		"payment": func(*config.Config) {},
		"observe": func(c *config.Config) { c.Mode = config.Observe },
		// It went by without being kept.
		"long body": func(*config.Config) {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newSimRig(t, nil, unhurried, change)
				r.warmUp()
				r.revoke()
				method, path, body := "POST", "/payments", `{"orderId":1}`
				switch name {
				case "observe":
					method, path, body = "GET", customerPath, ""
				case "long body":
					method, path, body = "PATCH", "/customers/100000001", `{"firstName":"`+strings.Repeat("J", 100<<10)+`"}`
				}
				began := time.Now()
				a := r.do(method, path, strings.NewReader(body), "Content-Type", "application/json")
				if a.StatusCode != http.StatusUnauthorized || time.Since(began) > 40*time.Millisecond {
					t.Errorf("the refused call got %d after %v", a.StatusCode, time.Since(began))
				}
				time.Sleep(100 * time.Millisecond)
				before := r.sim.Counters().Unauthorized
				if a := r.do("GET", customerPath, nil); a.StatusCode != http.StatusOK || r.sim.Counters().Unauthorized != before {
					t.Errorf("the next call got %d; %d refusals", a.StatusCode, r.sim.Counters().Unauthorized)
				}
			})
		})
	}
}

// TestPaymentGoesAgainIfConfigured: a refused one was not handled.
func TestPaymentGoesAgainIfConfigured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSimRig(t, nil, unhurried, func(c *config.Config) { c.Retry.Payments = true })
		r.warmUp()
		r.revoke()
		a := r.do("POST", "/payments", strings.NewReader(`{"orderId":1}`), "Content-Type", "application/json")
		if c := r.sim.Counters().Endpoints["POST /payments"]; a.StatusCode == http.StatusUnauthorized || c.Arrivals != 2 || c.Handled != 1 {
			t.Errorf("%d %s, %+v", a.StatusCode, a.body, c)
		}
	})
}

// TestRenewalHasItsOwnSlot: calls that hold all of the limit's places do not
// keep the renewal back that others wait for.
func TestRenewalHasItsOwnSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSimRig(t, func(k *simulator.Knobs) {
			k.Faults = []simulator.Fault{{Match: "GET /payment-methods", Kind: simulator.FaultDelay, Delay: 6 * time.Second, Count: 1}}
		}, unhurried, oneAtATime)
		r.warmUp()
		time.Sleep(15*time.Minute - 2*time.Second)
		done := make(chan struct{})
		go func() {
			defer close(done)
			if a := r.do("GET", "/payment-methods", nil); a.StatusCode != http.StatusOK {
				t.Errorf("%d %s", a.StatusCode, a.body)
			}
		}()
		time.Sleep(3 * time.Second) // it holds the only place, and the token has died
		waiting := make(chan struct{})
		go func() {
			defer close(waiting)
			if got := r.flood(10); got[200] != 10 {
				t.Errorf("the others saw %v", got)
			}
		}()
		time.Sleep(100 * time.Millisecond)
		if _, refreshes := r.wire.sent(); refreshes != 1 {
			t.Errorf("%d refreshes while the place was held", refreshes)
		}
		<-done
		<-waiting
	})
}

// TestAppThatLeavesDuringARenewal takes nothing with it: neither the renewal
// nor those who wait for it too.
func TestAppThatLeavesDuringARenewal(t *testing.T) {
	for _, death := range []string{"revoked", "expired"} {
		synctest.Test(t, func(t *testing.T) {
			r := newSimRig(t, nil, unhurried)
			r.warmUp()
			if death == "revoked" {
				r.revoke()
			} else {
				time.Sleep(15*time.Minute + time.Second)
			}
			ctx, leave := context.WithCancel(t.Context())
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				req, _ := http.NewRequestWithContext(ctx, http.MethodGet, r.url+customerPath, http.NoBody)
				if resp, err := r.client().RoundTrip(req); err == nil {
					_ = resp.Body.Close()
					t.Error("it did not leave")
				}
			}()
			// Uplink and downlink take 15 ms each: now the refresh is on its way.
			time.Sleep(map[string]time.Duration{"revoked": 40 * time.Millisecond, "expired": 10 * time.Millisecond}[death])
			leave()
			<-gone
			if got := r.flood(20); got[200] != 20 {
				t.Errorf("%s: the others saw %v", death, got)
			}
			if logins, refreshes := r.wire.sent(); logins != 1 || refreshes != 1 {
				t.Errorf("%s: %d logins and %d refreshes, want one each", death, logins, refreshes)
			}
		})
	}
}

// TestAppThatLeavesAtAnyInstant of a call that meets a dead token: whoever stays
// gets its answer, from one renewal.
func TestAppThatLeavesAtAnyInstant(t *testing.T) {
	for _, death := range []string{"revoked", "expired"} {
		t.Run(death, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newSimRig(t, nil, unhurried, oneAtATime)
				r.warmUp()
				const last = 130 // ms: a call, a refresh and the call again take 90
				for at := range last {
					if death == "revoked" {
						r.revoke()
					} else {
						time.Sleep(15*time.Minute + time.Second)
					}
					ctx, leave := context.WithTimeout(t.Context(), time.Duration(at)*time.Millisecond)
					gone := make(chan struct{})
					go func() {
						defer close(gone)
						req, _ := http.NewRequestWithContext(ctx, http.MethodGet, r.url+customerPath, http.NoBody)
						if resp, err := r.client().RoundTrip(req); err == nil {
							_ = resp.Body.Close()
						}
					}()
					if got := r.flood(3); got[200] != 3 {
						t.Errorf("left after %d ms: the others saw %v", at, got)
					}
					<-gone
					leave()
				}
				if logins, refreshes := r.wire.sent(); logins != 1 || refreshes != last || r.wire.twice() != 0 {
					t.Errorf("%d logins and %d refreshes for %d dead tokens", logins, refreshes, last)
				}
			})
		})
	}
}

// TestCredentialThatIsReplaced: a call that waits for the renewal of a
// credential that a reload takes away is told to come again.
func TestCredentialThatIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSimRig(t, nil, unhurried)
		r.warmUp()
		time.Sleep(15*time.Minute + time.Second)
		r.spoilLogins(simulator.Fault{Kind: simulator.FaultDelayAfter, Delay: 3 * time.Second})
		done := make(chan struct{})
		go func() {
			defer close(done)
			a := r.do("GET", customerPath, nil)
			if code := problemCode(t, a); code != CodeRenewalFailed {
				t.Errorf("%d %s", a.StatusCode, a.body)
			}
		}()
		time.Sleep(100 * time.Millisecond)
		_ = r.session.Close()
		<-done
	})
}
