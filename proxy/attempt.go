package proxy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cleengate/cleengate/internal/config"
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
	x := exchangeOf(r.Context())
	s := &sending{x: x, timeouts: x.view.cfg.Timeouts, firm: !x.repeatable(), metrics: a.proxy.metrics}
	now := time.Now()
	s.index = x.rec.Attempt(journal.Attempt{Reason: x.reason, Start: now, Credential: x.injected.name, Generation: x.injected.generation})

	parent := r.Context()
	ctx, cancel := context.WithCancelCause(s.base(parent))
	s.cancel = cancel
	s.place = limiter.PlaceOf(parent)
	s.patience = time.Until(x.deadline)
	s.timer = time.AfterFunc(max(s.patience, 0), s.timedOut)
	s.unwatch = context.AfterFunc(parent, func() { s.callerLeft(context.Cause(parent)) })
	s.streams = x.body != nil && !x.body.complete()

	out := r.WithContext(httptrace.WithClientTrace(ctx, s.trace(parent)))
	prepare(out, s.firm)
	if s.streams && out.Body != nil {
		out.Body = &uploadBody{ReadCloser: out.Body, sending: s}
	}
	x.captureSending(s.index, out)
	resp, err := a.next.RoundTrip(out)
	s.settle(resp, err)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		s.end()
		return nil, &sendError{cause: err, departed: s.mayBeCarriedOut()}
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		_ = resp.Body.Close()
		s.end()
		return nil, &sendError{cause: errUnasked101, departed: true}
	}
	body := &answerBody{ReadCloser: resp.Body, sending: s, ctx: ctx}
	x.captureAnswer(s.index, resp, body)
	stripUpstreamCORS(resp.Header)
	resp.Body = body
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

// sending is the state of one attempt.
type sending struct {
	x        *exchange
	index    int
	firm     bool // once departed, only the write timeout cuts it
	streams  bool // the request body is still coming from the client
	timeouts config.Timeouts
	patience time.Duration // what was left of it when the attempt began
	metrics  Metrics
	place    *limiter.Place // nil where nothing is paced
	cancel   context.CancelCauseFunc
	unwatch  func() bool

	hooks httptrace.ClientTrace

	phase atomic.Int32 // see below

	counter *countedConn // of the connection it departed on; nil where it cannot tell
	before  int64        // what had been written on it before

	mu      sync.Mutex // guards timer and stage
	timer   *time.Timer
	waiting error // what a timeout means at this stage
	ended   bool
}

// Phases of an attempt. The change out of phaseHeld decides, once, between a
// call that left and one that was given up before.
const (
	phaseHeld int32 = iota
	phaseDeparted
	phaseGivenUp
)

// mayBeCarriedOut reports, once the attempt has failed, whether the upstream
// can have seen any of it. When RoundTrip has returned an error, its connection
// is closed, so the count stands still.
func (s *sending) mayBeCarriedOut() bool {
	if s.phase.Load() != phaseDeparted {
		return false
	}
	return s.counter == nil || s.counter.wrote.Load() != s.before
}

// base is what the attempt's own context stands on: not on the request's, which
// ends when the app leaves. httptrace composes hooks by reflection where a
// context has some already, at the price of a small allocation each; so the one
// hook that ReverseProxy sets is taken over by trace instead. Our own logins
// bring hooks that must all be kept.
func (s *sending) base(parent context.Context) context.Context {
	if s.x.login {
		return context.WithoutCancel(parent)
	}
	return context.WithValue(context.Background(), exchangeKey{}, s.x)
}

func (s *sending) trace(parent context.Context) *httptrace.ClientTrace {
	t := &s.hooks
	t.GotConn, t.WroteRequest = s.gotConn, s.wroteRequest
	if outer := httptrace.ContextClientTrace(parent); outer != nil && !s.x.login {
		t.Got1xxResponse = outer.Got1xxResponse
	}
	return t
}

// gotConn is the moment of departure: the request is about to be written.
func (s *sending) gotConn(info httptrace.GotConnInfo) {
	now := time.Now()
	if !s.phase.CompareAndSwap(phaseHeld, phaseDeparted) {
		if s.phase.Load() == phaseGivenUp {
			abort(info.Conn)
			return
		}
		// http.Transport found a stale connection and sends again by itself.
		s.counter = nil
		if s.place != nil {
			s.place.DepartedAgain()
		}
		s.x.rec.Update(s.index, func(a *journal.Attempt) { a.Resent++ })
		return
	}
	if s.counter = counterOf(info.Conn); s.counter != nil {
		s.before = s.counter.wrote.Load()
	}
	s.x.rec.Update(s.index, func(a *journal.Attempt) { a.Departed, a.Reused = now, info.Reused })
	if s.streams {
		s.arm(s.timeouts.Idle, errUploadStalled)
	} else {
		s.armForAnswer()
	}
}

func (s *sending) wroteRequest(info httptrace.WroteRequestInfo) {
	now := time.Now()
	s.x.rec.Update(s.index, func(a *journal.Attempt) { a.Wrote = now })
	if s.streams && info.Err == nil {
		s.armForAnswer()
	}
}

// armForAnswer starts the wait for the answer's header.
func (s *sending) armForAnswer() {
	if s.firm {
		s.arm(s.timeouts.Write, errWriteTimeout)
		return
	}
	left := s.patience
	if !s.streams { // the time that a body takes to come in is not waiting
		left = time.Until(s.x.deadline)
	}
	if left < s.timeouts.Attempt {
		s.arm(left, errPatienceUpstream)
	} else {
		s.arm(s.timeouts.Attempt, errAttemptTimeout)
	}
}

func (s *sending) arm(d time.Duration, meaning error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.waiting = meaning
		s.timer.Reset(max(d, 0))
	}
}

func (s *sending) timedOut() {
	s.mu.Lock()
	meaning := s.waiting
	s.mu.Unlock()
	if s.phase.CompareAndSwap(phaseHeld, phaseGivenUp) {
		meaning = errPatienceHeld
	} else if meaning == nil {
		return // departed this instant; the timer is about to be armed anew
	}
	s.cancel(meaning)
}

// callerLeft stops the attempt unless it is past recall.
func (s *sending) callerLeft(cause error) {
	if s.phase.CompareAndSwap(phaseHeld, phaseGivenUp) || !s.firm {
		s.cancel(cause)
	}
}

// settle records the answer's header or its absence.
func (s *sending) settle(resp *http.Response, err error) {
	s.mu.Lock()
	s.timer.Stop()
	s.mu.Unlock()
	now := time.Now()
	status, failure := 0, ""
	if resp != nil {
		status = resp.StatusCode
	}
	if err != nil {
		failure = unquoted(err)
	}
	var took time.Duration
	var reason string
	s.x.rec.Update(s.index, func(a *journal.Attempt) {
		reason, took = a.Reason, now.Sub(a.Start)
		a.Status, a.Err = status, failure
		if resp != nil {
			a.Answered = now
			a.UpstreamID = resp.Header.Get("X-Request-Id")
		}
	})
	s.metrics.Attempt(s.x.up.name, status, reason, took)
}

// end releases what the attempt holds. It may be called more than once.
func (s *sending) end() {
	s.mu.Lock()
	s.ended = true
	s.timer.Stop()
	s.mu.Unlock()
	s.unwatch()
	s.cancel(nil)
}
