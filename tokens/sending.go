package tokens

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// sending finds out whether a request can have reached upstream. The zero
// value is ready; it serves one request.
type sending struct {
	asked atomic.Bool // the transport looked for a connection
	got   atomic.Bool // and got one, at least once
}

func (s *sending) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { s.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { s.got.Store(true) },
	})
}

// unsent reports whether err proves that nothing was sent. That no connection
// was seen proves it only if the trace worked, which asked shows.
func (s *sending) unsent(err error) bool {
	if knowing, ok := errors.AsType[interface {
		error
		Unsent() bool
	}](err); ok && knowing.Unsent() {
		return true
	}
	if s.got.Load() {
		return false
	}
	if operation, ok := errors.AsType[*net.OpError](err); ok && operation.Op == "dial" {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	return s.asked.Load()
}

// failure describes an exchange that ended without an answer.
func (s *sending) failure(ctx context.Context, path string, err error, secret redact.Secret) *Failure {
	f := &Failure{Category: Unreachable, Unspent: s.unsent(err)}
	if hint, ok := errors.AsType[interface {
		error
		RetryAfter() time.Duration
	}](err); ok && hint.RetryAfter() > 0 {
		f.Category, f.RetryAfter = Throttled, min(hint.RetryAfter(), maxRetryAfter)
	}
	reason := scrub(err.Error(), secret)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		reason = "the time for it ran out"
	}
	// The cause is not wrapped: its text may quote what was sent.
	f.Err = errors.New(reason)
	where := "no answer came to"
	if f.Unspent {
		where = "nothing could be sent to"
	}
	f.Detail = fmt.Sprintf("%s POST %s: %s", where, path, reason)
	return f
}
