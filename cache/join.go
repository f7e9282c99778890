package cache

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cleengate/cleengate/cache/flight"
	"github.com/cleengate/cleengate/cache/rfc9111"
)

// lateBy is how much longer the wait for a joined call may last than the call
// itself: what ends it in time then says why, instead of two timers racing.
const lateBy = 100 * time.Millisecond

// joins reports whether identical calls may share one. Who asks for a fresh
// answer gets one that departed after it was asked for. Of endpoints outside
// the catalogue nothing is known, so nobody waits for another's answer.
func (call *Call) joins() bool {
	return call.Endpoint.Known() && !call.request.NoCache
}

// flightKey is that of calls which may share one: they ask for the same, under
// the same conditions, and no write came between them.
func (c *Cache) flightKey(call *Call, f *found, names []string) Key {
	k := newKeyBytes()
	k.addString("flight")
	k.b = append(k.b, call.key[:]...)
	k.addCount(int(c.epochs.Latest(names))) //nolint:gosec // compared only
	k.addCount(int(f.kind()))
	if f.entry == nil {
		k.addField(call.Header, "If-None-Match")
		k.addField(call.Header, "If-Modified-Since")
	}
	return k.sum()
}

// join makes one call of identical ones that are asked for at the same time.
func (t *Transport) join(r *http.Request, call *Call, f *found, names []string) (*http.Response, error) {
	c := t.Cache
	var sent atomic.Pointer[http.Request]
	result, err := c.flights.Do(r.Context(), c.flightKey(call, f, names), flight.Waiter{Deadline: call.Patience.Add(lateBy), Urgency: call.Urgency}, flight.Call{
		Send: func(ctx context.Context, fl *flight.Flight) (*http.Response, error) {
			v := t.voyage(call, f, names)
			v.sent = &sent
			return v.fly(ctx, r, fl, call.departure(f))
		},
		Admit: func(resp *http.Response) flight.Share { return voyageOf(resp).share(resp) },
		Store: func(resp *http.Response, body []byte) { voyageOf(resp).keep(body) },
		Late:  t.Proxy.Late,
	})
	if err != nil {
		return t.joinFailed(r, call, f, names, sent.Load(), err)
	}
	v, resp := voyageOf(result.Response), result.Response
	switch {
	case v.inMemory:
		_ = resp.Body.Close()
		if now := c.find(call, call.key, time.Now()); now.kind() == rfc9111.Fresh {
			if resp := t.fromMemory(r, call, &now, "hit", ""); resp != nil {
				return resp, nil
			}
		}
		return t.alone(r, call, f, names)
	case !result.Collapsed:
		t.Proxy.Adopt(r, v.detached, Own)
	case !rfc9111.SameVariant(v.vary, v.call.Header, call.Header), call.RPC != nil && !c.readdress(call, resp):
		_ = resp.Body.Close() // it was chosen for the other caller
		return t.alone(r, call, f, names)
	default:
		t.Proxy.Adopt(r, v.detached, Joined)
		delete(resp.Header, "Set-Cookie") // meant for the one who asked
	}
	if stale := t.insteadOf(r, call, f, v.detached, resp, nil); stale != nil {
		return stale, nil
	}
	return t.deliver(r, call, f, v, resp, result.Collapsed), nil
}

// fly departs for all who have joined, unless the answer has been stored since
// it was looked for.
func (v *voyage) fly(ctx context.Context, r *http.Request, fl *flight.Flight, d Departure) (*http.Response, error) {
	if now := v.transport.Cache.find(v.call, v.key, time.Now()); now.kind() == rfc9111.Fresh {
		v.inMemory, v.detached = true, r
		return v.label(&http.Response{StatusCode: http.StatusOK, Header: make(http.Header), Body: http.NoBody}), nil //nolint:contextcheck // of the request as it was sent
	}
	d.Patience, d.Urgency = fl.Deadline().Add(-lateBy), fl.Urgency()
	resp, err := v.depart(ctx, r, d)
	if v.detached != nil {
		v.transport.Proxy.Settle(v.detached)
	}
	return resp, err
}

// share says who may have an answer beside the one it was asked for: what will
// be stored is for everyone of the same identity, what may not be stored for
// those who were waiting when its header came.
func (v *voyage) share(resp *http.Response) flight.Share {
	mediaType, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	switch {
	case v.personal, strings.EqualFold(strings.TrimSpace(mediaType), "text/event-stream"):
		return flight.Alone
	case v.inMemory, v.validated:
		return flight.Waiting
	case v.reason == rfc9111.Storable: // a cookie is left out for all others
		return flight.Everyone
	case len(resp.Header["Set-Cookie"]) > 0:
		return flight.Alone
	}
	return flight.Waiting
}

// joinFailed is what becomes of a caller whose flight brought no answer. sent
// is the call upstream, if it was this caller's and came about.
func (t *Transport) joinFailed(r *http.Request, call *Call, f *found, names []string, sent *http.Request, err error) (*http.Response, error) {
	if sent != nil {
		t.Proxy.Adopt(r, sent, Left)
	}
	if errors.Is(err, flight.ErrReleased) {
		return t.alone(r, call, f, names)
	}
	if stale := t.insteadOf(r, call, f, sent, nil, err); stale != nil {
		return stale, nil
	}
	if errors.Is(err, context.DeadlineExceeded) && r.Context().Err() == nil {
		return nil, errors.Join(ErrPatience, err)
	}
	return nil, err
}
