package cache

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
	"github.com/cleengate/cleengate/cache/store"
	"github.com/cleengate/cleengate/internal/cleeng"
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

// settle decides whether an answer may be stored, and under which terms.
func (v *voyage) settle(resp *http.Response) {
	v.terms, v.reason = rfc9111.Assess(v.exchange(resp), v.call.policy.Policy)
	v.header = rfc9111.StorableHeader(resp.Header, v.received)
	v.judge(resp)
}

// send makes the upstream's own request.
func (v *voyage) send(ctx context.Context, r *http.Request, d Departure) (*http.Response, error) {
	d.Revalidates = v.stored != nil && rfc9111.AddValidators(make(http.Header, 2), v.stored.header)
	detached := v.transport.Proxy.Detach(ctx, r, d)
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

// judge adds what speaks against storing beside RFC 9111.
func (v *voyage) judge(resp *http.Response) {
	c := v.transport.Cache
	names, comparable := rfc9111.VaryNames(resp.Header)
	v.vary, v.personal = names, !comparable
	switch {
	case v.reason != rfc9111.Storable:
	case v.call.RPC != nil && !takenApart(resp.Header):
		v.reason = "coding"
	case v.call.policy.never:
		v.reason = "policy"
	case v.call.request.NoStore:
		v.reason = rfc9111.ReasonRequestNoStore
	case resp.ContentLength > c.maxEntry.Load():
		v.reason = "size"
	case openEnded(resp):
		v.reason = "close-delimited"
	case c.unsettled.touches(v.names, v.received):
		v.reason = "write-unsettled"
	case c.epochs.Stale(v.names, v.mark):
		v.reason = "written-meanwhile"
	}
}

// keep stores the complete content, and reports whether it did. What was stored
// before and is no longer what the upstream says is dropped.
func (v *voyage) keep(body []byte) bool {
	c := v.transport.Cache
	if v.reason == rfc9111.Storable {
		if e := v.entry(body); e != nil {
			return c.put(v.call, v.key, e, v.mark)
		}
	}
	if v.previous != nil && definite(v.status) {
		c.drop(v.call, v.key)
	}
	return false
}

// entry is what is stored, nil for what must not be.
func (v *voyage) entry(body []byte) *entry {
	origin := v.transport.Proxy.Origin(v.detached)
	if v.call.RPC != nil && v.call.Credential == nil {
		origin.Injected = false // into others of its batch, if any
	}
	if origin.Mixed || !v.call.stillItself(origin) {
		return nil
	}
	reply := (*cleeng.RPCReplyElement)(nil)
	if v.call.RPC != nil {
		if reply = replyOf(body); reply == nil {
			return nil
		}
		body = reply.Raw
	}
	e := newEntry(v.answeredStatus(), v.header, body, v.terms, v.elicited)
	e.reply = reply
	e.names, e.template, e.origin = v.names, v.call.Endpoint.Template, origin
	e.until = v.call.end(origin, v.received)
	if v.bytesBeyond(e) {
		return nil
	}
	e.excerpt = v.transport.Proxy.Excerpt(v.detached, e.status, e.header, e.body)
	return e
}

// replyOf returns the answer to one JSON-RPC call, nil for what may not be
// stored: an error comes with the status of success.
func replyOf(body []byte) *cleeng.RPCReplyElement {
	reply, err := cleeng.ParseRPCReply(slices.Clone(body))
	if err != nil || reply.Batch || reply.Elements[0].HasError || reply.Elements[0].ID == nil {
		return nil
	}
	return &reply.Elements[0]
}

// takenApart reports whether a reply can be given to other callers under their
// own ids.
func takenApart(h http.Header) bool {
	names, ok := rfc9111.VaryNames(h)
	return ok && len(h["Content-Encoding"]) == 0 && len(unkeyed(names)) == 0
}

func (v *voyage) answeredStatus() int {
	if v.validated {
		return v.stored.status
	}
	return v.status
}

func (v *voyage) bytesBeyond(e *entry) bool { return e.bytes()-int64(cap(e.body)) > maxHeaderBytes }

// openEnded reports a content that ends with its connection: whether it is
// complete cannot be told (RFC 9112 section 8).
func openEnded(resp *http.Response) bool {
	return resp.ContentLength < 0 && resp.ProtoMajor == 1 && !slices.Contains(resp.TransferEncoding, "chunked")
}

// stillItself reports whether the answer was obtained with the account that the
// key was made for: a credential may have been replaced in between.
func (call *Call) stillItself(o Origin) bool {
	if !o.Injected {
		return true
	}
	return call.Credential != nil && call.Credential.Account() == call.account && call.Credential.Holds(o.Token)
}

// definite reports an answer that says something of the resource, rather than
// of the upstream's state.
func definite(status int) bool { return status < 500 && status != http.StatusTooManyRequests }

// conditional reports whether a request may be answered with 304.
func conditional(h http.Header) bool {
	return len(h["If-None-Match"]) > 0 || len(h["If-Modified-Since"]) > 0
}
