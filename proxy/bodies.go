package proxy

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/cleengate/cleengate/internal/journal"
)

// uploadBody watches a request body that is still coming in. Each read shows
// that the upstream takes bytes, so the idle timeout begins anew: a slow but
// living upload is never cut.
type uploadBody struct {
	io.ReadCloser
	sending *sending
}

func (b *uploadBody) Read(p []byte) (int, error) {
	b.sending.arm(time.Now(), b.sending.timeouts.Idle, errUploadStalled)
	return b.ReadCloser.Read(p)
}

// answerBody bounds the silence within an answer's body. The clock runs only
// while the upstream is waited for, not while a slow app is written to.
type answerBody struct {
	io.ReadCloser
	sending *sending
	tee     journal.Tee
}

func (b *answerBody) Read(p []byte) (int, error) {
	s := b.sending
	s.arm(time.Now(), s.timeouts.Idle, errAnswerStalled)
	n, err := b.ReadCloser.Read(p)
	s.clock.disarm(s)
	b.tee.Write(p[:n])
	if err != nil && !errors.Is(err, io.EOF) {
		if cause := s.ended(); cause != nil {
			err = cause
		}
	}
	return n, err
}

func (b *answerBody) Close() error {
	err := b.ReadCloser.Close()
	b.sending.end()
	return err
}

// abort makes sure that a call which was given up does not leave after all: the
// connection was just found for it. A shared HTTP/2 connection stays; its
// streams look at the context before they send.
func abort(conn net.Conn) {
	if t, ok := conn.(*tls.Conn); ok && t.ConnectionState().NegotiatedProtocol == "h2" {
		return
	}
	_ = conn.Close() // the transport reports the failed write
}

// clientBody reads a request's body from the app, each piece within the idle
// timeout. The deadline is moved at most four times within it, which costs less than
// on every read and cuts no client earlier than three quarters of the timeout.
//
// A read that fails ends the request's context as well, as if the caller had
// left; stalled tells the two apart.
type clientBody struct {
	io.ReadCloser
	stalled atomic.Bool
	failed  atomic.Bool // it broke off, for whatever reason
	control *http.ResponseController
	idle    time.Duration
	moved   time.Time
	tee     journal.Tee // of a body that the spool does not hold
}

func (b *clientBody) Read(p []byte) (int, error) {
	if now := time.Now(); now.Sub(b.moved) > b.idle/4 {
		b.moved = now
		_ = b.control.SetReadDeadline(now.Add(b.idle + b.idle/4)) // in process there is none
	}
	n, err := b.ReadCloser.Read(p)
	b.tee.Write(p[:n])
	if err != nil {
		b.failed.Store(b.failed.Load() || !errors.Is(err, io.EOF))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			b.stalled.Store(true)
		}
		// From here on net/http watches the connection for a caller that
		// leaves; a deadline would look like one.
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
