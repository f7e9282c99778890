package tokens_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

// category returns the category of the failure that Secure gives at once.
func category(t *testing.T, session *tokens.Session, patience time.Duration) tokens.Category {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := session.Secure(ctx)
	failure, ok := errors.AsType[*tokens.Failure](err)
	if !ok {
		t.Fatalf("Secure = %v, want a *Failure", err)
	}
	return failure.Category
}

func TestSessionPermanentFailureIsProbedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		upstream.password = "another"
		session := newSession(t, upstream, nil)
		stop := run(t, session)
		began := time.Now()
		for time.Since(began) < 10*time.Minute {
			before := time.Now()
			if got := category(t, session, time.Second); got != tokens.Permanent {
				t.Fatalf("category = %s", got)
			}
			if time.Since(before) > 2*upstream.latency {
				t.Fatal("a caller waited for what waiting cannot cure")
			}
			time.Sleep(100 * time.Millisecond)
		}
		if logins, _ := upstream.counts(); logins < 9 || logins > 11 {
			t.Errorf("%d logins with a wrong password in 10 minutes, want one a minute", logins)
		}
		// The right password cures it at once.
		session.SetSecrets(tokens.SessionSecrets{Password: redact.New("another")})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := session.Secure(ctx); err != nil {
			t.Error(err)
		}
		stop()
	})
}

func TestSessionDeadForGoodReadsItsSecretsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		var file atomic.Value
		file.Store("wrong")
		session := newSession(t, upstream, func(cfg *tokens.SessionConfig) {
			cfg.Login.Password = redact.New("wrong")
			cfg.Reload = func(context.Context) (tokens.SessionSecrets, error) {
				if text := file.Load().(string); text != "" {
					return tokens.SessionSecrets{Password: redact.New(text)}, nil
				}
				return tokens.SessionSecrets{}, errors.New("no such file")
			}
		})
		if got := category(t, session, time.Second); got != tokens.Permanent {
			t.Fatalf("category = %s", got)
		}
		file.Store("") // removed: the last value stays
		time.Sleep(2 * time.Second)
		if got := category(t, session, time.Second); got != tokens.Permanent {
			t.Fatalf("category = %s", got)
		}
		file.Store(password)
		time.Sleep(2 * time.Second)
		if err := session.Secure(t.Context()); err != nil {
			t.Errorf("the new password was not seen by the next call: %v", err)
		}
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSessionTransientFailureBacksOffAndHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		upstream.fault = func(string, int) fault { return unavailable }
		session := newSession(t, upstream, nil)
		stop := run(t, session)
		time.Sleep(10 * time.Minute)
		logins, _ := upstream.counts()
		if logins < 8 || logins > 60 {
			t.Errorf("%d logins in 10 minutes of outage", logins)
		}
		upstream.mu.Lock()
		upstream.fault = nil
		upstream.mu.Unlock()
		// A patient caller waits for the next attempt instead of being refused.
		if err := session.Secure(t.Context()); err != nil {
			t.Error(err)
		}
		stop()
	})
}

func TestSessionFailureIsTakenByWhoeverCannotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		upstream.fault = func(string, int) fault { return throttle }
		session := newSession(t, upstream, nil)
		if got := category(t, session, 30*time.Millisecond+2*upstream.latency); got != tokens.Throttled {
			t.Errorf("category = %s", got)
		}
		before := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := session.Secure(ctx); err == nil || time.Since(before) != 0 {
			t.Errorf("a caller whose time ends before the next attempt got %v after %v", err, time.Since(before))
		}
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSessionThrottledRefreshIsNotSpent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, early := range []fault{throttle, resetBefore} {
			upstream := newMediaStore()
			times := 0
			upstream.fault = func(string, int) fault {
				if times++; times <= 3 {
					return early
				}
				return noFault
			}
			session := newSession(t, upstream, refreshOnly(upstream.seed()))
			if err := session.Secure(t.Context()); err != nil {
				t.Errorf("a refresh that was refused before it was handled lost the session: %v", err)
			}
			wantCounts(t, upstream, 0, 1)
			if err := session.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestPromise06LostRefreshEndsASessionWithoutLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		session := newSession(t, upstream, refreshOnly(upstream.seed()))
		stop := run(t, session)
		time.Sleep(time.Minute)
		upstream.mu.Lock()
		upstream.fault = func(string, int) fault { return resetAfter }
		upstream.mu.Unlock()
		a := &app{session: session, store: upstream}
		time.Sleep(12 * time.Minute) // the renewal ahead has failed, the token lives
		if r := a.call(t.Context(), "GET /offers"); r.status != 200 {
			t.Errorf("the old token serves while it lives, but the app saw %+v", r)
		}
		time.Sleep(5 * time.Minute)
		if got := category(t, session, time.Minute); got != tokens.Permanent {
			t.Errorf("category = %s", got)
		}
		if text := session.Status().LastError; !strings.Contains(text, "refresh_token_file") {
			t.Errorf("the error does not say what to do: %s", text)
		}
		upstream.mu.Lock()
		upstream.fault = nil
		upstream.mu.Unlock()
		time.Sleep(10 * time.Minute)
		if twice := upstream.twice(); twice != nil {
			t.Errorf("sent twice: %v", twice)
		}
		session.SetSecrets(tokens.SessionSecrets{RefreshToken: redact.New(upstream.seed())})
		if err := session.Secure(t.Context()); err != nil {
			t.Errorf("a new refresh token did not revive the session: %v", err)
		}
		stop()
	})
}

func TestSessionRefusedConfiguredTokenLeavesALivingSessionAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		session := newSession(t, upstream, refreshOnly(upstream.seed()))
		stop := run(t, session)
		time.Sleep(time.Minute)
		before := session.Status().Generation
		session.SetSecrets(tokens.SessionSecrets{RefreshToken: redact.New("never-issued")})
		time.Sleep(time.Minute)
		if status := session.Status(); status.Generation != before || !status.Valid {
			t.Errorf("status = %+v, want generation %d to stay", status, before)
		}
		time.Sleep(time.Hour)
		if status := session.Status(); !status.Valid || status.LastError != "" {
			t.Errorf("status = %+v, want the session to go on", status)
		}
		stop()
		if twice := upstream.twice(); twice != nil {
			t.Errorf("sent twice: %v", twice)
		}
	})
}

func TestFailingLoginsAreFewForAllSessionsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		upstream.fault = func(string, int) fault { return unavailable }
		gate := &tokens.LoginGate{}
		var stops []func()
		for range 20 {
			stops = append(stops, run(t, newSession(t, upstream, func(cfg *tokens.SessionConfig) { cfg.Logins = gate })))
		}
		synctest.Wait()
		time.Sleep(2 * upstream.latency)
		if logins, _ := upstream.counts(); logins != 3 {
			t.Errorf("%d failing logins at once, want 3", logins)
		}
		time.Sleep(10 * time.Second)
		if logins, _ := upstream.counts(); logins > 3+20+1 {
			t.Errorf("%d failing logins in 10 s, want at most 2 a second after the first 3", logins)
		}
		for _, stop := range stops {
			stop()
		}
	})
}
