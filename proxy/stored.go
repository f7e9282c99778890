package proxy

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/cleengate/cleengate/cache"
	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/limiter"
	"github.com/cleengate/cleengate/tokens"
)

// frontDesk answers what is fresh in memory, before ReverseProxy and all that
// lies below it.
func (p *Proxy) frontDesk(up *upstream, next layer) layer {
	desk := up.desk
	if desk == nil {
		return next
	}
	return func(w *responseWriter, r *http.Request) {
		x := w.x
		if cache.NamesFields(r.Header) { // they are removed before the call goes on
			next(w, r)
			return
		}
		now := x.rec.Start
		if x.body != nil { // it took its time to come in
			now = time.Now()
		}
		x.cached = p.cachedCalls.take()
		hit, found := desk.Find(x.asCached(r), now)
		if !found { // others may keep what they are told of this call
			next(w, r)
			return
		}
		x.rec.Source, x.rec.Excerpt = journal.SourceCache, hit.Excerpt()
		x.ready = true
		hit.Write(w)
	}
}

// cachedCalls are descriptions of calls, used again after calls that were answered by
// the front desk. The zero value is ready; it is safe for concurrent use.
type cachedCalls struct{ pool sync.Pool }

func (l *cachedCalls) take() *cache.Call {
	if c, ok := l.pool.Get().(*cache.Call); ok {
		return c
	}
	return new(cache.Call)
}

// giveBack ends the use of x's call, whose answer was written.
func (l *cachedCalls) giveBack(x *exchange) {
	*x.cached = cache.Call{}
	l.pool.Put(x.cached)
	x.cached = nil
}

// asCached describes the request to the cache, once.
func (x *exchange) asCached(r *http.Request) *cache.Call {
	if x.cached == nil {
		x.cached = new(cache.Call)
	}
	c := x.cached
	if c.Endpoint != nil {
		return c
	}
	c.Upstream, c.Base, c.Endpoint, c.Params = x.up.name, x.up.baseURL, x.ep, x.params
	c.Method, c.Path, c.Query, c.Header = r.Method, x.path, x.query, r.Header
	c.HasBody, c.RPC, c.Patience, c.Urgency = x.body != nil, x.rpc, x.deadline, x.urgency
	if x.body != nil && x.rpc == nil && x.body.complete() {
		c.Body = x.body.bytes()
	}
	c.Private = !isAbsent(first(r.Header["Authorization"]))
	if b := x.wanted(r.Header); b != nil {
		c.Credential = b.cred
		c.Private = c.Private || b.cred.Kind() == tokens.KindSession
		if x.rpc != nil && b.auth == cleeng.AuthPublisher {
			c.Injects = func(i int) bool { return b.chooses(x.rpc.Calls[i]) }
		}
	}
	return c
}

// stored lets the cache send calls of its own for a request.
type stored struct{ proxy *Proxy }

var _ cache.Proxy = stored{}

// Call implements cache.Proxy. What the front desk was not asked about is
// described by the request as it goes upstream.
func (s stored) Call(r *http.Request) *cache.Call { return exchangeOf(r.Context()).asCached(r) }

// Detach implements cache.Proxy.
func (s stored) Detach(ctx context.Context, r *http.Request, d cache.Departure) *http.Request {
	x := exchangeOf(r.Context()) //nolint:contextcheck // the call's own context is given
	y := x.sibling()
	y.deadline, y.urgency, y.noWait, y.behind = d.Patience, d.Urgency, d.NoWait, d.Background
	y.patience = time.Until(d.Patience)
	if d.Revalidates {
		y.reason = journal.ReasonRevalidation
	}
	out := r.Clone(context.WithValue(ctx, exchangeKey{}, y))
	if d.RPC != nil {
		y.rpc, y.ep = d.RPC, d.RPC.Endpoint()
	}
	if y.rpc != nil {
		y.body = spoolOf(y.rpc.Body(), &s.proxy.buffers)
		out.ContentLength = int64(len(y.rpc.Body()))
	}
	return out
}

