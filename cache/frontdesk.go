package cache

import (
	"net/http"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
	"github.com/cleengate/cleengate/internal/journal"
)

// FrontDesk answers fresh hits above the reverse proxy. It is immutable and safe
// for concurrent use.
type FrontDesk struct {
	Cache *Cache
	Rules *Rules
}

// Hit is a stored answer to one call.
type Hit struct {
	answer answer
	call   *Call
}

// Find looks for an answer to the call that is fresh in memory at the given
// time. It reports false for all others, whatever can still become of them; the
// call then belongs to [Transport].
func (d *FrontDesk) Find(call *Call, now time.Time) (Hit, bool) {
	c := d.Cache
	if !c.Enabled() {
		return Hit{}, false
	}
	c.Prepare(call, d.Rules)
	if call.kind == rpcReads && !call.RPC.Batch {
		if el, ok := c.element(call, 0, d.Rules); ok {
			call = el
		}
	}
	if call.kind != reads {
		return Hit{}, false
	}
	f := c.find(call, call.key, now)
	if f.kind() != rfc9111.Fresh {
		return Hit{}, false
	}
	a, ok := f.entry.answer(call, f.verdict)
	if !ok {
		return Hit{}, false
	}
	c.metrics.Lookup("hit")
	return Hit{answer: a, call: call}, true
}

// Excerpt is what the journal shows of the answer.
func (h Hit) Excerpt() *journal.Excerpt { return h.answer.entry.excerpt }

// Write answers with the hit: header fields, Age and Cache-Status, then the
// content.
func (h Hit) Write(w http.ResponseWriter) {
	status := rfc9111.Status{Hit: true, TTL: h.answer.verdict.TTL, HasTTL: true}
	h.answer.fill(w.Header(), h.call, &status)
	w.WriteHeader(h.answer.status)
	if h.call.Method != http.MethodHead && len(h.answer.body) > 0 {
		_, _ = w.Write(h.answer.body) // the caller may be gone; the record says so
	}
}
