package cache

import (
	"net/http"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

// write sends a call that may change what was read before. What it changes is
// stale from its departure on, and once more when it has ended, unless it
// certainly changed nothing: in between, a read may have brought what was there
// before.
func (t *Transport) write(r *http.Request, call *Call) (*http.Response, error) {
	c := t.Cache
	stales := c.stales(call)
	c.invalidate(stales)
	resp, err := t.Next.RoundTrip(r)
	switch {
	case err != nil:
		if !t.Proxy.Untouched(r) {
			// It may still be under way on the other side.
			c.unsettled.add(stales)
			c.invalidate(stales)
		}
		return nil, err
	case resp.StatusCode < 400, resp.StatusCode >= 500:
		if call.RPC == nil { // all methods of JSON-RPC share one URI, whose name says nothing
			for _, uri := range rfc9111.Invalidates(r.Method, resp.StatusCode, r.URL, resp.Header) {
				stales = append(stales, namePath+uri.EscapedPath())
			}
		}
		c.invalidate(stales)
	}
	tell(resp.Header, &rfc9111.Status{Fwd: rfc9111.FwdMethod})
	return resp, nil
}

// invalidate makes stale what is stored under the names, and what is under way
// for them. An answer that is put in meanwhile is either refused or found here.
func (c *Cache) invalidate(names []string) {
	c.epochs.Bump(names...)
	for _, name := range names {
		c.store.PurgeTag(name)
	}
}

// tell adds what the cache did to an answer of the upstream (RFC 9211 section
// 2), behind what caches before it said.
func tell(h http.Header, status *rfc9111.Status) {
	h["Cache-Status"] = append(h["Cache-Status"], string(status.Append(nil)))
}