// sibling makes an exchange for a call on behalf of this one's request, that
// does not end with it. It has a record of its own.
func (x *exchange) sibling() *exchange {
	y := &exchange{
		rec: &journal.Exchange{
			RequestID: x.rec.RequestID, OwnID: x.rec.OwnID, TraceID: x.rec.TraceID, Client: x.rec.Client, Upstream: x.rec.Upstream, Limit: x.rec.Limit,
			Endpoint: x.rec.Endpoint, Method: x.rec.Method, Shown: x.rec.Shown,
		},
		view: x.view, up: x.up, destination: x.destination, query: x.query,
		caller: x.caller, rpc: x.rpc, reason: x.reason,
	}
	y.rec.Begin(time.Now())
	x.rec.Lend(y.rec)
	return y
}

// Settle implements cache.Proxy.
func (s stored) Settle(detached *http.Request) {
	y := exchangeOf(detached.Context())
	y.body.release()
	if y.behind {
		s.proxy.ended(y)
	}
}

// Adopt implements cache.Proxy. What is found out about an answer goes by the
// credential that it was obtained with.
func (s stored) Adopt(r, detached *http.Request, how cache.Adoption) {
	x, y := exchangeOf(r.Context()), exchangeOf(detached.Context())
	if how != cache.Joined {
		x.rec.Adopt(y.rec)
	}
	if how == cache.Left {
		return // whose it is may still change it
	}
	x.decided, x.binding, x.use, x.injected = true, y.binding, y.use, y.injected
	x.refusal, x.throttle = y.refusal, y.throttle
	if how == cache.Joined {
		x.rec.Source = journal.SourceFlight
		s.proxy.metrics.FlightJoined()
	}
}

// FromMemory implements cache.Proxy.
func (s stored) FromMemory(r *http.Request, excerpt *journal.Excerpt) {
	x := exchangeOf(r.Context())
	x.rec.Source, x.rec.Excerpt = journal.SourceCache, excerpt
}

// Excerpt implements cache.Proxy.
func (s stored) Excerpt(detached *http.Request, status int, header http.Header, body []byte) *journal.Excerpt {
	y := exchangeOf(detached.Context())
	return s.proxy.journal.Excerpt(journal.Stored{
		Status: status, Proto: "HTTP/1.1", Header: header, Body: body, Size: int64(len(body)), Endpoint: y.rec.Endpoint, Shown: y.rec.Shown, Own: detached.Header,
	})
}

// Origin implements cache.Proxy.
func (s stored) Origin(detached *http.Request) cache.Origin {
	y := exchangeOf(detached.Context())
	token := y.use.Token()
	o := cache.Origin{Injected: y.injected.name != "", Token: token.ID, Expires: token.Expires}
	if y.rpc != nil {
		// The calls of a batch that were refused first were answered under
		// another token than the rest.
		y.rec.EachAttempt(func(a *journal.Attempt) { o.Mixed = o.Mixed || a.Reason == journal.ReasonRenewed })
	}
	return o
}

// Untouched implements cache.Proxy: no attempt can have been carried out.
func (s stored) Untouched(r *http.Request) bool {
	untouched := true
	exchangeOf(r.Context()).rec.EachAttempt(func(a *journal.Attempt) {
		refused := a.Status >= 400 && a.Status < 500
		untouched = untouched && (a.Departed.IsZero() || refused)
	})
	return untouched
}

// Late implements cache.Proxy.
func (s stored) Late(err error) bool {
	if refused, ok := errors.AsType[*limiter.Refused](err); ok {
		return refused.Reason != limiter.Draining
	}
	return errors.Is(err, errPatienceHeld) || errors.Is(err, errPatienceUpstream)
}

// Observed implements cache.Proxy.
func (s stored) Observed(action string) { s.proxy.metrics.Observed(action) }
