// Package proxy carries an app's request to Cleeng and the answer back.
//
// A request runs through layers above httputil.ReverseProxy (record, guard,
// router, identify) and through http.RoundTrippers below it (inject, attempt,
// http.Transport). Each wraps the next one, does one thing, and finds what the
// others know in the exchange, which travels in the writer above and in the
// request's context below. The order
// is written down in two places only: [Proxy.Handler] above, chain below.
package proxy

import (
	"context"
	"fmt"
	"hash/maphash"
	"log"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cleengate/cleengate/cache"
	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/limiter"
	"github.com/cleengate/cleengate/tokens"
)

// Metrics is what the proxy counts while a request is under way; what is
// counted once at its end is the sink's. Implementations are safe for
// concurrent use and do not block.
type Metrics interface {
	// GuardRefused counts a refusal by its code.
	GuardRefused(code string)
	// Attempt counts one call to an upstream; status 0 means no answer came.
	Attempt(upstream string, status int, reason string, took time.Duration)
	// Retried counts a repeat by its cause.
	Retried(cause string)
	// RetryBudgetExhausted counts a repeat that the budget forbade.
	RetryBudgetExhausted()
	// FlightJoined counts a call that got the answer of another's.
	FlightJoined()
	// QueueWait measures how long a call waited for its place.
	QueueWait(limit string, waited time.Duration)
	// Observed counts what mode observe left undone.
	Observed(action string)
}

// Parts are the rooms that a view is wired to.
type Parts struct {
	// Credentials by configured name.
	Credentials map[string]tokens.Credential
	// Limits has the buckets; nil paces nothing.
	Limits *limiter.Set
	// Cache holds answers; nil, or one that is off, stores none.
	Cache *cache.Cache
}

// Options are what a Proxy needs for its whole life.
type Options struct {
	Log     *slog.Logger
	Metrics Metrics
	// Sink gets every finished record before the request ends. It must neither
	// block nor keep the record, which is used again.
	Sink func(*journal.Exchange)
	// Own gets the record of every call that cleengate sent on nobody's behalf, a
	// login or a validation in the background, once it has ended; nil for no
	// interest. It must not block.
	Own func(*journal.Exchange)
	// Journal masks and keeps the messages of each exchange; nil keeps none.
	// The sink adds the records to it.
	Journal *journal.Journal
	// Dial opens upstream connections; nil takes TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Proxy serves apps. Make one with [New], give it a configuration with
// [Proxy.Apply], and serve its [Proxy.Handler]. All methods are safe for
// concurrent use.
type Proxy struct {
	log         *slog.Logger
	metrics     Metrics
	sink        func(*journal.Exchange)
	own         func(*journal.Exchange)
	journal     *journal.Journal
	copies      *copyBuffers
	buffers     budget
	served      servedList
	cachedCalls cachedCalls
	clocks      attemptClocks
	budgets     retryBudgets
	seen        sightings
	grace       tokens.Grace
	digestKey   maphash.Seed
	reverseLog  *log.Logger
	dial        dialFunc

	applying sync.Mutex // one Apply at a time
	view     atomic.Pointer[view]
}

// New makes a Proxy without a configuration; it does no I/O.
func New(o Options) *Proxy {
	return &Proxy{
		log: o.Log, metrics: o.Metrics, sink: o.Sink, own: o.Own, journal: o.Journal, copies: newCopyBuffers(), dial: o.Dial, digestKey: maphash.MakeSeed(),
		reverseLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
}

// Apply makes cfg the configuration of all requests from now on. On an error
// nothing changes. Requests under way end with the configuration they began
// with; connections of unchanged upstreams stay.
func (p *Proxy) Apply(cfg *config.Config, parts Parts) error {
	p.applying.Lock()
	defer p.applying.Unlock()
	old := p.view.Load()
	next, err := p.build(cfg, parts, old)
	if err != nil {
		return fmt.Errorf("apply configuration: %w", err)
	}
	p.buffers.limit.Store(int64(cfg.Guard.MaxBuffered))
	p.view.Store(next)
	if old != nil {
		old.closeUnused(next)
	}
	return nil
}

// closeUnused lets go of connections that no later request will use.
func (v *view) closeUnused(next *view) {
	kept := make(map[*http.Transport]bool, len(next.upstreams))
	for _, up := range next.upstreams {
		kept[up.transport] = true
	}
	for _, up := range v.upstreams {
		if !kept[up.transport] {
			up.transport.CloseIdleConnections()
		}
	}
}

// Handler serves the listener with this address; "" is the shared one. Apply
// must have succeeded once before.
func (p *Proxy) Handler(listener string) http.Handler {
	return p.record(p.guard(func(w *responseWriter, r *http.Request) { w.x.view.route(listener, w, r) }))
}

// Guard returns the guard of the current configuration, for other listeners of
// this process.
func (p *Proxy) Guard() *Guard { return p.view.Load().guard }

// Close waits for customers' refreshes under way, whose answers cannot be had
// again, and gives up idle connections. No request may be served any more.
func (p *Proxy) Close() {
	p.grace.Wait()
	if v := p.view.Load(); v != nil {
		for _, up := range v.upstreams {
			up.transport.CloseIdleConnections()
		}
	}
}

func faultText(fault any) string { return fmt.Sprintf("%v\n%s", fault, debug.Stack()) }
