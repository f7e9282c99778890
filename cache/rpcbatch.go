package cache

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
	"github.com/cleengate/cleengate/internal/cleeng"
)

// maxElements bounds the calls of a batch that is taken apart; a longer one
// passes whole.
const maxElements = 200

// batch is a JSON-RPC batch on its way.
type batch struct {
	t     *Transport
	call  *Call
	calls []*Call // by element; nil for what cannot be cached
	found []found
	sent  []int // elements that go upstream, in order
}

// batch answers a JSON-RPC batch of reads: what is stored from memory, and the
// rest by a smaller batch upstream. Elements do not join flights: who waits
// for one would wait for all that it went with.
func (t *Transport) batch(r *http.Request, call *Call) (*http.Response, error) {
	n := len(call.RPC.Calls)
	if n > maxElements {
		return t.pass(r, "batch")
	}
	b := &batch{t: t, call: call, calls: make([]*Call, n), found: make([]found, n)}
	now, result, size := time.Now(), "hit", 0
	for i := range n {
		if el, ok := t.Cache.element(call, i, t.Rules); ok {
			b.calls[i], b.found[i] = el, t.Cache.find(el, el.key, now)
		}
		if e := b.found[i].entry; e != nil {
			if size += len(e.body); size > maxReply { // one answer can be asked for many times over
				b.found[i] = found{}
			}
		}
		switch b.found[i].kind() {
		case rfc9111.Fresh:
		case rfc9111.StaleUsable:
			result = "stale"
		default:
			b.sent = append(b.sent, i)
		}
	}
	if len(b.sent) > 0 && call.request.OnlyIfCached {
		return nil, ErrOnlyIfCached
	}
	if len(b.sent) > 0 {
		t.Cache.metrics.Lookup("miss")
		return b.send(r)
	}
	t.Cache.metrics.Lookup(result)
	b.refresh(r)
	t.Proxy.FromMemory(r, nil)
	return b.compose(r, nil, nil, &rfc9111.Status{Hit: true}), nil
}

// refresh validates the stale elements in the background.
func (b *batch) refresh(r *http.Request) {
	for i, el := range b.calls {
		if b.found[i].kind() == rfc9111.StaleUsable {
			b.t.validateLater(r, el, b.found[i])
		}
	}
}

// send asks upstream for what is missing and puts the answers together.
func (b *batch) send(r *http.Request) (*http.Response, error) {
	t, c := b.t, b.t.Cache
	wanted := make(map[int]bool, len(b.sent))
	for _, i := range b.sent {
		wanted[i] = true
	}
	part, err := b.call.RPC.Select(func(i int) bool { return wanted[i] })
	if err != nil {
		return t.pass(r, "batch")
	}
	mark, requested := c.epochs.Mark(), time.Now()
	usable := b.staleInstead()
	detached := t.Proxy.Detach(r.Context(), r, Departure{RPC: part, Patience: b.call.Patience, Urgency: b.call.Urgency, NoWait: usable})
	defer t.Proxy.Settle(detached)
	delete(detached.Header, "Accept-Encoding") // what is put together must be readable
	resp, err := t.Next.RoundTrip(detached)
	received := time.Now()
	t.Proxy.Adopt(r, detached, Own)
	if usable && r.Context().Err() == nil && (err != nil || !definite(resp.StatusCode)) {
		if resp != nil {
			_ = resp.Body.Close()
		}
		return b.fallBack(r), nil
	}
	if err != nil {
		return nil, err
	}
	resp.Request = asSeen(r, resp.Request)
	status := rfc9111.Status{Fwd: rfc9111.FwdMiss}
	reply, body := c.readReply(resp)
	if reply == nil {
		tell(resp.Header, &status)
		return resp, nil
	}
	at, paired := part.Pair(reply)
	if !paired {
		tell(resp.Header, &status)
		return resp, nil
	}
	answers := make([][]byte, len(b.calls))
	for k, i := range b.sent {
		if at[k] < 0 {
			continue
		}
		answers[i] = reply.Elements[at[k]].Raw
		if el := b.calls[i]; el != nil {
			v := &voyage{transport: t, call: el, key: el.key, previous: b.found[i].entry, names: c.elementNames(el), mark: mark, detached: detached, requested: requested, received: received}
			v.status = resp.StatusCode
			v.settle(resp)
			status.Stored = v.keep(reply.Elements[at[k]].Raw) || status.Stored
		}
	}
	if len(b.sent) == len(b.calls) {
		tell(resp.Header, &status)
		resp.Body = &rejoined{Reader: bytes.NewReader(body), Closer: resp.Body}
		return resp, nil
	}
	b.refresh(r)
	return b.compose(r, resp, answers, &status), nil
}

// staleInstead reports whether every element that is missing has an answer that
// may be used if the upstream fails.
func (b *batch) staleInstead() bool {
	for _, i := range b.sent {
		if b.found[i].kind() != rfc9111.StaleIfError {
			return false
		}
	}
	return true
}

// fallBack answers with what is stored, stale as it is.
func (b *batch) fallBack(r *http.Request) *http.Response {
	b.t.Proxy.FromMemory(r, nil)
	return b.compose(r, nil, nil, &rfc9111.Status{Hit: true, Detail: "stale-if-error"})
}

// compose puts a reply together in the order of the calls. resp is the
// upstream's part of it, nil for none.
func (b *batch) compose(r *http.Request, resp *http.Response, answers [][]byte, status *rfc9111.Status) *http.Response {
	var elements [][]byte
	var header http.Header
	var age time.Duration // of the oldest
	for i := range b.calls {
		switch {
		case answers != nil && answers[i] != nil:
			elements = append(elements, answers[i])
		case b.found[i].entry != nil && (answers == nil || b.found[i].kind() >= rfc9111.StaleUsable):
			e := b.found[i].entry
			elements = append(elements, e.reply.WithID(nil, b.call.RPC.Calls[i].ID))
			age = max(age, b.found[i].verdict.Age)
			if header == nil {
				header = e.header
			}
		}
	}
	body := cleeng.JoinReplies(nil, elements...)
	composed := &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: header.Clone(), ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)),
	}
	if resp != nil {
		composed.Header, composed.Request = resp.Header, resp.Request
		composed.Body = &rejoined{Reader: bytes.NewReader(body), Closer: resp.Body}
	}
	composed.Header["Age"] = []string{string(rfc9111.AppendAge(nil, age))} // RFC 9111 section 4
	composed.Header["Content-Length"] = []string{strconv.Itoa(len(body))}
	tell(composed.Header, status)
	return composed
}
