package proxy

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/simulator"
)

func oneAtATime(c *config.Config) {
	l := c.Limits["mediastore"]
	l.Concurrency = 1
	c.Limits["mediastore"] = l
}

// TestPromise06_OneRefreshForFiveHundredCalls sends 500 calls at once when the
// session is dead: one refresh cures them all.
func TestPromise06_OneRefreshForFiveHundredCalls(t *testing.T) {
	for _, death := range []struct {
		name string
		kill func(*simRig)
	}{
		{"expiry", func(*simRig) { time.Sleep(15*time.Minute + time.Second) }},
		{"revocation", func(r *simRig) { r.sim.Revoke(simulator.Revocation{JWTs: true}) }},
	} {
		for _, limit := range []struct {
			name   string
			change []func(*config.Config)
			fields []string
		}{
			{"as delivered", nil, nil},
			{"one at a time", []func(*config.Config){oneAtATime}, []string{"Prefer", "wait=60"}},
		} {
			t.Run(death.name+", "+limit.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newSimRig(t, nil, limit.change...)
					r.warmUp()
					death.kill(r)
					if got := r.flood(500, limit.fields...); got[200] != 500 {
						t.Errorf("the app saw %v", got)
					}
					if refused := r.sim.Counters().Unauthorized; death.name == "expiry" && refused != 0 {
						t.Errorf("%d tokens known to be dead were sent", refused)
					}
					if logins, refreshes := r.wire.sent(); logins != 1 || refreshes != 1 {
						t.Errorf("%d logins and %d refreshes, want one each", logins, refreshes)
					}
				})
			})
		}
	}
}

// TestPromise06_ExpiryInTheQueue lets a throttle hold 500 calls back until the
// token that was secured for them has died.
func TestPromise06_ExpiryInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSimRig(t, func(k *simulator.Knobs) {
			k.Credentials.JWTLifetime = 20 * time.Second
			k.Faults = []simulator.Fault{{
				Match: "GET /customers/*", Kind: simulator.FaultThrottle, Skip: 1, Count: 1, Headers: map[string][]string{"Retry-After": {"30"}},
			}}
		}, unhurried, oneAtATime)
		r.warmUp()
		if got := r.flood(500, "Prefer", "wait=100"); got[200] != 500 {
			t.Errorf("the app saw %v", got)
		}
		if logins, refreshes := r.wire.sent(); logins != 1 || refreshes != 1 {
			t.Errorf("%d logins and %d refreshes, want one each", logins, refreshes)
		}
		if c := r.sim.Counters(); c.Unauthorized != 0 || c.Throttled != 1 {
			t.Errorf("%d dead tokens were sent, %d calls throttled", c.Unauthorized, c.Throttled)
		}
	})
}

// TestPromise06_LostAnswers loses 1 % of the answers to refreshes and logins,
// in every way there is, over two hours of tokens that live for 5 s.
func TestPromise06_LostAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSimRig(t, func(k *simulator.Knobs) {
			k.Credentials.JWTLifetime = 5 * time.Second
			for _, kind := range []string{
				simulator.FaultResetAfter, simulator.FaultHangAfter, simulator.FaultCutBody, simulator.FaultResetBefore, simulator.FaultHangBefore,
			} {
				k.Faults = append(k.Faults, simulator.Fault{Match: "POST /auths*", Kind: kind, Rate: 0.002})
			}
		})
		r.warmUp()
		stop := r.keepFresh()
		got := make(map[int]int)
		for began := time.Now(); time.Since(began) < 2*time.Hour; time.Sleep(3 * time.Second) {
			a := r.do("GET", customerPath, nil, "Prefer", "wait=100")
			got[a.StatusCode]++
		}
		stop()
		c := r.sim.Counters()
		_, refreshes := r.wire.sent()
		lost := 0
		for _, n := range c.Faults {
			lost += n
		}
		if got[200] == 0 || len(got) != 1 {
			t.Errorf("the app saw %v", got)
		}
		if lost < 3 || refreshes < 1500 {
			t.Errorf("of %d refreshes only %v were lost: this shows nothing", refreshes, c.Faults)
		}
		t.Logf("%d calls, %d refreshes, lost %v", got[200], refreshes, c.Faults)
		if n := r.wire.twice(); n != 0 || c.RefreshReuse != 0 {
			t.Errorf("%d refresh tokens were sent twice, %d reused; lost %v", n, c.RefreshReuse, c.Faults)
		}
	})
}
