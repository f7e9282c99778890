package cache

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/journal"
)

var (
	// ErrOnlyIfCached answers a request that allows nothing but a stored answer,
	// of which there is none (RFC 9111 section 5.2.1.7).
	ErrOnlyIfCached = errors.New("only-if-cached, and no stored answer may be used")
	// ErrPatience ends the wait for another's call: the caller's own patience
	// ran out.
	ErrPatience = errors.New("patience ran out while an identical call was under way")
	// ErrUnasked304 is an upstream that answers 304 to a call without a
	// condition.
	ErrUnasked304 = errors.New("the upstream answered 304 to an unconditional request")
)

// Departure says how a call of the cache's own goes upstream.
type Departure struct {
	// Background calls are on nobody's behalf.
	Background bool
	// Revalidates says that the call validates a stored answer.
	Revalidates bool
	// NoWait starts the call now or refuses it: a stale answer is at hand.
	NoWait   bool
	Patience time.Time
	Urgency  int // RFC 9218
	// RPC replaces the JSON-RPC request in the body; nil leaves it.
	RPC *cleeng.RPC
}

// Adoption is how a request has part in a call of the cache's own.
type Adoption uint8

const (
	// Own calls were made for the request, which is answered by them.
	Own Adoption = iota
	// Joined calls were made for another, and their answer is shared.
	Joined
	// Left calls were made for the request, which does not wait for them any
	// more. They may be under way.
	Left
)

// Proxy is what the cache needs of the layers around it. Requests are those
// that [Transport] got, or that Detach made. Implementations are safe for
// concurrent use.
type Proxy interface {
	// Call describes a request; nil lets it pass.
	Call(r *http.Request) *Call
	// Detach makes a request of the cache's own of r, which ends with ctx and
	// with nothing else. Its header is its own.
	Detach(ctx context.Context, r *http.Request, d Departure) *http.Request
	// Settle gives back what a detached request holds, once it has been sent.
	Settle(detached *http.Request)
	// Adopt tells what r has to do with a detached call.
	Adopt(r, detached *http.Request, how Adoption)
	// FromMemory tells that r is answered by a stored answer. The excerpt is nil
	// for one that is put together of several.
	FromMemory(r *http.Request, excerpt *journal.Excerpt)
	// Excerpt makes what the journal shows of an answer that is about to be
	// stored.
	Excerpt(detached *http.Request, status int, header http.Header, body []byte) *journal.Excerpt
	// Origin tells under which secret a detached request was answered.
	Origin(detached *http.Request) Origin
	// Untouched reports, of a request that failed, that it certainly was not
	// carried out.
	Untouched(r *http.Request) bool
	// Late reports whether a call failed since its patience ran out, and might
	// not have failed with more.
	Late(err error) bool
	// Observed counts what was left undone: hit or join.
	Observed(action string)
}

// Transport is the http.RoundTripper of one upstream that answers from the
// cache what it can and sends the rest. It belongs outermost below the reverse
// proxy, so that whatever is done to a call upstream is done once for all who
// wait for it. Its fields must not change while it is used.
type Transport struct {
	Cache *Cache
	Rules *Rules
	Next  http.RoundTripper
	Proxy Proxy
	// Observe shares and stores nothing; what would have been is counted.
	Observe bool
}

var _ http.RoundTripper = (*Transport)(nil)

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.Cache.Enabled() {
		return t.Next.RoundTrip(r)
	}
	call := t.Proxy.Call(r)
	if call == nil {
		return t.Next.RoundTrip(r)
	}
	t.Cache.Prepare(call, t.Rules)
	if t.Observe {
		return t.observe(r, call)
	}
	switch call.kind {
	case writes:
		return t.write(r, call)
	case reads:
		return t.read(r, call)
	case rpcReads:
		return t.rpc(r, call)
	default:
		return t.pass(r, call.why)
	}
}

// pass sends a call as if there were no cache, and says so.
func (t *Transport) pass(r *http.Request, why string) (*http.Response, error) {
	t.Cache.metrics.Lookup("bypass")
	resp, err := t.Next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusNotModified && !conditional(r.Header) {
		_ = resp.Body.Close()
		return nil, ErrUnasked304
	}
	status := rfc9111.Status{Fwd: rfc9111.FwdBypass, Detail: why}
	if why == "method" {
		status = rfc9111.Status{Fwd: rfc9111.FwdMethod}
	}
	tell(resp.Header, &status)
	return resp, nil
}

// asSeen gives the request that an answer belongs to the context of the app's
// own, and leaves its header as it was sent: what is found out about an answer
// goes by it.
func asSeen(r, sent *http.Request) *http.Request {
	if sent == nil {
		return r
	}
	return sent.WithContext(r.Context())
}
