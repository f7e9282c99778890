package proxy

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/limiter"
)

// attempt is the innermost layer: it sends one call to the upstream, under its
// own deadline, watches whether the call has left, and records what happened.
//
// What it protects is promise 3: a call that is unsafe to repeat and has
// departed is cut by nothing but timeouts.write, neither by the app leaving
// nor by its patience, since the cut would leave nobody knowing whether it was
// carried out.
type attempt struct {
	next  http.RoundTripper
	proxy *Proxy
}

// RoundTrip implements http.RoundTripper.
func (a *attempt) RoundTrip(r *http.Request) (*http.Response, error) {
	parent := r.Context()
	x := exchangeOf(parent)
	s := &sending{timeouts: &x.view.cfg.Timeouts, firm: !x.repeatable(), metrics: a.proxy.metrics, clocks: &a.proxy.clocks}
	now := time.Now()
	s.index = x.rec.Attempt(journal.Attempt{Reason: x.reason, Start: now, Credential: x.injected.name, Generation: x.injected.generation})
	s.place, x.place = x.place, nil
	s.streams = x.body != nil && !x.body.complete()
	s.init(x)
	s.hook(parent)
	s.begin(now)
	s.watch(parent)

	out := r.WithContext(s) //nolint:contextcheck // the attempt decides itself what ends it
	prepare(out, s.firm)
	if s.streams && out.Body != nil {
		out.Body = &uploadBody{ReadCloser: out.Body, sending: s}
	}
	x.captureSending(s.index, out)
	resp, err := a.next.RoundTrip(out)
	if cause := s.ended(); err != nil && cause != nil {
		err = cause // of the transport's "context canceled"
	}
	s.settle(resp, err)
	if err != nil {
		s.end()
		return nil, &sendError{cause: err, departed: s.mayBeCarriedOut()}
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		_ = resp.Body.Close()
		s.end()
		return nil, &sendError{cause: errUnasked101, departed: true}
	}
	s.answer = answerBody{ReadCloser: resp.Body, sending: s}
	x.captureAnswer(s.index, resp, &s.answer)
	stripUpstreamCORS(resp.Header)
	resp.Body = &s.answer
	return resp, nil
}

// prepare keeps http.Transport from repeating on its own a call that must not
// be repeated: it would do so for any method with one of these fields, or for
// a GET without body, when a reused connection breaks before the answer.
func prepare(r *http.Request, firm bool) {
	r.GetBody = nil
	if !firm {
		return
	}
	// The field still goes out, under the same name as far as HTTP is
	// concerned (RFC 9110 section 5.1), but not under the key that the
	// transport looks up.
	for canonical, lower := range map[string]string{"Idempotency-Key": "idempotency-key", "X-Idempotency-Key": "x-idempotency-key"} {
		if values, ok := r.Header[canonical]; ok {
			delete(r.Header, canonical)
			r.Header[lower] = values
		}
	}
	if r.Body == nil || r.Body == http.NoBody {
		switch r.Method {
		case http.MethodGet, http.MethodHead, http.MethodOptions:
			r.Body = io.NopCloser(emptyBody{}) // probed by the transport, found empty, left out
		}
	}
}

type emptyBody struct{}

func (emptyBody) Read([]byte) (int, error) { return 0, io.EOF }

// sendError is a failed attempt. departed tells whether the call may have
// been carried out.
type sendError struct {
	cause    error
	departed bool
}

func (e *sendError) Error() string { return unquoted(e.cause) }
func (e *sendError) Unwrap() error { return e.cause }

// unquoted is an error without what it quotes: net/http repeats the first bytes
// of an answer that is not HTTP, and those may be anything that was sent there.
func unquoted(err error) string {
	text, _, quotes := strings.Cut(err.Error(), `"`)
	if quotes {
		return strings.TrimRight(text, " :") + " (quoted text left out)"
	}
	return text
}

// Is makes a call that did not depart give back its place in line.
func (e *sendError) Is(target error) bool { return target == limiter.ErrNotSent && !e.departed }
