package main

import (
	"context"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/redact"
)

// secretChanged notes that a secret has a new value, to be put in force.
func (p *process) secretChanged(path string, _ []redact.Secret) {
	p.log.Info("A secret file has new content.", "key", path)
	select {
	case p.newSecrets <- struct{}{}:
	default:
	}
}

// secretFault tells of a secret file that cannot be used. The last good value
// stays in force.
func (p *process) secretFault(path string, err error) {
	if err != nil {
		p.log.Warn("A secret file cannot be used; its last good value stays in force.", "key", path, "error", err.Error())
		return
	}
	p.log.Info("A secret file can be used again.", "key", path)
}

// followSecrets puts changed secrets in force: the configuration stays as it
// is, whatever its file says by now.
func (p *process) followSecrets(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.newSecrets:
			p.applySecrets()
		}
	}
}

func (p *process) applySecrets() {
	p.reloading.Lock()
	defer p.reloading.Unlock()
	cfg := withSecrets(p.cfg.Load(), p.secrets)
	err := p.apply(cfg)
	if err != nil {
		p.metrics.Reloaded(false, time.Now())
		p.log.Error("A new secret could not be put in force; the old one stays.", "error", err.Error())
		return
	}
	p.cfg.Store(cfg)
	p.vault.Set("configuration", p.secrets.All()...)
}

// withSecrets is cfg with the values that the secret files hold now.
func withSecrets(cfg *config.Config, secrets *config.SecretWatcher) *config.Config {
	next := *cfg
	next.Guard.ClientToken = secrets.Secret("guard.client_token")
	next.Admin.Token = secrets.Secret("admin.token")
	next.Clients = make(map[string]config.Client, len(cfg.Clients))
	for name, c := range cfg.Clients {
		c.Token = secrets.Secret("clients." + name + ".token")
		next.Clients[name] = c
	}
	next.Credentials = make(map[string]config.Credential, len(cfg.Credentials))
	for name, c := range cfg.Credentials {
		at := "credentials." + name + "."
		c.Tokens, c.Value = secrets.Secrets(at+"tokens"), secrets.Secret(at+"value")
		c.Password, c.RefreshToken = secrets.Secret(at+"password"), secrets.Secret(at+"refresh_token")
		next.Credentials[name] = c
	}
	return &next
}
