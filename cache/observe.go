package cache

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

// maxWatched bounds the calls under way that are compared in mode observe.
const maxWatched = 4096

// watched counts identical calls under way.
type watched struct {
	mu   sync.Mutex // guards keys
	keys map[Key]int
}

// enter reports whether an identical call was under way.
func (w *watched) enter(key Key) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.keys == nil {
		w.keys = make(map[Key]int)
	}
	n := w.keys[key]
	if n == 0 && len(w.keys) >= maxWatched {
		return false
	}
	w.keys[key] = n + 1
	return n > 0
}

func (w *watched) leave(key Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := w.keys[key]; n > 1 {
		w.keys[key] = n - 1
	} else {
		delete(w.keys, key)
	}
}

// observe sends everything as it is, and counts reads that would have been
// answered from memory or by another's call. To know that, it keeps the terms
// of answers, without anything of the answers themselves.
func (t *Transport) observe(r *http.Request, call *Call) (*http.Response, error) {
	switch call.kind {
	case writes:
		return t.observeWrite(r, call)
	case reads:
		return t.observeRead(r, call)
	case rpcReads:
		return t.observeRPC(r, call)
	default:
		return t.Next.RoundTrip(r)
	}
}

func (t *Transport) observeWrite(r *http.Request, call *Call) (*http.Response, error) {
	stales := t.Cache.stales(call)
	t.Cache.invalidate(stales)
	resp, err := t.Next.RoundTrip(r)
	t.Cache.invalidate(stales)
	return resp, err
}

func (t *Transport) observeRead(r *http.Request, call *Call) (*http.Response, error) {
	now := time.Now()
	if t.Cache.known(call, now) {
		t.Proxy.Observed("hit")
		return t.Next.RoundTrip(r)
	}
	if call.direct(&found{}) != "" {
		return t.Next.RoundTrip(r)
	}
	defer t.watch(call)()
	v := t.observed(r, call, now)
	resp, err := t.Next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	v.settleObserved(resp)
	v.keepTerms()
	return resp, nil
}

// known reports whether an answer would be in memory.
func (c *Cache) known(call *Call, now time.Time) bool {
	e := c.lookup(call, call.key)
	return e != nil && e.shadow && e.servable(call, now) && e.terms.Judge(call.request, now).Kind >= rfc9111.StaleUsable
}

// watch counts a call that would have joined another. What it returns is to be
// called when the answer's header has come.
func (t *Transport) watch(call *Call) (done func()) {
	if !call.joins() {
		return func() {}
	}
	if t.Cache.watched.enter(call.key) {
		t.Proxy.Observed("join")
	}
	return func() { t.Cache.watched.leave(call.key) }
}

// observed is the voyage of a call that was sent as it is.
func (t *Transport) observed(r *http.Request, call *Call, now time.Time) *voyage {
	return &voyage{transport: t, call: call, key: call.key, names: t.Cache.namesOf(call), mark: t.Cache.epochs.Mark(), detached: r, requested: now}
}

func (v *voyage) settleObserved(resp *http.Response) {
	v.received, v.status = time.Now(), resp.StatusCode
	v.settle(resp)
	v.header = http.Header{"Vary": slices.Clone(resp.Header["Vary"])}
}

// keepTerms keeps the terms of an answer that would have been stored.
func (v *voyage) keepTerms() {
	if v.reason != rfc9111.Storable {
		return
	}
	e := &entry{
		terms: v.terms, status: v.status, header: v.header, shadow: true,
		names: v.names, template: v.call.Endpoint.Template, until: v.call.end(Origin{}, v.received),
	}
	v.transport.Cache.put(v.call, v.key, e, v.mark)
}
