package cache

import (
	"net/http"
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
// of answers, without anything of the answers themselves. JSON-RPC is left out,
// since whether an answer may be stored shows in its content only.
func (t *Transport) observe(r *http.Request, call *Call) (*http.Response, error) {
	switch call.kind {
	case writes:
		return t.observeWrite(r, call)
	case reads:
		return t.observeRead(r, call)
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
	c, now := t.Cache, time.Now()
	if e := c.lookup(call, call.key); e != nil && e.shadow && e.servable(call, now) {
		if v := e.terms.Judge(call.request, now); v.Kind >= rfc9111.StaleUsable {
			t.Proxy.Observed("hit")
			return t.Next.RoundTrip(r)
		}
	}
	if call.direct(&found{}) != "" {
		return t.Next.RoundTrip(r)
	}
	if call.joins() {
		if c.watched.enter(call.key) {
			t.Proxy.Observed("join")
		}
		defer c.watched.leave(call.key)
	}
	v := &voyage{transport: t, call: call, key: call.key, names: c.names(call), mark: c.epochs.Mark(), detached: r, requested: now}
	resp, err := t.Next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	v.received, v.status = time.Now(), resp.StatusCode
	if v.settle(resp); v.reason == rfc9111.Storable {
		e := &entry{
			terms: v.terms, status: v.status, header: http.Header{"Vary": resp.Header["Vary"]}, shadow: true,
			names: v.names, template: call.Endpoint.Template, until: call.end(Origin{}, v.received),
		}
		c.put(call, call.key, e, v.mark)
	}
	return resp, nil
}
