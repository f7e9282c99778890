package tokens_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

func TestSessionEndpointThatRefusesFreshTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		session := newSession(t, upstream, nil)
		a := &app{session: session, store: upstream, refuse: func(endpoint string) bool { return endpoint == "forbidden" }}
		a.call(t.Context(), "GET /offers")
		began := time.Now()
		for time.Since(began) < 10*time.Minute {
			if r := a.call(t.Context(), "forbidden"); r.status != 401 || r.err != nil || r.sent > 2 {
				t.Fatalf("the forbidden endpoint gave %+v", r)
			}
			if r := a.call(t.Context(), "GET /offers"); r.status != 200 || r.sent != 1 {
				t.Fatalf("traffic elsewhere suffers: %+v", r)
			}
			time.Sleep(time.Second)
		}
		logins, refreshes := upstream.counts()
		if renewals := logins + refreshes - 1; renewals < 9 || renewals > 10 {
			t.Errorf("one endpoint that refuses fresh tokens cost %d renewals in 10 minutes, want one a minute", renewals)
		}
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
}

// With tokens that are replaced every few seconds a place that refuses them
// all still costs one renewal a minute.
func TestSessionEndpointThatRefusesShortLivedTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		renewals := func(forbidden bool) int {
			upstream := newMediaStore()
			upstream.life = 5 * time.Second
			session := newSession(t, upstream, nil)
			stop := run(t, session)
			a := &app{session: session, store: upstream, refuse: func(endpoint string) bool { return endpoint == "forbidden" }}
			for began := time.Now(); time.Since(began) < 10*time.Minute; time.Sleep(time.Second) {
				a.call(t.Context(), "GET /offers")
				if forbidden {
					a.call(t.Context(), "forbidden")
				}
			}
			stop()
			logins, refreshes := upstream.counts()
			return logins + refreshes
		}
		// Renewals on refusal take the place of some that were due anyhow.
		if with, without := renewals(true), renewals(false); with > without+12 {
			t.Errorf("%d renewals in 10 minutes, %d without the forbidden endpoint", with, without)
		}
	})
}

func TestSessionForbiddenEndpointUnderLoadCostsOneRenewalAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		session := newSession(t, upstream, nil)
		a := &app{session: session, store: upstream, refuse: func(endpoint string) bool { return endpoint == "forbidden" }}
		a.call(t.Context(), "GET /offers")
		var group sync.WaitGroup
		for range 6000 {
			group.Go(func() { a.call(t.Context(), "forbidden") })
			time.Sleep(7 * time.Millisecond)
		}
		group.Wait()
		wantCounts(t, upstream, 1, 1)
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
}

// The renewal ahead has its token already, and stores it, when both are revoked.
func TestPromise04RevokedWithItsSuccessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrashRun(true, 0)
		c.upstream.life, c.disk.Pause = 20*time.Second, 500*time.Millisecond
		session := c.start(t)
		stop := run(t, session)
		for refreshes := 0; refreshes == 0; _, refreshes = c.upstream.counts() {
			time.Sleep(10 * time.Millisecond)
		}
		c.upstream.revokeAll()
		a := &app{session: session, store: c.upstream}
		// Renewed late in its life, the first token may have expired by the time
		// that the claim is on disk; then it is not sent at all.
		want := 3
		if _, err := session.Current(time.Now(), nil); err != nil {
			want = 2
		}
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() {
				if r := a.call(t.Context(), "GET /offers"); r.status != 200 || r.sent != want {
					t.Errorf("the app saw %+v, want the third token to work at sending %d", r, want)
				}
			})
		}
		group.Wait()
		wantCounts(t, c.upstream, 1, 2)
		stop()
	})
}

