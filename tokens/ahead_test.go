package tokens_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestPromise04TenMinutesOfFiveSecondTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		upstream.life = 5 * time.Second
		session := newSession(t, upstream, nil)
		stop := run(t, session)
		a := &app{session: session, store: upstream}
		a.call(t.Context(), "warm up")

		var group sync.WaitGroup
		for began := time.Now(); time.Since(began) < 10*time.Minute; time.Sleep(37 * time.Millisecond) {
			group.Go(func() {
				r := a.call(t.Context(), "GET /offers")
				if r.status != 200 || r.sent != 1 || r.elapsed != 2*upstream.latency {
					t.Errorf("a call had %+v; want one attempt without a wait", r)
				}
			})
		}
		group.Wait()
		stop()
		logins, refreshes := upstream.counts()
		if generation := session.Status().Generation; logins != 1 || uint64(logins+refreshes) != generation {
			t.Errorf("%d logins and %d refreshes gave generation %d; want one renewal for each", logins, refreshes, generation)
		}
		if refreshes < 120 || refreshes > 190 {
			t.Errorf("%d renewals in 10 minutes of 5 s tokens", refreshes)
		}
		if twice := upstream.twice(); twice != nil {
			t.Errorf("sent twice: %v", twice)
		}
	})
}

func TestSessionRenewsAheadWithinTheWindow(t *testing.T) {
	for _, life := range []time.Duration{15 * time.Minute, 24 * time.Hour} {
		for _, skew := range []time.Duration{0, time.Hour, -time.Hour} {
			t.Run(life.String()+" skew "+skew.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					upstream := newMediaStore()
					upstream.life, upstream.skew = life, skew
					session := newSession(t, upstream, nil)
					stop := run(t, session)
					defer stop()
					synctest.Wait()
					time.Sleep(life * 3 / 4)
					wantCounts(t, upstream, 1, 0)
					time.Sleep(life*15/100 + time.Second)
					wantCounts(t, upstream, 1, 1)
					time.Sleep(life * 3 / 4)
					if logins, refreshes := upstream.counts(); logins != 1 || refreshes > 2 {
						t.Errorf("%d logins and %d refreshes: a renewal loop", logins, refreshes)
					}
				})
			})
		}
	}
}

func TestSessionWrongClockSendsNoDeadToken(t *testing.T) {
	for _, dateless := range []bool{false, true} {
		for _, skew := range []time.Duration{time.Hour, -time.Hour} {
			synctest.Test(t, func(t *testing.T) {
				upstream := newMediaStore()
				upstream.skew, upstream.dateless = skew, dateless
				session := newSession(t, upstream, nil)
				stop := run(t, session)
				a := &app{session: session, store: upstream}
				refused := 0
				for range 120 {
					r := a.call(t.Context(), "GET /offers")
					if r.status != 200 {
						t.Fatalf("skew %v: the app saw %+v", skew, r)
					}
					refused += r.sent - 1
					time.Sleep(30 * time.Second)
				}
				stop()
				logins, refreshes := upstream.counts()
				if logins+refreshes > 7 {
					t.Errorf("skew %v: %d renewals in an hour of 15-minute tokens", skew, logins+refreshes)
				}
				// Without a Date nobody can know; then upstream's refusal cures it.
				if refused > 0 && !dateless {
					t.Errorf("skew %v: %d dead tokens were sent", skew, refused)
				}
			})
		}
	}
}

// Without Run every token is used to its end: whatever part of a second the
// clocks are apart, none departs dead or so late that it would arrive dead.
func TestSessionSendsNoTokenThatIsDeadByTheUpstreamsClock(t *testing.T) {
	for _, skew := range []time.Duration{0, 300 * time.Millisecond, 900 * time.Millisecond, time.Hour + 999*time.Millisecond, -300 * time.Millisecond} {
		for _, life := range []time.Duration{5 * time.Second, time.Minute} {
			synctest.Test(t, func(t *testing.T) {
				upstream := newMediaStore()
				upstream.life, upstream.skew = life, skew
				session := newSession(t, upstream, nil)
				a := &app{session: session, store: upstream, depart: func(jwt string) {
					if upstream.dead(jwt) {
						t.Errorf("skew %v: a dead token departed", skew)
					}
				}}
				for began := time.Now(); time.Since(began) < 5*time.Minute; time.Sleep(13 * time.Millisecond) {
					if r := a.call(t.Context(), "GET /offers"); r.sent != 1 || r.status != 200 {
						t.Fatalf("skew %v: %+v", skew, r)
					}
				}
				if err := session.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
