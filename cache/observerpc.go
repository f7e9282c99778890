package cache

import (
	"net/http"
	"slices"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
)

// observeRPC counts JSON-RPC requests that would not have gone upstream: those
// of which every call is known. Whether an answer would have been stored shows in
// its content, a copy of which is looked at when it has passed. One that is
// compressed, which the cache itself would have asked not to be, is not looked
// at.
func (t *Transport) observeRPC(r *http.Request, call *Call) (*http.Response, error) {
	n := len(call.RPC.Calls)
	if n > maxElements {
		return t.Next.RoundTrip(r)
	}
	now, known := time.Now(), 0
	calls := make([]*Call, n)
	for i := range n {
		el, ok := t.Cache.element(call, i, t.Rules)
		if !ok {
			continue
		}
		if t.Cache.known(el, now) {
			known++
		} else if el.direct(&found{}) == "" {
			calls[i] = el
		}
	}
	if known == n {
		t.Proxy.Observed("hit")
		return t.Next.RoundTrip(r)
	}
	if !call.RPC.Batch && calls[0] != nil {
		defer t.watch(calls[0])()
	}
	voyages := make([]*voyage, n)
	for i, el := range calls {
		if el != nil {
			voyages[i] = t.observed(r, el, now)
		}
	}
	resp, err := t.Next.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusOK || len(resp.Header["Content-Encoding"]) > 0 {
		return resp, err
	}
	for _, v := range voyages {
		if v != nil {
			v.settleObserved(resp)
		}
	}
	resp.Body = &keeper{
		ReadCloser: resp.Body, limit: min(maxReply, t.Cache.maxEntry.Load()), declared: resp.ContentLength, room: &t.Cache.held,
		keep: func(body []byte) bool { return keepReplyTerms(call.RPC, voyages, body) },
	}
	return resp, nil
}

// keepReplyTerms keeps the terms of the answers in a reply that would have been
// stored.
func keepReplyTerms(request *cleeng.RPC, voyages []*voyage, body []byte) bool {
	reply, err := cleeng.ParseRPCReply(slices.Clone(body))
	if err != nil {
		return false
	}
	at, paired := request.Pair(reply)
	if !paired {
		return false
	}
	for i, v := range voyages {
		if v == nil || at[i] < 0 {
			continue
		}
		if answer := &reply.Elements[at[i]]; !answer.HasError && answer.ID != nil {
			v.keepTerms()
		}
	}
	return true
}
