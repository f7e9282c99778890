package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/cleengate/cleengate/proxy"
)

// endpoint is one listener with its server.
type endpoint struct {
	name     string // as messages call it
	address  string // as configured
	admin    bool   // answers until the end of a shutdown
	tls      *tls.Config
	server   *http.Server
	listener net.Listener
}

// listen opens the endpoint without serving it.
func (e *endpoint) listen(ctx context.Context, connections int, idle time.Duration) error {
	l, err := proxy.Listen(ctx, e.address, connections, idle)
	if err != nil {
		return fmt.Errorf("%s cannot listen on %s: %w", e.name, e.address, err)
	}
	if e.tls != nil {
		l = tls.NewListener(l, e.tls)
	}
	e.listener = l
	return nil
}

// url is where the endpoint can be reached.
func (e *endpoint) url() string {
	if strings.HasPrefix(e.address, "unix:") {
		return e.address
	}
	scheme := "http://"
	if e.tls != nil {
		scheme = "https://"
	}
	return scheme + reachable(e.listener.Addr().String())
}

// serve runs until the server is shut down or closed.
func (e *endpoint) serve() error {
	err := e.server.Serve(e.listener)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("%s: %w", e.name, err)
}
