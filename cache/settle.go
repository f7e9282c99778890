package cache

import (
	"net/http"
	"slices"

	"github.com/cleengate/cleengate/cache/rfc9111"
	"github.com/cleengate/cleengate/internal/cleeng"
)

// settle decides whether an answer may be stored, and under which terms.
func (v *voyage) settle(resp *http.Response) {
	v.terms, v.reason = rfc9111.Assess(v.exchange(resp), v.call.policy.Policy)
	v.header = rfc9111.StorableHeader(resp.Header, v.received)
	v.judge(resp)
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
