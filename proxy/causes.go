package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/cleengate/cleengate/cache"
	"github.com/cleengate/cleengate/internal/journal"
)

var (
	errPatienceHeld     = errors.New("patience ran out before the call could be sent")
	errPatienceUpstream = errors.New("patience ran out while the upstream was at work")
	errAttemptTimeout   = errors.New("no answer within timeouts.attempt")
	errWriteTimeout     = errors.New("no answer within timeouts.write")
	errUploadStalled    = errors.New("the upstream stopped taking the request body (timeouts.idle)")
	errUnasked101       = errors.New("the upstream switched protocols without being asked")
	errAnswerStalled    = errors.New("the upstream stopped sending the answer's body (timeouts.idle)")
)

// problemOf is the one place where a cause becomes an answer. It returns nil
// for a caller that left: nobody is there to be answered.
func problemOf(err error, x *exchange) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	if p := refusedProblem(err, x); p != nil {
		return p
	}
	name := "the upstream"
	if x.up != nil {
		name = "upstream " + x.up.name + " (" + x.up.base.Host + ")"
	}
	switch {
	case errors.Is(err, errPatienceHeld):
		return &Problem{Code: CodePatienceExceeded, Err: err, Detail: "The call waited " + x.patience.String() + " and could not be sent. Try again, or allow more time with Prefer: wait=SECONDS."}
	case errors.Is(err, cache.ErrOnlyIfCached):
		return &Problem{Code: CodeOnlyIfCachedMiss, Err: err, Detail: "The request allows only a stored answer (Cache-Control: only-if-cached), and there is none that may be used. Send it without to ask Cleeng."}
	case errors.Is(err, cache.ErrUnasked304):
		return &Problem{Code: CodeProtocol, Err: err, Detail: capital(name) + " answered that nothing has changed (304), although it was not asked that. The answer cannot be passed on; try again."}
	case errors.Is(err, cache.ErrPatience), errors.Is(err, errPatienceUpstream), errors.Is(err, errAttemptTimeout):
		return &Problem{Code: CodeUpstreamTimeout, Err: err, Detail: "No answer came from " + name + " in time. The call changes nothing by being repeated; try again."}
	case errors.Is(err, errWriteTimeout):
		return &Problem{Code: CodeUpstreamTimeout, Err: err, Detail: "No answer came from " + name + " within " + x.view.cfg.Timeouts.Write.String() + ". The call may have been carried out: look before you repeat it."}
	case errors.Is(err, errUploadStalled):
		return &Problem{Code: CodeUpstreamTimeout, Err: err, Detail: capital(name) + " stopped taking the request body. The call may have been carried out in part: look before you repeat it."}
	case errors.Is(err, errBuffersFull):
		return &Problem{Code: CodeBuffersFull, Err: err, RetryAfter: time.Second, Detail: "The memory for request bodies is used up. Try again shortly, or raise guard.max_buffered in the configuration."}
	case errors.Is(err, errSpoolGone), errors.Is(err, errViewClosed):
		return &Problem{Code: CodeProtocol, Err: err, Detail: "The call to " + name + " failed, and its body was too long to be kept for another attempt."}
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return bodyTooLarge(tooLarge.Limit)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, http.ErrAbortHandler) {
		return nil
	}
	if sent, ok := errors.AsType[*sendError](err); ok {
		return networkProblem(err, name, sent.departed)
	}
	if x.incoming == nil || !x.incoming.failed.Load() {
		return &Problem{Code: CodeProtocol, Err: err, Detail: capital(name) + " sent an answer that cannot be passed on. Unless it was a read, look whether it was carried out before you repeat it."}
	}
	return &Problem{Code: CodeBadRequest, Err: err, Detail: "The request body broke off or is not well-formed HTTP. Send it again."}
}

// networkProblem tells failures before departure from those after it.
func networkProblem(err error, name string, departed bool) *Problem {
	if departed {
		return &Problem{Code: CodeProtocol, Err: err, Detail: "The connection to " + name + " broke before a whole answer came. Unless it was a read, look whether it was carried out before you repeat it."}
	}
	detail := "No connection to " + name + " could be made"
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		detail += ": its name " + visible(dns.Name, 100) + " does not resolve. Check upstreams in the configuration and this machine's DNS."
	} else if isTLS(err) {
		detail += ": its certificate was not accepted. Check the upstream's url, this machine's clock, and ca_file."
	} else {
		detail += ". Nothing was sent. Check the network and upstreams in the configuration."
	}
	return &Problem{Code: CodeUnreachable, Err: err, Detail: detail}
}

func isTLS(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return string(s[0]&^0x20) + s[1:]
}

// fail is ReverseProxy's ErrorHandler.
func (p *Proxy) fail(w http.ResponseWriter, r *http.Request, err error) {
	p.failed(w, r, exchangeOf(r.Context()), err)
}

// failed answers a request whose forwarding failed, or records that its caller
// left.
func (p *Proxy) failed(w http.ResponseWriter, r *http.Request, x *exchange, err error) {
	problem := problemOf(err, x)
	switch {
	case x.incoming != nil && x.incoming.stalled.Load():
		problem = &Problem{Code: CodeBadRequest, Err: err, Detail: "The request body stopped arriving. Send it without pauses longer than timeouts.idle."}
	case problem == nil, r.Context().Err() != nil && !x.began:
		x.lost = true
		x.rec.Fail(err)
		// A caller that only closed its sending half still reads: silence would
		// become an empty 200. The connection breaks off instead.
		panic(http.ErrAbortHandler)
	}
	x.closeAfter(r)
	writeProblem(w, r, x, problem)
}

// finalStatus is what the record shows: 499 for a caller that left.
func finalStatus(x *exchange, written int) int {
	if x.lost || written == 0 {
		return journal.StatusClientGone
	}
	return written
}
