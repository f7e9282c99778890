package proxy

import (
	"net/http"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/support"
	"github.com/cleengate/cleengate/tokens"
)

// diagnose names the cause of a 401, 403 or 429 that the app is about to get,
// in the record and so in Cleengate-Diagnosis. Everything else tells where a
// credential of the app's own was accepted.
func (p *Proxy) diagnose(x *exchange, resp *http.Response) {
	code := x.refusal
	switch {
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden, resp.StatusCode == http.StatusTooManyRequests:
	case x.rpc != nil && resp.StatusCode == http.StatusOK:
		code = x.rpcRefusal(resp)
		if code != cleeng.CodeRPCPublisherToken {
			p.noteAccepted(x, resp)
			return
		}
	default:
		p.noteAccepted(x, resp)
		return
	}
	body, readable := peekBlame(resp)
	if code == cleeng.CodeNone {
		code = cleeng.ClassifyBody(x.up.surface, resp.StatusCode, body)
	}
	var throttle support.Throttle
	if x.throttle != nil {
		throttle = *x.throttle
	}
	facts := support.Facts{
		Status: resp.StatusCode, Surface: x.up.surface, Code: code, Throttle: throttle, Header: resp.Header, Unread: !readable,
		Sent: x.evidence(resp), AcceptedElsewhere: p.acceptedElsewhere(x, resp), NamesAddress: cleeng.MentionsAddress(body),
	}
	if d, ok := support.Diagnose(facts); ok {
		x.rec.Diagnosis = d.Code
		why := d.Record()
		x.rec.Explained = &why
		x.rec.Note(time.Now(), "diagnosis", d.Sentence)
	}
}

// rpcRefusal finds the code of a JSON-RPC reply whose elements were refused, and
// notes whether any failed.
func (x *exchange) rpcRefusal(resp *http.Response) cleeng.Code {
	reply, ok := readReply(resp)
	if !ok {
		return cleeng.CodeNone
	}
	refusal := cleeng.CodeNone
	for i := range reply.elements {
		e := &reply.elements[i]
		x.rec.RPCFailed = x.rec.RPCFailed || e.HasError
		if e.Code == cleeng.RPCPublisherToken {
			refusal = cleeng.CodeRPCPublisherToken
		}
	}
	return refusal
}

// evidence is how the credential looked that went upstream last.
func (x *exchange) evidence(resp *http.Response) support.Evidence {
	now := upstreamNow(resp)
	if x.ep.Kind == cleeng.KindRefresh {
		return support.InBody()
	}
	if x.rpc == nil {
		return support.LookAtHeader(resp.Request.Header, x.ep.Auth, now)
	}
	if x.injected.name != "" {
		return support.Evidence{}
	}
	return support.LookAtRPC(x.rpc.Calls, resp.Request.Header, now)
}

// upstreamNow is the upstream's clock, ours where it tells none.
func upstreamNow(resp *http.Response) time.Time {
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		return date
	}
	return time.Now()
}

func (p *Proxy) noteAccepted(x *exchange, resp *http.Response) {
	if x.binding == nil && tokens.Accepts(resp.StatusCode) {
		if id, ok := p.ownCredential(x, resp.Request.Header); ok {
			p.seen.note(id, tokens.Where{Upstream: x.up.name, Endpoint: x.ep.Template}, time.Now())
		}
	}
}

func (p *Proxy) acceptedElsewhere(x *exchange, resp *http.Response) bool {
	if x.binding != nil {
		return x.binding.cred.AcceptedElsewhere(time.Now(), &x.use)
	}
	id, ok := p.ownCredential(x, resp.Request.Header)
	return ok && p.seen.elsewhere(id, tokens.Where{Upstream: x.up.name, Endpoint: x.ep.Template}, time.Now())
}
