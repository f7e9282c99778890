package proxy

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/limiter"
)

// sending is the state of one attempt, and its context.
type sending struct {
	attemptContext

	index    int
	firm     bool // once departed, only the write timeout cuts it
	streams  bool // the request body is still coming from the client
	timeouts *config.Timeouts
	metrics  Metrics
	place    *limiter.Place // nil where nothing is paced
	unwatch  func() bool
	answer   answerBody

	hooks httptrace.ClientTrace

	phase atomic.Int32 // see below

	counter *countedConn // of the connection it departed on; nil where it cannot tell
	before  int64        // what had been written on it before

	patience time.Duration // what was left of it when the attempt began
	clock    *attemptClock
	clocks   *attemptClocks // where it comes from
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

// hook watches the connection. httptrace composes hooks by reflection where a
// context has some already, at the price of a small allocation each; so the one
// hook that ReverseProxy sets is taken over, and nothing else of the request's
// context. Our own logins bring hooks that must all be kept.
func (s *sending) hook(parent context.Context) {
	t, values := &s.hooks, context.Background() //nolint:contextcheck // the call does not end with the request
	t.GotConn, t.WroteRequest = s.gotConn, s.wroteRequest
	if s.x.login {
		values = context.WithoutCancel(parent)
	} else if outer := httptrace.ContextClientTrace(parent); outer != nil {
		t.Got1xxResponse = outer.Got1xxResponse
	}
	s.values = httptrace.WithClientTrace(values, t)
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
		s.arm(now, s.timeouts.Idle, errUploadStalled)
	} else {
		s.armForAnswer(now)
	}
}

func (s *sending) wroteRequest(info httptrace.WroteRequestInfo) {
	now := time.Now()
	s.x.rec.Update(s.index, func(a *journal.Attempt) { a.Wrote = now })
	if s.streams && info.Err == nil {
		s.armForAnswer(now)
	}
}

// begin starts the clock: until the attempt departs, the app's patience is what
// bounds it.
func (s *sending) begin(now time.Time) {
	s.patience = s.x.deadline.Sub(now)
	s.clock = s.clocks.lend(s)
	s.clock.arm(s, s.x.deadline, errPatienceHeld)
}

// arm makes the attempt late d from now on.
func (s *sending) arm(now time.Time, d time.Duration, meaning error) {
	s.clock.arm(s, now.Add(d), meaning)
}

// armForAnswer starts the wait for the answer's header.
func (s *sending) armForAnswer(now time.Time) {
	if s.firm {
		s.arm(now, s.timeouts.Write, errWriteTimeout)
		return
	}
	left := s.patience
	if !s.streams { // the time that a body takes to come in is not waiting
		left = s.x.deadline.Sub(now)
	}
	if left < s.timeouts.Attempt {
		s.arm(now, left, errPatienceUpstream)
	} else {
		s.arm(now, s.timeouts.Attempt, errAttemptTimeout)
	}
}

// late stops the attempt, which waited too long.
func (s *sending) late(meaning error) {
	held := meaning == errPatienceHeld //nolint:errorlint // this very value
	if held && !s.phase.CompareAndSwap(phaseHeld, phaseGivenUp) {
		return // it departed this instant; the clock is about to be set anew
	}
	s.cancel(meaning)
}

// watch makes the attempt hear of a caller that leaves. Where it is the app itself,
// its own context is watched: what was put on top of it on the way down has only
// values, and takes time to be seen through.
func (s *sending) watch(parent context.Context) {
	if s.x.stay != nil {
		parent = s.x.stay //nolint:contextcheck // parent is derived from it
	}
	s.unwatch = context.AfterFunc(parent, func() { s.callerLeft(context.Cause(parent)) })
}

// callerLeft stops the attempt unless it is past recall.
func (s *sending) callerLeft(cause error) {
	if s.phase.CompareAndSwap(phaseHeld, phaseGivenUp) || !s.firm {
		s.cancel(cause)
	}
}

// settle records the answer's header or its absence.
func (s *sending) settle(resp *http.Response, err error) {
	s.clock.disarm(s)
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
			a.UpstreamID = first(resp.Header["X-Request-Id"])
		}
	})
	s.metrics.Attempt(s.x.up.name, status, reason, took)
}

// end releases what the attempt holds. It may be called more than once.
func (s *sending) end() {
	s.clocks.giveBack(s)
	s.unwatch()
	s.cancel(context.Canceled)
}
