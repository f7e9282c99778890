package main

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cleengate/cleengate/internal/config"
)

// certificateAge is how long a certificate is served before a handshake looks
// whether its files have other contents: certificates are replaced while the process
// runs, and by some tools every day.
const certificateAge = 10 * time.Second

// certificate is the listeners' own, with its key. One that cannot be used, such as a
// pair of which only one half was replaced so far, leaves the one before in force. It is
// safe for concurrent use.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	current           atomic.Pointer[tls.Certificate]

	mu     sync.Mutex // guards what follows
	looked time.Time
	seen   [2][sha256.Size]byte // of the files' contents
}

// tlsConfig loads the listeners' certificate; nil without one.
func tlsConfig(cfg config.TLS, log *slog.Logger) (*tls.Config, error) {
	if !cfg.Enabled() {
		return nil, nil //nolint:nilnil // plain http
	}
	c := &certificate{certFile: cfg.CertFile, keyFile: cfg.KeyFile, log: log}
	c.isDue()
	if err := c.load(); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get, NextProtos: []string{"h2", "http/1.1"}}, nil
}

// get implements [tls.Config.GetCertificate]. One handshake looks at the files; others
// do not wait for it.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c.isDue() {
		before := c.current.Load()
		if err := c.load(); err != nil {
			c.log.Error("The changed certificate cannot be used; the one before is served on. Put a PEM certificate chain and its own private key into the two files.", "cert_file", c.certFile, "key_file", c.keyFile, "error", err)
		} else if now := c.current.Load(); now != before {
			c.log.Info("A changed certificate is served.", "cert_file", c.certFile, "valid_until", now.Leaf.NotAfter)
		}
	}
	return c.current.Load(), nil
}

// isDue reports whether it is time to look, once.
func (c *certificate) isDue() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= certificateAge {
		c.looked = now
		return true
	}
	return false
}

// load takes the certificate from its files if they have changed since it looked
// last, so that an error is told once for each change.
func (c *certificate) load() error {
	certPEM, certErr := os.ReadFile(c.certFile)
	keyPEM, keyErr := os.ReadFile(c.keyFile)
	if !c.isNew(certPEM, keyPEM) {
		return nil
	}
	if err := errors.Join(certErr, keyErr); err != nil {
		return fmt.Errorf("tls: %w", err)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return fmt.Errorf("tls: %s and %s are no certificate with its key: %w", c.certFile, c.keyFile, err)
	}
	c.current.Store(&pair)
	return nil
}

// isNew reports whether the files had other contents before, and remembers these.
func (c *certificate) isNew(certPEM, keyPEM []byte) bool {
	seen := [2][sha256.Size]byte{sha256.Sum256(certPEM), sha256.Sum256(keyPEM)}
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.seen
	c.seen = seen
	return seen != before
}
