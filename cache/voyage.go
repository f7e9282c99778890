package cache

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
	"github.com/cleengate/cleengate/cache/store"
)

// voyage is one call upstream for a read, from its departure until its answer
// is stored or known not to be. Its fields are set before the answer's header
// is shown to anybody and not changed after.
type voyage struct {
	transport *Transport
	call      *Call // who it was made for; others may share it
	key       Key
	previous  *entry // what was stored before; nil for none
	stored    *entry // what it validates; nil for none
	names     []string
	looked    store.Mark // before previous was looked up
	mark      store.Mark
	elicited  bool // an ETag was asked for on our own account

	detached  *http.Request
	sent      *atomic.Pointer[http.Request] // the same, for those who do not wait for the rest; nil for nobody
	requested time.Time
	received  time.Time
	status    int         // as the upstream answered
	vary      []string    // names of the request fields that chose the answer
	personal  bool        // it was chosen by more than can be compared
	inMemory  bool        // the answer was found in memory after all
	validated bool        // the stored answer was confirmed
	header    http.Header // to be stored
	terms     rfc9111.Terms
	reason    rfc9111.Reason // why the answer may not be stored
}

// unmatchable is an entity tag that no answer has: asking with it brings an ETag
// where that comes only with a conditional request (cleeng-api.md section 5.1).
const unmatchable = `"cleengate-asks-for-the-version"`

// depart sends the call and settles whether the answer may be stored. A 304
// that confirms what is stored becomes the stored answer, brought up to date.
func (v *voyage) depart(ctx context.Context, r *http.Request, d Departure) (*http.Response, error) {
	v.mark = v.transport.Cache.epochs.Mark()
	if v.stored != nil && v.transport.Cache.epochs.Stale(v.stored.names, v.looked) {
		// A write came since. Seconds are all that Last-Modified tells apart, so
		// even a 304 would not say that nothing has changed.
		v.stored = nil
	}
	resp, err := v.send(ctx, r, d)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusNotModified && (v.elicited || v.stored != nil) {
		if refreshed := v.confirm(resp); refreshed != nil {
			v.judge(refreshed)
			v.keep(v.stored.body)
			return v.label(refreshed), nil //nolint:contextcheck // of the request as it was sent
		}
		// It confirms something else than what we have: ask for the whole.
		_ = resp.Body.Close()
		v.elicited, v.stored = false, nil
		if resp, err = v.send(ctx, r, d); err != nil {
			return nil, err
		}
	}
	if resp.StatusCode == http.StatusNotModified && !conditional(v.detached.Header) {
		_ = resp.Body.Close()
		return nil, ErrUnasked304
	}
	v.settle(resp)
	if v.reason != rfc9111.Storable {
		v.keep(nil)
	}
	return v.label(resp), nil //nolint:contextcheck // of the request as it was sent
}

type voyageKey struct{}

// label makes the voyage known to all who get a copy of the answer.
func (v *voyage) label(resp *http.Response) *http.Response {
	sent := resp.Request
	if sent == nil {
		sent = v.detached
	}
	resp.Request = sent.WithContext(context.WithValue(sent.Context(), voyageKey{}, v))
	return resp
}

func voyageOf(resp *http.Response) *voyage {
	v, _ := resp.Request.Context().Value(voyageKey{}).(*voyage)
	return v
}

// send makes the upstream's own request.
func (v *voyage) send(ctx context.Context, r *http.Request, d Departure) (*http.Response, error) {
	d.Revalidates = v.stored != nil && rfc9111.AddValidators(make(http.Header, 2), v.stored.header)
	detached := v.transport.Proxy.Detach(ctx, r, d)
	if v.previous != nil && v.call.RPC == nil {
		rfc9111.Unconditional(detached.Header) // for others as well; the app's own are answered by deliver
	}
	switch {
	case v.stored != nil:
		if !rfc9111.AddValidators(detached.Header, v.stored.header) {
			v.stored = nil
		}
	case v.elicited:
		detached.Header["If-None-Match"] = []string{unmatchable}
	}
	if v.call.RPC != nil && v.call.policy.Permits {
		delete(detached.Header, "Accept-Encoding") // its id is written anew for each caller
	}
	v.detached, v.requested = detached, time.Now()
	if v.sent != nil {
		v.sent.Store(detached)
	}
	resp, err := v.transport.Next.RoundTrip(detached)
	v.received = time.Now()
	if err != nil {
		return nil, err
	}
	v.status = resp.StatusCode
	return resp, nil
}

func (v *voyage) exchange(resp *http.Response) rfc9111.Exchange {
	return rfc9111.Exchange{
		Method: http.MethodGet, Request: v.call.Header, Authorized: v.call.Private, Status: resp.StatusCode, Response: resp.Header,
		Requested: v.requested, Received: v.received,
	}
}

// confirm makes of a 304 the answer that it confirms; nil if it confirms
// another.
func (v *voyage) confirm(resp *http.Response) *http.Response {
	if v.stored == nil || len(rfc9111.Selects304(resp.Header, v.stored.header)) == 0 {
		return nil
	}
	_ = resp.Body.Close()
	v.header, v.terms, v.reason = rfc9111.Revalidated(v.stored.status, v.stored.header, v.exchange(resp), v.call.policy.Policy)
	v.elicited, v.validated = v.stored.elicited, true
	whole := *resp
	whole.StatusCode, whole.Status = v.stored.status, ""
	whole.Header = v.header.Clone()
	whole.Body, whole.ContentLength = io.NopCloser(bytes.NewReader(v.stored.body)), int64(len(v.stored.body))
	return &whole
}
