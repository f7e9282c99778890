package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sort"
	"sync"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

// credentials holds the running credentials and keeps them over reloads: what
// they have learned belongs to the name, not to the configuration.
type credentials struct {
	log     *slog.Logger
	secrets *config.SecretWatcher

	mu     sync.Mutex // guards byName
	byName map[string]tokens.Credential
}

func newCredentials(log *slog.Logger, secrets *config.SecretWatcher) *credentials {
	return &credentials{log: log, secrets: secrets, byName: make(map[string]tokens.Credential)}
}

// apply makes the credentials those of cfg.
func (c *credentials) apply(cfg *config.Config) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, want := range cfg.Credentials {
		values := want.Tokens
		if want.Kind == config.Header {
			values = []redact.Secret{want.Value}
		}
		if keys, ok := c.byName[name].(*tokens.Keys); ok && string(keys.Kind()) == string(want.Kind) {
			if err := keys.SetKeys(values); err != nil {
				return err
			}
			continue
		}
		keys, err := tokens.NewKeys(tokens.KeysConfig{
			Name: name, Kind: tokens.Kind(want.Kind), Header: tokens.HeaderForm{Name: want.Name}, Values: values, Log: c.log,
			Reload: c.reread(name, want.Kind),
		})
		if err != nil {
			return fmt.Errorf("credentials.%s: %w", name, err)
		}
		c.byName[name] = keys
	}
	for name, cred := range c.byName {
		if _, kept := cfg.Credentials[name]; !kept {
			_ = cred.Close()
			delete(c.byName, name)
		}
	}
	return nil
}

// all returns the credentials by name, for one view of the proxy.
func (c *credentials) all() map[string]tokens.Credential {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make(map[string]tokens.Credential, len(c.byName))
	for name, cred := range c.byName {
		list[name] = cred
	}
	return list
}

// status lists the credentials for the admin API, by name.
func (c *credentials) status() any {
	list := []tokens.Status{}
	for _, cred := range c.all() {
		list = append(list, cred.Status())
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
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

func (c *credentials) close() error {
	var errs []error
	for _, cred := range c.all() {
		errs = append(errs, cred.Close())
	}
	return errors.Join(errs...)
}