func TestSessionRevokedTokenIsNotSentWhileItIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		session := newSession(t, upstream, nil)
		a := &app{session: session, store: upstream}
		a.call(t.Context(), "GET /offers")
		upstream.revokeAll()
		var group sync.WaitGroup
		group.Go(func() {
			if r := a.call(t.Context(), "GET /offers"); r.status != 200 || r.sent != 2 {
				t.Errorf("the call that finds out had %+v", r)
			}
		})
		time.Sleep(2*upstream.latency + time.Millisecond) // it was refused, the renewal runs
		if r := a.call(t.Context(), "GET /customers/{id}"); r.status != 200 || r.sent != 1 {
			t.Errorf("a call during the renewal had %+v, want it to wait", r)
		}
		group.Wait()
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSessionRefusalWithoutCureOfALivingTokenGoesToTheApp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		session := newSession(t, upstream, nil)
		a := &app{session: session, store: upstream, refuse: func(endpoint string) bool { return endpoint == "forbidden" }}
		a.call(t.Context(), "GET /offers")
		upstream.fault = func(string, int) fault { return unavailable }
		var group sync.WaitGroup
		group.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			if r := a.call(ctx, "forbidden"); r.status != 401 || r.err != nil {
				t.Errorf("the forbidden endpoint gave %+v; the token works elsewhere, so its own answer is the truth", r)
			}
		})
		for range 20 {
			if r := a.call(t.Context(), "GET /offers"); r.status != 200 {
				t.Errorf("elsewhere: %+v", r)
			}
			time.Sleep(100 * time.Millisecond)
		}
		group.Wait()
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSessionRefusalOfAnOlderTokenCostsNoRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		session := newSession(t, upstream, nil)
		old := &tokens.Call{Where: tokens.Where{Upstream: "mediastore", Endpoint: "slow"}}
		if err := session.Secure(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := session.Current(time.Now(), old); err != nil {
			t.Fatal(err)
		}
		upstream.revokeAll()
		a := &app{session: session, store: upstream}
		a.call(t.Context(), "GET /offers")
		wantCounts(t, upstream, 1, 1)
		if again, err := session.Rejected(t.Context(), old); !again || err != nil {
			t.Errorf("Rejected of an older generation = %v, %v; want it sent again", again, err)
		}
		wantCounts(t, upstream, 1, 1)
		if _, err := session.Current(time.Now(), old); err != nil || old.Token().Generation != 2 {
			t.Errorf("sent again with generation %d, %v", old.Token().Generation, err)
		}
		// That one was obtained before this call was refused, so it may have been
		// revoked with the other. The next is fresh.
		if again, err := session.Rejected(t.Context(), old); !again || err != nil {
			t.Errorf("Rejected of the newer one = %v, %v; want it sent again", again, err)
		}
		if _, err := session.Current(time.Now(), old); err != nil || old.Token().Generation != 3 {
			t.Errorf("sent again with generation %d, %v", old.Token().Generation, err)
		}
		if again, _ := session.Rejected(t.Context(), old); again {
			t.Error("a refusal of a fresh token was to be sent again")
		}
		wantCounts(t, upstream, 1, 2)
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSessionRefusedWhileExpiredIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		upstream.life = 20 * time.Second
		session := newSession(t, upstream, nil)
		a := &app{session: session, store: upstream, refuse: func(endpoint string) bool { return endpoint == "forbidden" }}
		a.call(t.Context(), "forbidden")
		call := &tokens.Call{Where: tokens.Where{Upstream: "mediastore", Endpoint: "forbidden"}}
		if _, err := session.Current(time.Now(), call); err != nil {
			t.Fatal(err)
		}
		time.Sleep(upstream.life)
		if _, err := session.Current(time.Now(), nil); !errors.Is(err, tokens.ErrExpired) {
			t.Errorf("Current gave out a dead token: %v", err)
		}
		if again, err := session.Rejected(t.Context(), call); !again || err != nil {
			t.Errorf("Rejected of an expired token = %v, %v", again, err)
		}
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSessionRefusalThatCannotBeCured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		session := newSession(t, upstream, nil)
		a := &app{session: session, store: upstream}
		a.call(t.Context(), "GET /offers")
		upstream.revokeAll()
		upstream.fault = func(string, int) fault { return unavailable }
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		r := a.call(ctx, "GET /offers")
		failure, ok := errors.AsType[*tokens.Failure](r.err)
		if !ok || failure.Category != tokens.Transient || failure.RetryAfter <= 0 || failure.Credential != "service" {
			t.Errorf("a 401 whose cure fails gave %+v; want a transient failure with a time to wait", r)
		}
		if status := session.Status(); !status.Valid || status.LastError == "" {
			t.Errorf("status = %+v", status)
		}
		upstream.fault = nil
		time.Sleep(time.Minute)
		if r := a.call(t.Context(), "GET /offers"); r.status != 200 {
			t.Errorf("after the outage: %+v", r)
		}
		if status := session.Status(); status.LastError != "" {
			t.Errorf("status after the outage = %+v", status)
		}
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSessionAcceptedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		session := newSession(t, upstream, nil)
		if err := session.Secure(t.Context()); err != nil {
			t.Fatal(err)
		}
		use := func(endpoint string) *tokens.Call {
			call := &tokens.Call{Where: tokens.Where{Upstream: "mediastore", Endpoint: endpoint}}
			if _, err := session.Current(time.Now(), call); err != nil {
				t.Fatal(err)
			}
			return call
		}
		here := use("here")
		session.Accepted(use("here"))
		if session.AcceptedElsewhere(time.Now(), here) {
			t.Error("accepted here only")
		}
		session.Accepted(use("there"))
		session.Accepted(use("here"))
		if !session.AcceptedElsewhere(time.Now(), here) {
			t.Error("accepted there")
		}
		time.Sleep(5*time.Minute + time.Second)
		if session.AcceptedElsewhere(time.Now(), here) {
			t.Error("accepted there too long ago")
		}
		if session.AcceptedElsewhere(time.Now(), &tokens.Call{}) {
			t.Error("a call without a token was accepted elsewhere")
		}
		if again, err := session.Rejected(t.Context(), &tokens.Call{}); again || err != nil {
			t.Errorf("Rejected without a token = %v, %v", again, err)
		}
		session.Accepted(&tokens.Call{})
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSessionAccountFollowsTheConfiguredRefreshToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		session := newSession(t, upstream, refreshOnly(upstream.seed()))
		stop := run(t, session)
		defer stop()
		synctest.Wait()
		time.Sleep(time.Hour) // several renewals
		token, err := session.Current(time.Now(), nil)
		if err != nil {
			t.Fatal(err)
		}
		account := session.Account()
		if account == "" || !session.Holds(token.ID) {
			t.Fatalf("account %q does not hold its own token", account)
		}
		session.SetSecrets(tokens.SessionSecrets{RefreshToken: redact.New(upstream.seed())})
		time.Sleep(time.Second)
		next, err := session.Current(time.Now(), nil)
		if err != nil || next.Generation != token.Generation+1 {
			t.Fatalf("a new refresh token is to be used at once: generation %d, %v", next.Generation, err)
		}
		if session.Account() == account || session.Holds(token.ID) || !session.Holds(next.ID) {
			t.Error("another refresh token may be another customer's, but the account stayed the same")
		}
	})
}
