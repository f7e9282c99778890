package proxy

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/journal"
)

// maxReply is how much of a JSON-RPC reply is looked into. A longer one passes
// on as it came: refusals are short.
const maxReply = 1 << 20

// settleRPC looks into a JSON-RPC reply for elements that refuse our key: they
// come under HTTP 200 (cleeng-api.md section 2.4). Only those are sent again,
// and their answers take their places in the reply.
func (t *renew) settleRPC(r *http.Request, x *exchange, b *binding, resp *http.Response) *http.Response {
	whole := x.rpc
	defer func() { x.rpc = whole }()
	first, ok := readReply(resp)
	if !ok {
		return resp
	}
	answers := first.elements // by position in the reply
	at := make([]int, len(whole.Calls))
	if pairs, paired := whole.Pair(first.reply); paired {
		copy(at, pairs)
	} else {
		return resp
	}
	changed := false
	for range maxCures {
		refused := refusedCalls(x.rpc, b, at, answers)
		if refused == nil {
			if provesKey(x.rpc, b, at) {
				b.cred.Accepted(&x.use)
			}
			break
		}
		x.refusal = cleeng.CodeRPCPublisherToken
		part, err := x.rpc.Select(func(i int) bool { return refused[i] })
		if err != nil {
			break
		}
		// The methods refused are the place, not the batch that they came in:
		// other batches may be permitted.
		x.use.Where.Endpoint = part.Endpoint().Template
		if cured, err := t.cure(r.Context(), x, b); err != nil || !cured {
			break
		}
		at = positions(at, refused)
		x.rpc, x.reason, x.head = part, journal.ReasonRenewed, true
		again, err := t.next.RoundTrip(r)
		if err != nil {
			x.rec.Fail(err)
			break
		}
		second, ok := readReply(again)
		discard(again)
		if !ok {
			break
		}
		pairs, paired := part.Pair(second.reply)
		if !paired {
			break
		}
		for i, pos := range pairs {
			if pos >= 0 {
				answers[at[i]], changed = second.elements[pos], true
			}
		}
	}
	if !changed {
		return resp // byte for byte as it came
	}
	if !first.reply.Batch {
		return withBody(resp, answers[0].Raw)
	}
	raw := make([][]byte, len(answers))
	for i := range answers {
		raw[i] = answers[i].Raw
	}
	return withBody(resp, cleeng.JoinReplies(nil, raw...))
}

type rpcReply struct {
	reply    *cleeng.RPCReply
	elements []cleeng.RPCReplyElement
}

// replyWithin is how long a reply is waited for, once its header has come. One that
// takes longer passes on as it comes.
const replyWithin = 5 * time.Second

// readReply parses a reply and leaves its body whole.
func readReply(resp *http.Response) (rpcReply, bool) {
	if resp.StatusCode != http.StatusOK {
		return rpcReply{}, false
	}
	body, readable := peek(resp, maxReply, replyWithin)
	if !readable {
		return rpcReply{}, false
	}
	reply, err := cleeng.ParseRPCReply(body)
	if err != nil || len(reply.Elements) == 0 {
		return rpcReply{}, false
	}
	return rpcReply{reply: reply, elements: append([]cleeng.RPCReplyElement(nil), reply.Elements...)}, true
}

// refusedCalls are the calls that carried our key and were told that it is
// not valid; nil for none.
func refusedCalls(rpc *cleeng.RPC, b *binding, at []int, answers []cleeng.RPCReplyElement) map[int]bool {
	var refused map[int]bool
	for i, call := range rpc.Calls {
		if at[i] < 0 || !b.chooses(call) || answers[at[i]].Code != cleeng.RPCPublisherToken {
			continue
		}
		if refused == nil {
			refused = make(map[int]bool)
		}
		refused[i] = true
	}
	return refused
}

// provesKey reports whether a reply without a refusal shows that our key is
// accepted: methods that need none succeed with a dead one as well.
func provesKey(rpc *cleeng.RPC, b *binding, at []int) bool {
	for i, call := range rpc.Calls {
		if at[i] >= 0 && b.chooses(call) && call.Endpoint.Auth == cleeng.AuthPublisher {
			return true
		}
	}
	return false
}

// positions keeps the places of the chosen calls, in order.
func positions(at []int, chosen map[int]bool) []int {
	kept := make([]int, 0, len(chosen))
	for i, pos := range at {
		if chosen[i] {
			kept = append(kept, pos)
		}
	}
	return kept
}

// withBody gives an answer another body of known length.
func withBody(resp *http.Response, body []byte) *http.Response {
	resp.Body = &rejoined{Reader: bytes.NewReader(body), Closer: resp.Body}
	resp.ContentLength = int64(len(body))
	resp.TransferEncoding = nil
	resp.Header.Del("Content-Encoding") // what was put together is plain
	resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return resp
}

type rejoined struct {
	io.Reader
	io.Closer
}
