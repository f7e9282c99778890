package main

import (
	"context"

	"github.com/cleengate/cleengate/internal/redact"
)

// secretChanged asks for a reload: whoever uses the secret gets it through the
// configuration.
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

// followSecrets reloads when a secret has changed.
func (p *process) followSecrets(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.newSecrets:
			_ = p.reload() // logged and counted there
		}
	}
}
