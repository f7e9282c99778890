package tokens

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// SessionConfig configures [Session].
type SessionConfig struct {
	// Name of the credential. Required.
	Name string
	// Source logs in and refreshes. Required.
	Source Source
	// Upstream is the URL of the API that Source talks to; a stored session of
	// another one is not used.
	Upstream string
	// Login is what to log in with. Zero: the session lives by RefreshToken.
	Login Login
	// RefreshToken is the configured one, used once if it was never seen
	// before. Zero: none. One of Login and RefreshToken is required.
	RefreshToken redact.Secret
	// Store keeps the session. Nil: it ends with the process.
	Store Store
	// Reload reads the secrets anew. It is asked every Poll and before each
	// renewal. A zero secret or an error leaves the last one in place. Nil:
	// they change by [Session.SetSecrets] only.
	Reload func(ctx context.Context) (SessionSecrets, error)
	// Poll is the period of Reload while Run runs. Zero: never.
	Poll time.Duration
	// Header is where the token goes. Zero: [BearerForm].
	Header HeaderForm
	// Deadline bounds one renewal, its waiting for quota included. Zero: 30 s.
	Deadline time.Duration
	// Logins is shared by all sessions. Nil: one of its own.
	Logins *LoginGate
	// Clock is the upstream's, for those who learn it from other answers too.
	// Nil: one of its own.
	Clock *Clock
	// Known is told which tokens the session holds, the ones replaced last
	// included, before new ones are used: for whoever keeps secrets out of
	// what is written down. It must not block. Nil: nobody is.
	Known func(held []redact.Secret)
	// Metrics counts renewals. Nil: nobody does.
	Metrics Metrics
	// Log takes what an operator should know. Nil: nowhere.
	Log *slog.Logger
}

// SessionSecrets are the secrets of a session that may change while it runs.
type SessionSecrets struct {
	Password     redact.Secret
	RefreshToken redact.Secret
}

// NewSession validates cfg. It does no I/O.
func NewSession(cfg SessionConfig) (*Session, error) {
	switch {
	case cfg.Source == nil:
		return nil, fmt.Errorf("credential %s: a session needs an upstream to log in at", cfg.Name)
	case !cfg.Login.possible() && cfg.RefreshToken.IsZero():
		return nil, fmt.Errorf("credential %s: a session needs email and password_file, or refresh_token_file", cfg.Name)
	case cfg.Deadline < 0 || cfg.Poll < 0:
		return nil, fmt.Errorf("credential %s: a duration is negative", cfg.Name)
	}
	if cfg.Store == nil {
		cfg.Store = NewMemoryStore()
	}
	if cfg.Header.Name == "" {
		cfg.Header = BearerForm()
	}
	cfg.Header.Name = http.CanonicalHeaderKey(cfg.Header.Name)
	if cfg.Logins == nil {
		cfg.Logins = &LoginGate{}
	}
	if cfg.Clock == nil {
		cfg.Clock = &Clock{}
	}
	if cfg.Known == nil {
		cfg.Known = func([]redact.Secret) {}
	}
	if cfg.Metrics == nil {
		cfg.Metrics = noMetrics{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	const deadline = 30 * time.Second
	s := &Session{
		name:     cfg.Name,
		header:   cfg.Header,
		source:   cfg.Source,
		store:    cfg.Store,
		reload:   cfg.Reload,
		poll:     cfg.Poll,
		deadline: max(cfg.Deadline, onlyZero(cfg.Deadline, deadline)),
		logins:   cfg.Logins,
		clock:    cfg.Clock,
		known:    cfg.Known,
		metrics:  cfg.Metrics,
		log:      cfg.Log.With(slog.String("credential", cfg.Name)),
		identity: identityOf(cfg),
		jitter:   mathrand.Float64,
		secrets:  SessionSecrets{Password: cfg.Login.Password, RefreshToken: cfg.RefreshToken},
		login:    cfg.Login,
		idBase:   randomID(),
		accounts: rand.Text(),
		delays:   newDelays(),
		wake:     make(chan struct{}, 1),
	}
	s.life, s.end = context.WithCancel(context.Background())
	s.descend("")
	return s, nil
}

func onlyZero(value, standIn time.Duration) time.Duration {
	if value == 0 {
		return standIn
	}
	return 0
}

// identityOf tells logins apart in the store without naming them.
func identityOf(cfg SessionConfig) string {
	hash := sha256.New()
	for _, part := range []string{"session", cfg.Upstream, cfg.Login.Email, cfg.Login.PublisherID} {
		_, _ = fmt.Fprintf(hash, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}
