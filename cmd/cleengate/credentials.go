package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sort"
	"sync"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/internal/telemetry"
	"github.com/cleengate/cleengate/tokens"
)

// credentials holds the running credentials and keeps them over reloads: what
// they have learned belongs to the name, not to the configuration.
type credentials struct {
	log     *slog.Logger
	secrets *config.SecretWatcher
	metrics *telemetry.Metrics
	lane    func(upstream string) http.RoundTripper
	state   state
	vault   *redact.Vault
	logins  tokens.LoginGate

	mu      sync.Mutex // guards what follows
	byName  map[string]tokens.Credential
	made    map[string]config.Credential // what each session was made from
	running context.Context              //nolint:containedctx // of the loops; nil before run
	loops   sync.WaitGroup
}

// Renewal implements tokens.Metrics.
func (c *credentials) Renewal(credential string, outcome tokens.Outcome) {
	c.metrics.Credentials().Renewed(credential, string(outcome))
}

// apply makes the credentials those of cfg.
func (c *credentials) apply(cfg *config.Config) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, want := range cfg.Credentials {
		if c.update(name, want) {
			continue
		}
		fresh, err := c.make(name, want, cfg)
		if err != nil {
			return fmt.Errorf("credentials.%s: %w", name, err)
		}
		c.drop(name)
		c.byName[name], c.made[name] = fresh, want
		if want.Kind == config.Session {
			c.metrics.Credentials().Touch(name)
		}
		c.keepFresh(fresh)
	}
	for name := range c.byName {
		if _, kept := cfg.Credentials[name]; !kept {
			c.drop(name)
		}
	}
	return nil
}

// update hands changed secrets to a credential that is otherwise the same, and
// reports whether there is one.
func (c *credentials) update(name string, want config.Credential) bool {
	switch cred := c.byName[name].(type) {
	case *tokens.Keys:
		return string(cred.Kind()) == string(want.Kind) && cred.Header() == headerForm(want) && cred.SetKeys(staticValues(want)) == nil
	case *tokens.Session:
		was := c.made[name]
		if want.Kind != config.Session || was.Email != want.Email || was.PublisherID != want.PublisherID || was.Upstream != want.Upstream {
			return false
		}
		cred.SetSecrets(tokens.SessionSecrets{Password: want.Password, RefreshToken: want.RefreshToken})
		return true
	}
	return false
}

func (c *credentials) make(name string, want config.Credential, cfg *config.Config) (tokens.Credential, error) {
	if want.Kind != config.Session {
		return tokens.NewKeys(tokens.KeysConfig{
			Name: name, Kind: tokens.Kind(want.Kind), Header: headerForm(want), Values: staticValues(want), Log: c.log,
			Reload: c.reread(name, want.Kind),
		})
	}
	upstream := want.Upstream
	if upstream == "" {
		upstream = config.MediaStoreUpstream
	}
	base := cfg.Upstreams[upstream].URL + cfg.Upstreams[upstream].Path
	source, err := tokens.NewMediaStore(base, c.lane(upstream))
	if err != nil {
		return nil, err
	}
	store, err := c.store(name, want, cfg)
	if err != nil {
		return nil, err
	}
	at := "credentials." + name + "."
	return tokens.NewSession(tokens.SessionConfig{
		Known: func(held []redact.Secret) { c.vault.Set("session "+name, held...) },
		Reload: func(context.Context) (tokens.SessionSecrets, error) {
			c.secrets.Refresh()
			return tokens.SessionSecrets{Password: c.secrets.Secret(at + "password"), RefreshToken: c.secrets.Secret(at + "refresh_token")}, nil
		},
		Name: name, Source: source, Upstream: base, Store: store, Logins: &c.logins, Metrics: c, Log: c.log,
		Login: tokens.Login{Email: want.Email, Password: want.Password, PublisherID: want.PublisherID}, RefreshToken: want.RefreshToken,
	})
}

