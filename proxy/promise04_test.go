package proxy

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/simulator"
)

// unhurried pins the limit far above what a test sends, so that the credential
// alone decides what a call waits for.
func unhurried(c *config.Config) {
	for name, l := range c.Limits {
		rate, err := config.ParseRate("1000/s")
		if err != nil {
			panic(err)
		}
		l.Rate = rate
		c.Limits[name] = l
	}
}

// TestPromise04_TenMinutesOfFiveSecondTokens: the app sees no 401, every token
// is renewed once, ahead of its death, and no call waits for that.
func TestPromise04_TenMinutesOfFiveSecondTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSimRig(t, func(k *simulator.Knobs) { k.Credentials.JWTLifetime = 5 * time.Second }, unhurried)
		r.warmUp()
		stop := r.keepFresh()
		<-r.recorded // of the warm-up
		r.records = nil
		var calls sync.WaitGroup
		n := 0
		for began := time.Now(); time.Since(began) < 10*time.Minute; time.Sleep(197 * time.Millisecond) {
			n++
			calls.Go(func() {
				if a := r.do("GET", customerPath, nil); a.StatusCode != http.StatusOK {
					t.Errorf("the app saw %d %s", a.StatusCode, a.body)
				}
			})
		}
		calls.Wait()
		stop()
		for range n {
			x := r.next(t)
			waited := slices.ContainsFunc(x.Events(), func(e journal.Event) bool { return e.Kind == "renewal_wait" })
			if waited || x.AttemptCount() != 1 || x.Duration > 50*time.Millisecond {
				t.Errorf("a call took %v and %d attempts: %+v", x.Duration, x.AttemptCount(), x.Events())
			}
		}
		logins, refreshes := r.wire.sent()
		status, c := r.session.Status(), r.sim.Counters()
		if logins != 1 || c.Refreshes != refreshes || status.Generation != uint64(logins+refreshes) || r.wire.twice() != 0 {
			t.Errorf("%d logins, %d refreshes, %d of them granted, generation %d: want one renewal for each token", logins, refreshes, c.Refreshes, status.Generation)
		}
		t.Logf("%d calls, %d renewals", n, refreshes)
		// At most one token was replaced before any call carried it.
		if used := r.wire.distinct(); used < logins+refreshes-1 || refreshes < 120 || refreshes > 200 || c.Unauthorized != 0 {
			t.Errorf("%d tokens issued, %d used, %d refused", logins+refreshes, used, c.Unauthorized)
		}
	})
}

// TestPromise04_WrongClock: an hour off either way, no dead token is sent and
// none is renewed in a loop.
func TestPromise04_WrongClock(t *testing.T) {
	for _, skew := range []time.Duration{time.Hour, -time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			r := newSimRig(t, func(k *simulator.Knobs) { k.Clock.Skew = skew }, unhurried)
			stop := r.keepFresh()
			for began := time.Now(); time.Since(began) < 2*time.Hour; time.Sleep(20 * time.Second) {
				if a := r.do("GET", customerPath, nil); a.StatusCode != http.StatusOK {
					t.Fatalf("skew %v: %d %s", skew, a.StatusCode, a.body)
				}
			}
			stop()
			if logins, refreshes := r.wire.sent(); logins != 1 || refreshes > 11 || r.sim.Counters().Unauthorized != 0 {
				t.Errorf("skew %v: %d logins, %d refreshes in two hours, %d dead tokens sent", skew, logins, refreshes, r.sim.Counters().Unauthorized)
			}
		})
	}
}
