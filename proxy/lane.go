package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/limiter"
)

// laneClient is the caller's name of our own logins and refreshes.
const laneClient = "cleengate"

// Lane is the way of our own logins and refreshes to an upstream: through
// limiter and attempt, never through inject or renew. They have a slot outside
// the limit's concurrency and take its next place, so they can neither deadlock
// nor break the quota.
//
// An error tells whether the call can have been carried out: it has a method
// Unsent() bool, and RetryAfter() time.Duration where the limiter refused.
func (p *Proxy) Lane(upstream string) http.RoundTripper { return &lane{proxy: p, upstream: upstream} }

type lane struct {
	proxy    *Proxy
	upstream string
}

// RoundTrip implements http.RoundTripper.
func (l *lane) RoundTrip(r *http.Request) (*http.Response, error) {
	v := l.proxy.view.Load()
	if v == nil {
		return nil, &unsentError{err: errors.New("the proxy has no configuration yet")}
	}
	up := v.upstream(l.upstream)
	if up == nil {
		return nil, &unsentError{err: fmt.Errorf("upstream %s is no longer configured", l.upstream)}
	}
	x := l.exchange(r, v, up)
	r = withExchange(r, x)
	resp, err := up.lane.RoundTrip(r)
	l.proxy.ended(x)
	if refused, ok := errors.AsType[*limiter.Refused](err); ok {
		return nil, &unsentError{err: err, retryAfter: refused.RetryAfter}
	}
	return resp, err
}

func (l *lane) exchange(r *http.Request, v *view, up *upstream) *exchange {
	x := &exchange{rec: &journal.Exchange{RequestID: newID(), OwnID: true, Client: laneClient, Upstream: up.name, Limit: up.limit, Method: r.Method}, view: v, up: up}
	x.rec.Begin(time.Now())
	x.ep, x.params = cleeng.Lookup(up.surface, r.Method, r.URL.EscapedPath())
	x.rec.Endpoint = x.ep.Template
	x.normal, x.decided, x.login = true, true, true
	x.caller = caller{name: laneClient, known: true, share: 1}
	x.reason = journal.ReasonLogin
	x.patience = v.cfg.Patience.Refresh
	if deadline, ok := r.Context().Deadline(); ok {
		x.patience = time.Until(deadline)
	}
	x.deadline = x.rec.Start.Add(x.patience)
	return x
}

// ended tells of a call that no app's request stands for.
func (p *Proxy) ended(x *exchange) {
	if p.own != nil {
		x.rec.Duration = time.Since(x.rec.Start)
		p.own(x.rec)
	}
}

// unsentError is a call that did not leave.
type unsentError struct {
	err        error
	retryAfter time.Duration
}

func (e *unsentError) Error() string             { return e.err.Error() }
func (e *unsentError) Unwrap() error             { return e.err }
func (e *unsentError) Unsent() bool              { return true }
func (e *unsentError) RetryAfter() time.Duration { return e.retryAfter }

// Unsent reports whether the call cannot have been carried out.
func (e *sendError) Unsent() bool { return !e.departed }

// laneChain is what a lane's calls run through.
func (p *Proxy) laneChain(up *upstream, set *limiter.Set) http.RoundTripper {
	return p.limited(up, &attempt{next: up.transport, proxy: p}, set, 0)
}

// upstream finds one by name, nil for none.
func (v *view) upstream(name string) *upstream {
	for _, up := range v.upstreams {
		if up.name == name {
			return up
		}
	}
	return nil
}