// store keeps a session on disk. A refresh token works once: without a place
// to note that, a session that lives by one cannot be run safely.
func (c *credentials) store(name string, want config.Credential, cfg *config.Config) (tokens.Store, error) {
	if c.state.dir == "" {
		if c.state.err != nil && !want.RefreshToken.IsZero() {
			return nil, fmt.Errorf("a session that lives by a refresh token needs a state directory that can be written: %w", c.state.err)
		}
		return tokens.NewMemoryStore(), nil
	}
	return tokens.NewFileStore(tokens.FileStoreConfig{Dir: c.state.dir, Name: name, Key: cfg.StateKey, Log: c.log})
}

func headerForm(c config.Credential) tokens.HeaderForm {
	switch c.Kind {
	case config.Header:
		return tokens.HeaderForm{Name: http.CanonicalHeaderKey(c.Name)}
	case config.Session:
		return tokens.BearerForm()
	case config.PublisherToken:
	}
	return tokens.PublisherTokenForm()
}

func staticValues(c config.Credential) []redact.Secret {
	if c.Kind == config.Header {
		return []redact.Secret{c.Value}
	}
	return c.Tokens
}

// keepFresh runs the credential's own loop; before run there is none.
func (c *credentials) keepFresh(cred tokens.Credential) {
	if ctx := c.running; ctx != nil {
		c.loops.Go(func() { _ = cred.Run(ctx) })
	}
}

// drop closes a credential. Renewals that were sent run to their end.
func (c *credentials) drop(name string) {
	if cred, ok := c.byName[name]; ok {
		_ = cred.Close()
		delete(c.byName, name)
		delete(c.made, name)
	}
}

// run keeps all credentials fresh until ctx ends, and waits for their loops.
func (c *credentials) run(ctx context.Context) error {
	c.mu.Lock()
	c.running = ctx
	for _, cred := range c.byName {
		c.keepFresh(cred)
	}
	c.mu.Unlock()
	<-ctx.Done()
	c.mu.Lock()
	c.running = nil
	c.mu.Unlock()
	c.loops.Wait()
	return nil
}

// all returns the credentials by name, for one view of the proxy.
func (c *credentials) all() map[string]tokens.Credential {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.byName)
}

// credentialView is a credential as the admin API shows it: every member is
// always there, and times that are not known are null.
type credentialView struct {
	Name       string      `json:"name"`
	Kind       tokens.Kind `json:"kind"`
	Generation uint64      `json:"generation"`
	Valid      bool        `json:"valid"`
	ExpiresAt  *time.Time  `json:"expires_at"`
	RenewedAt  *time.Time  `json:"renewed_at"`
	LastError  string      `json:"last_error"`
}

// status lists the credentials for the admin API, by name.
func (c *credentials) status() any {
	list := []credentialView{}
	for _, cred := range c.all() {
		s := cred.Status()
		list = append(list, credentialView{
			Name: s.Name, Kind: s.Kind, Generation: s.Generation, Valid: s.Valid, LastError: s.LastError,
			ExpiresAt: known(s.ExpiresAt), RenewedAt: known(s.RenewedAt),
		})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// reread looks at the secret's file at once, because a call was refused with
// what we have.
func (c *credentials) reread(name string, kind config.CredentialKind) func(context.Context) ([]redact.Secret, error) {
	path := "credentials." + name + ".tokens"
	if kind == config.Header {
		path = "credentials." + name + ".value"
	}
	return func(context.Context) ([]redact.Secret, error) {
		c.secrets.Refresh()
		return c.secrets.Secrets(path), nil
	}
}

// stats is what the metrics show.
func (c *credentials) stats() []telemetry.CredentialStat {
	var list []telemetry.CredentialStat
	for _, cred := range c.all() {
		s := cred.Status()
		list = append(list, telemetry.CredentialStat{Name: s.Name, Valid: s.Valid, Expires: s.ExpiresAt})
	}
	return list
}

func (c *credentials) close() error {
	var errs []error
	for _, cred := range c.all() {
		errs = append(errs, cred.Close())
	}
	return errors.Join(errs...)
}
