package main

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"sort"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cleengate/cleengate/internal/config"
)

// lastWordsWithin bounds how long readers of the admin listener may take at the
// end.
const lastWordsWithin = 250 * time.Millisecond

// shutdown ends the process in phases: not ready, shutdown.delay for
// balancers to notice, no new connections, shutdown.drain for what is under
// way, then the rest. Calls that did not end in time are reported.
func (p *process) shutdown() error {
	p.health.Stopping()
	cfg := p.cfg.Load().Shutdown
	time.Sleep(cfg.Delay)
	ctx, cancel := context.WithTimeout(context.Background(), cfg.Drain)
	defer cancel()
	p.limits.Drain(time.Now().Add(cfg.Drain))
	var draining errgroup.Group
	for _, e := range p.endpoints {
		if !e.admin {
			draining.Go(func() error { return e.server.Shutdown(ctx) })
		}
	}
	if draining.Wait() != nil {
		p.log.Warn("Calls were still running when shutdown.drain was over; they are cut off.")
	}
	return p.close()
}

// hurry ends at once.
func (p *process) hurry() {
	for _, e := range p.endpoints {
		_ = e.server.Close()
	}
	_ = p.log.Close()
}

// close ends everything that newProcess, listen and start began. It is safe
// after any of them.
func (p *process) close() error {
	errs := []error{p.journal.Close()}
	lastWords, cancel := context.WithTimeout(context.Background(), lastWordsWithin)
	defer cancel()
	for _, e := range p.endpoints {
		if e.admin {
			_ = e.server.Shutdown(lastWords) // streams of events say why they end
		}
		errs = append(errs, e.server.Close())
		if e.listener != nil {
			_ = e.listener.Close() // the server has closed it if it served
		}
	}
	if p.stopLoops != nil {
		p.stopLoops()
	}
	errs = append(errs, p.stored.Close(), p.creds.close(), p.loops.Wait(), p.limits.Close())
	p.proxy.Close()
	p.log.Info("Stopped.")
	return errors.Join(append(errs, p.log.Close())...)
}

// quietServerLog takes what net/http says of broken connections: an app that
// hangs up is no news.
func quietServerLog(l *slog.Logger) *log.Logger {
	return slog.NewLogLogger(l.Handler(), slog.LevelDebug)
}

// ownListeners are the addresses of upstreams with a listener of their own.
func ownListeners(cfg *config.Config) []string {
	seen := make(map[string]bool)
	var list []string
	for _, u := range cfg.Upstreams {
		if u.Listen != "" && !seen[u.Listen] {
			seen[u.Listen] = true
			list = append(list, u.Listen)
		}
	}
	sort.Strings(list)
	return list
}
