package cache

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

// deliver gives an answer of the upstream to one of those who wait for it. It
// evaluates the conditions of the app's own that the call upstream did not
// carry.
func (t *Transport) deliver(r *http.Request, call *Call, f *found, v *voyage, resp *http.Response, joined bool) *http.Response {
	status := rfc9111.Status{Fwd: rfc9111.FwdMiss, Collapsed: joined, Detail: string(v.reason)}
	// Whether a JSON-RPC reply failed, which is never stored, shows in its body only.
	status.Stored = v.reason == rfc9111.Storable && call.RPC == nil
	switch {
	case f.entry == nil:
	case f.verdict.TTL > 0 && !f.entry.terms.NoCache:
		status.Fwd = rfc9111.FwdRequest
	default:
		status.Fwd = rfc9111.FwdStale
	}
	seen := asSeen(r, resp.Request)
	if v.validated {
		t.Cache.metrics.Lookup("revalidated")
		status.FwdStatus = v.status
		e := newEntry(v.stored.status, v.header.Clone(), v.stored.body, v.terms, v.elicited)
		e.reply = v.stored.reply
		if a, ok := e.answer(call, e.terms.Judge(call.request, time.Now())); ok {
			_ = resp.Body.Close()
			return a.response(seen, call, &status)
		}
	} else {
		t.Cache.metrics.Lookup("miss")
	}
	resp.Request = seen
	if v.previous != nil && call.RPC == nil && resp.StatusCode == http.StatusOK && rfc9111.Conditions(call.Header, resp.StatusCode, resp.Header, v.received) == rfc9111.NotModified {
		status.FwdStatus = resp.StatusCode
		notModified(resp)
	}
	if v.elicited && !call.asksForETag() {
		delete(resp.Header, "Etag")
	}
	tell(resp.Header, &status)
	return resp
}

// notModified makes a 304 of an answer. Its content is read all the same, so that
// it can be stored.
func notModified(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, maxEntry)
	_ = resp.Body.Close()
	resp.Header = rfc9111.NotModifiedHeader(resp.Header)
	resp.StatusCode, resp.Status = http.StatusNotModified, ""
	resp.Body, resp.ContentLength, resp.TransferEncoding = http.NoBody, 0, nil
}

// readdress gives a JSON-RPC reply that was sent to another caller to this one:
// under its own id. It reports false for a reply that cannot be taken apart, or
// for which there is no room; it is then spent.
func (c *Cache) readdress(call *Call, resp *http.Response) bool {
	reply, _ := c.readReply(resp)
	if reply == nil || reply.Batch {
		_ = resp.Body.Close()
		return false
	}
	own := reply.Elements[0].WithID(nil, call.RPC.Calls[call.element].ID)
	resp.Body = &rejoined{Reader: bytes.NewReader(own), Closer: resp.Body}
	resp.ContentLength, resp.TransferEncoding = int64(len(own)), nil
	resp.Header["Content-Length"] = []string{strconv.Itoa(len(own))}
	return true
}
