package cache

import (
	"net/http"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

// read answers a GET or HEAD, or a single JSON-RPC read.
func (t *Transport) read(r *http.Request, call *Call) (*http.Response, error) {
	c := t.Cache
	now := time.Now()
	mark := c.epochs.Mark()
	f := c.find(call, call.key, now)
	f.mark = mark
	switch f.kind() {
	case rfc9111.Fresh:
		if resp := t.fromMemory(r, call, &f, "hit", ""); resp != nil {
			return resp, nil
		}
	case rfc9111.StaleUsable:
		if resp := t.fromMemory(r, call, &f, "stale", "stale-while-revalidate"); resp != nil {
			t.validateLater(r, call, f)
			return resp, nil
		}
	case rfc9111.StaleIfError:
		if f.entry.heldOff(now) {
			if resp := t.fromMemory(r, call, &f, "stale", "stale-if-error"); resp != nil {
				return resp, nil
			}
		}
	case rfc9111.MustValidate:
	}
	if call.request.OnlyIfCached {
		c.metrics.Lookup("miss")
		return nil, ErrOnlyIfCached
	}
	if why := call.direct(&f); why != "" {
		return t.direct(r, call, &f, why)
	}
	return t.fetch(r, call, &f)
}

// fromMemory answers with what is stored; nil where only the origin can.
func (t *Transport) fromMemory(r *http.Request, call *Call, f *found, result, detail string) *http.Response {
	a, ok := f.entry.answer(call, f.verdict)
	if !ok {
		return nil
	}
	t.Cache.metrics.Lookup(result)
	t.Proxy.FromMemory(r, f.entry.excerpt)
	return a.response(r, call, &rfc9111.Status{Hit: true, TTL: f.verdict.TTL, HasTTL: true, Detail: detail})
}

// direct says why a read goes upstream as the app sent it, "" where the cache
// sends a call of its own.
func (call *Call) direct(f *found) string {
	h := call.Header
	switch {
	case call.policy.never:
		return "policy"
	case call.request.NoStore:
		return string(rfc9111.ReasonRequestNoStore)
	case call.RPC == nil && call.Method == http.MethodHead:
		return "head"
	case len(h["If-Match"]) > 0, len(h["If-Unmodified-Since"]) > 0:
		return "condition"
	case f.entry == nil && len(h["Range"]) > 0:
		return "range"
	}
	return ""
}

// direct sends a read as it is; its answer is not stored.
func (t *Transport) direct(r *http.Request, call *Call, f *found, why string) (*http.Response, error) {
	resp, err := t.pass(r, why)
	if err == nil && f.entry != nil && call.Method == http.MethodHead && resp.StatusCode == http.StatusOK && !rfc9111.Freshens(resp.Header, f.entry.header) {
		t.Cache.drop(call, call.key) // RFC 9111 section 4.3.5
	}
	return resp, err
}

// voyage prepares a call upstream for a read.
func (t *Transport) voyage(call *Call, f *found, names []string) *voyage {
	v := &voyage{transport: t, call: call, key: call.key, previous: f.entry, stored: f.entry, looked: f.mark, names: names}
	if call.RPC != nil {
		v.stored = nil // a condition on a POST does not ask whether something has changed (RFC 9110 section 13.1.2)
	}
	v.elicited = call.RPC == nil && f.entry == nil && call.policy.conditional && !conditional(call.Header)
	return v
}

// departure is how a call on somebody's behalf goes.
func (call *Call) departure(f *found) Departure {
	return Departure{Patience: call.Patience, Urgency: call.Urgency, NoWait: f.kind() == rfc9111.StaleIfError}
}

// fetch gets the answer from upstream, stores it if it may be stored, and falls
// back to a stale one if that may be used.
func (t *Transport) fetch(r *http.Request, call *Call, f *found) (*http.Response, error) {
	names := t.Cache.namesOf(call)
	if !call.joins() {
		return t.alone(r, call, f, names)
	}
	return t.join(r, call, f, names)
}

// alone is a call that nobody shares.
func (t *Transport) alone(r *http.Request, call *Call, f *found, names []string) (*http.Response, error) {
	v := t.voyage(call, f, names)
	resp, err := v.depart(r.Context(), r, call.departure(f))
	if v.detached != nil {
		defer t.Proxy.Settle(v.detached)
		t.Proxy.Adopt(r, v.detached, Own)
	}
	if stale := t.insteadOf(r, call, f, v.detached, resp, err); stale != nil {
		return stale, nil
	}
	if err != nil {
		return nil, err
	}
	if v.reason == rfc9111.Storable && !v.validated {
		resp.Body = &keeper{ReadCloser: resp.Body, keep: v.keep, limit: t.Cache.maxEntry.Load(), declared: resp.ContentLength, room: &t.Cache.held}
	}
	return t.deliver(r, call, f, v, resp, false), nil
}

// insteadOf answers with the stale answer in the place of a failure; nil where
// there is no failure, or none that may be used. sent is the call that failed,
// nil if it was another's.
func (t *Transport) insteadOf(r *http.Request, call *Call, f *found, sent *http.Request, resp *http.Response, err error) *http.Response {
	if f.kind() < rfc9111.StaleIfError || r.Context().Err() != nil || err == nil && definite(resp.StatusCode) {
		return nil
	}
	a, ok := f.entry.answer(call, f.verdict)
	if !ok {
		return nil
	}
	status := rfc9111.Status{Fwd: rfc9111.FwdStale, TTL: f.verdict.TTL, HasTTL: true, Detail: "stale-if-error"}
	switch {
	case resp != nil:
		status.FwdStatus = resp.StatusCode
		_ = resp.Body.Close()
		f.entry.failed(time.Now())
	case sent != nil && t.Proxy.Untouched(sent):
		status = rfc9111.Status{Hit: true, TTL: f.verdict.TTL, HasTTL: true, Detail: "stale-while-paused"}
	default:
		f.entry.failed(time.Now())
	}
	t.Cache.metrics.Lookup("stale")
	t.Proxy.FromMemory(r, f.entry.excerpt)
	return a.response(r, call, &status)
}

// namesOf are the names of what the call returns.
func (c *Cache) namesOf(call *Call) []string {
	if call.RPC != nil {
		return c.elementNames(call)
	}
	return c.names(call)
}
