package tokens_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

// newSession returns a session at upstream with a login, changed by change.
func newSession(t *testing.T, upstream *mediaStore, change func(*tokens.SessionConfig)) *tokens.Session {
	t.Helper()
	source, err := tokens.NewMediaStore("https://mediastore.test", upstream)
	if err != nil {
		t.Fatal(err)
	}
	cfg := tokens.SessionConfig{
		Name: "service", Source: source, Upstream: "https://mediastore.test",
		Login: tokens.Login{Email: email, Password: redact.New(password), PublisherID: "9"},
	}
	if change != nil {
		change(&cfg)
	}
	session, err := tokens.NewSession(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// refreshOnly makes a session live by a refresh token.
func refreshOnly(refresh string) func(*tokens.SessionConfig) {
	return func(cfg *tokens.SessionConfig) {
		cfg.Login, cfg.RefreshToken = tokens.Login{}, redact.New(refresh)
	}
}

// run runs credential for the rest of a bubble.
func run(t *testing.T, credential tokens.Credential) (stop func()) {
	t.Helper()
	var group sync.WaitGroup
	group.Go(func() {
		if err := credential.Run(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return func() {
		if err := errors.Join(credential.Close(), credential.Close()); err != nil {
			t.Error(err)
		}
		group.Wait()
	}
}

func wantCounts(t *testing.T, m *mediaStore, logins, refreshes int) {
	t.Helper()
	if l, r := m.counts(); l != logins || r != refreshes {
		t.Errorf("upstream handled %d logins and %d refreshes, want %d and %d", l, r, logins, refreshes)
	}
}

func TestPromise06OneRenewalForFiveHundredCallers(t *testing.T) {
	const callers = 500
	kill := map[string]func(*mediaStore){
		"expiry":     func(m *mediaStore) { time.Sleep(m.life) },
		"revocation": func(m *mediaStore) { m.revokeAll() },
	}
	for name, kill := range kill {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				upstream := newMediaStore()
				session := newSession(t, upstream, nil)
				a := &app{session: session, store: upstream}
				if r := a.call(t.Context(), "GET /customers/{id}"); r.status != 200 {
					t.Fatalf("first call: %+v", r)
				}
				kill(upstream)
				var group sync.WaitGroup
				for range callers {
					group.Go(func() {
						if r := a.call(t.Context(), "GET /customers/{id}"); r.status != 200 {
							t.Errorf("the app saw %+v", r)
						}
					})
				}
				group.Wait()
				wantCounts(t, upstream, 1, 1)
				if twice := upstream.twice(); twice != nil {
					t.Errorf("sent twice: %v", twice)
				}
				if err := session.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestPromise06LostAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		upstream.life = 5 * time.Second
		requests, lost := 0, 0
		upstream.fault = func(string, int) fault {
			requests++
			if requests%100 != 50 {
				return noFault
			}
			lost++
			return resetAfter
		}
		session := newSession(t, upstream, nil)
		stop := run(t, session)
		a := &app{session: session, store: upstream}
		var group sync.WaitGroup
		for range 2000 {
			group.Go(func() {
				if r := a.call(t.Context(), "GET /offers"); r.status != 200 {
					t.Errorf("the app saw %+v", r)
				}
			})
			time.Sleep(500 * time.Millisecond)
		}
		group.Wait()
		stop()
		if twice := upstream.twice(); twice != nil || lost < 2 {
			t.Errorf("%d answers were lost, sent twice: %v", lost, twice)
		}
	})
}

func TestSessionCallersWaitWithTheirOwnContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		upstream.latency = 2 * time.Second
		session := newSession(t, upstream, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := session.Secure(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Secure of an impatient caller = %v", err)
		}
		// The renewal goes on without its caller.
		if err := session.Secure(t.Context()); err != nil {
			t.Error(err)
		}
		wantCounts(t, upstream, 1, 0)
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSessionCloseLetsARenewalFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		upstream.latency = 2 * time.Second
		store := tokens.NewMemoryStore()
		session := newSession(t, upstream, func(cfg *tokens.SessionConfig) { cfg.Store = store })
		left := make(chan error)
		go func() { left <- session.Secure(t.Context()) }()
		synctest.Wait()
		if err := session.Close(); err != nil {
			t.Error(err)
		}
		if err := <-left; !errors.Is(err, tokens.ErrClosed) {
			t.Errorf("a caller waiting at Close got %v", err)
		}
		next := newSession(t, upstream, func(cfg *tokens.SessionConfig) { cfg.Store = store })
		if err := next.Secure(t.Context()); err != nil {
			t.Error(err)
		}
		wantCounts(t, upstream, 1, 0)
		if err := next.Secure(t.Context()); err != nil {
			t.Error(err)
		}
		if err := next.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSessionShowsNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		upstream := newMediaStore()
		upstream.life = 20 * time.Second
		session := newSession(t, upstream, func(cfg *tokens.SessionConfig) {
			cfg.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		stop := run(t, session)
		time.Sleep(time.Minute)
		upstream.mu.Lock()
		upstream.password = "changed"
		upstream.fault = func(string, int) fault { return resetAfter }
		upstream.mu.Unlock()
		time.Sleep(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := session.Secure(ctx)
		stop()
		if !strings.Contains(log.String(), "renewed") || err == nil {
			t.Fatalf("no renewal or no failure in the log: %s, %v", log.String(), err)
		}
		text := log.String() + err.Error() + session.Status().LastError
		for _, secret := range []string{password, "refresh-", "eyJ", email} {
			if strings.Contains(text, secret) {
				t.Errorf("the log or an error shows %q:\n%s", secret, text)
			}
		}
	})
}

func TestSessionTellsWhatItHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		var mu sync.Mutex
		var known []string
		session := newSession(t, upstream, func(cfg *tokens.SessionConfig) {
			cfg.Known = func(held []redact.Secret) {
				mu.Lock()
				defer mu.Unlock()
				known = nil
				for _, secret := range held {
					known = append(known, secret.Reveal())
				}
			}
		})
		a := &app{session: session, store: upstream, depart: func(jwt string) {
			mu.Lock()
			defer mu.Unlock()
			if !slices.Contains(known, jwt) {
				t.Errorf("a token departs that is not known: %v", known)
			}
		}}
		for range 3 {
			a.call(t.Context(), "GET /offers")
			upstream.revokeAll()
		}
		if len(known) != 4 || known[1] != "refresh-3" || known[3] != "refresh-2" {
			t.Errorf("known in the end: %v", known)
		}
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestNewSessionValidates(t *testing.T) {
	source, err := tokens.NewMediaStore("https://mediastore.test", newMediaStore())
	if err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]tokens.SessionConfig{
		"no source": {Name: "s", RefreshToken: redact.New("r")},
		"no login":  {Name: "s", Source: source, Login: tokens.Login{Email: email}},
		"negative":  {Name: "s", Source: source, RefreshToken: redact.New("r"), Deadline: -1},
	} {
		if _, err := tokens.NewSession(cfg); err == nil || !strings.Contains(err.Error(), "credential s: ") {
			t.Errorf("%s: error = %v", name, err)
		}
	}
	for _, base := range []string{"", "mediastore.test", "ftp://mediastore.test", "https://"} {
		if _, err := tokens.NewMediaStore(base, newMediaStore()); err == nil {
			t.Errorf("the upstream %q was accepted", base)
		}
	}
}
