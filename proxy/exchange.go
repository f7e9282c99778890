package proxy

import (
	"context"
	"net/http"
	"time"

	"github.com/cleengate/cleengate/cache"
	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/support"
	"github.com/cleengate/cleengate/limiter"
	"github.com/cleengate/cleengate/tokens"
)

// exchange is what the layers know of one request. It is made once, on
// arrival, and found in the responseWriter by those above ReverseProxy, in the
// request's context by those below. Fields are
// set by the goroutine that serves the request before the call goes down;
// below ReverseProxy they are read only, but for those with their own lock.
type exchange struct {
	rec  *journal.Exchange
	view *view // the configuration this request is served with, to its end

	up *upstream
	destination
	query string // raw

	caller   caller
	stay     context.Context //nolint:containedctx // the app's, ended when it has left; nil for a call that no one app waits for
	urgency  int             // RFC 9218 urgency, 0 is the most urgent
	patience time.Duration   // from arrival to the answer's header
	deadline time.Time       // arrival plus patience plus the time the request's body took

	incoming *clientBody // nil without a body
	body     *spool
	streamed bool        // the body is passed on while it comes in
	rpc      *cleeng.RPC // parsed JSON-RPC body, nil elsewhere and for a malformed one

	decided bool        // whether binding was chosen
	binding *binding    // the credential this call is to carry, nil for none
	use     tokens.Call // its use over all attempts

	// What the layers below ReverseProxy tell the attempt. They run one after
	// the other for one exchange, so these need no lock.
	reason   string // why the next attempt is sent
	injected injection
	sends    []byte         // the body that the next attempt sends, nil for the app's own
	login    bool           // one of our own logins or refreshes
	behind   bool           // a validation in the background, which no app waits for
	noWait   bool           // it starts now or not at all: a stale answer is at hand
	head     bool           // the call had its turn before and re-enters at the head of its line
	place    *limiter.Place // that the next attempt leaves with, nil where nothing is paced

	refusal  cleeng.Code       // of the last 401 or 429
	throttle *support.Throttle // what the limiter made of the last throttle, nil for none

	cached *cache.Call // the request as the cache sees it; nil where it was not asked
	ready  bool        // the answer comes from the front desk, whole
	own    [1]string   // lines of X-Request-Id, both ways
	timing [1]string   // lines of Server-Timing where the upstream sent none

	carrying carrying
	plain    bool // no name of a field of the request has an underscore

	origin string // echoed in CORS headers, "" for none
	hangUp bool   // the connection ends after this answer
	began  bool   // the head of the answer was written
	lost   bool   // the caller left
}

// injection names the credential of the next attempt; never its value.
type injection struct {
	name       string
	generation uint64
}

type exchangeKey struct{}

// carrying is a request's context with its exchange: what context.WithValue makes, as
// part of what is allocated for the request anyway.
type carrying struct {
	context.Context //nolint:containedctx // it is one

	x *exchange // nil as long as the request has its own context
}

// Value implements [context.Context].
func (c *carrying) Value(key any) any {
	if key == (exchangeKey{}) {
		return c.x
	}
	return c.Context.Value(key)
}

// withExchange returns r with the exchange in its context.
func withExchange(r *http.Request, x *exchange) *http.Request {
	if x.carrying.x != nil { // it stands in the context of a request already, mostly this one
		if exchangeOf(r.Context()) == x {
			return r
		}
		return r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	}
	x.carrying = carrying{r.Context(), x}
	return r.WithContext(&x.carrying) //nolint:contextcheck // it is derived from the request's
}

// exchangeOf returns the exchange that ctx belongs to. Every request that
// reaches a layer below ReverseProxy has one; its absence is a fault in the
// wiring.
func exchangeOf(ctx context.Context) *exchange {
	if s, ok := ctx.(*sending); ok { // whoever looks at an answer asks this one
		return s.x
	}
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// repeatable reports whether a call that may have been carried out may be
// sent again (cleeng-api.md section 9).
func (x *exchange) repeatable() bool {
	return x.normal && x.ep.Retry != cleeng.RetryNever && x.ep.Retry != cleeng.RetryEffect
}
