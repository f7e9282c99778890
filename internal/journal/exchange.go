// Package journal records what happened to each request that an app sent: as
// the app saw it, and as the upstream saw each attempt.
//
// An [Exchange] is opened when a request arrives, travels with it through every
// layer, and is finished when the answer has been written. Layers add what they
// did (an attempt, a wait, a decision); sinks such as the access log and the
// metrics read the finished record.
package journal

import (
	"slices"
	"sync"
	"time"
)

// Source says who produced the answer that the app got.
type Source string

// The sources, as the metrics and the admin API spell them.
const (
	SourceUpstream Source = "upstream" // an answer of Cleeng
	SourceCache    Source = "cache"    // a stored answer
	SourceFlight   Source = "flight"   // the answer of another caller's identical call
	SourceSelf     Source = "self"     // an answer that cleengate made itself
)

// Reasons why an attempt was sent.
const (
	ReasonFirst        = "first"
	ReasonRetry        = "retry"
	ReasonThrottled    = "throttled"
	ReasonRenewed      = "renewed"
	ReasonRevalidation = "revalidation"
	ReasonLogin        = "login"
)

// StatusClientGone is recorded, and never sent, for a caller that left before
// its answer was complete.
const StatusClientGone = 499

// maxAttempts and maxEvents bound one record, whatever the upstream does.
const (
	maxAttempts = 16
	maxEvents   = 64
)

// Attempt is one call that was sent, or was about to be sent, upstream.
// Times are zero where that stage was never reached.
type Attempt struct {
	Reason     string
	Start      time.Time // handed to the transport
	Departed   time.Time // a connection was there and the request left
	Wrote      time.Time // the request was written completely
	Answered   time.Time // the answer's header arrived
	Status     int       // 0 without an answer
	Err        string    // why there was no answer
	Reused     bool      // the connection had served another request before
	Resent     int       // silent repeats by the HTTP transport on a stale connection
	Credential string    // name of the injected credential, "" for none
	Generation uint64    // generation of the injected credential
	UpstreamID string    // the upstream's own X-Request-Id
}

// Event is one decision of a layer, with the time since arrival.
type Event struct {
	At     time.Duration
	Kind   string
	Detail string
}

// Exchange is the record of one request. The exported fields are written by
// the goroutine that serves the request; what other goroutines add goes
// through the methods, which are safe for concurrent use.
type Exchange struct {
	Start     time.Time
	RequestID string
	OwnID     bool   // RequestID was made here, so that nothing can be hidden in it
	TraceID   string // from traceparent, "" without one
	Client    string // caller's name
	Upstream  string // configured name, "" when refused before routing
	Endpoint  string // catalogue template or "other"; never a raw path
	Method    string
	Path      string // raw, as the app sent it; never written down unmasked
	Mark      string // a remark for the log, such as "malformed_rpc"

	Limit  string // that the upstream counts against, "" for none
	Digest uint64 // tells a read from others while this process runs; 0 for what cannot be compared. Never written anywhere.
	// Identity tells in whose name a read was made, as Digest does of the whole.
	Identity uint64
	Batch    bool // of JSON-RPC calls
	// RPCFailed tells that the answer holds a JSON-RPC error, whatever its status.
	RPCFailed bool

	Status    int
	Source    Source
	Code      string // code of an answer of our own
	Diagnosis string
	Explained *Explanation // of the diagnosis, nil without one
	Sent      int64        // body bytes written to the app
	Duration  time.Duration

	// Shown allows the bodies of this endpoint to be written down, masked. Of
	// others only their shape is kept.
	Shown bool
	// Excerpt stands for the answer where it came from the cache.
	Excerpt *Excerpt

	mu       sync.Mutex
	queue    time.Duration
	attempts []Attempt
	first    [1]Attempt // most exchanges need no more; saves an allocation
	events   []Event
	outcome  int // upstream status that came after the caller had left
	err      string
	throttle *Throttle // the last, nil for none
	capture  capture
}

// explanation is Explained, the zero value for none.
func (x *Exchange) explanation() Explanation {
	if x.Explained == nil {
		return Explanation{}
	}
	return *x.Explained
}

// Sentence is what the diagnosis says in words, "" without one.
func (x *Exchange) Sentence() string { return x.explanation().Sentence }

// Begin opens a record at the given arrival time.
func (x *Exchange) Begin(now time.Time) {
	x.Start = now
	x.attempts = x.first[:0]
}

// Attempt opens an attempt and returns its index for [Exchange.Update].
// Attempts past the bound of one record are merged into the last one.
func (x *Exchange) Attempt(a Attempt) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.attempts) == maxAttempts {
		x.attempts[maxAttempts-1] = a
		return maxAttempts - 1
	}
	x.attempts = append(x.attempts, a)
	return len(x.attempts) - 1
}

// Update changes the attempt with the given index under the record's lock.
func (x *Exchange) Update(i int, change func(*Attempt)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	change(&x.attempts[i])
}

// Attempts returns a copy of the attempts so far.
func (x *Exchange) Attempts() []Attempt {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([]Attempt(nil), x.attempts...)
}

// EachAttempt shows the attempts so far, in order, without copying them. visit
// must not call a method of x or keep a.
func (x *Exchange) EachAttempt(visit func(a *Attempt)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := range x.attempts {
		visit(&x.attempts[i])
	}
}

// Figures are what a record comes to.
type Figures struct {
	Attempts int
	Queue    time.Duration // see [Exchange.QueueWait]
	Upstream time.Duration // see [Exchange.UpstreamTime]
	Failure  string        // see [Exchange.Failure]
}

// Figures returns them all at once, for those who would ask for each.
func (x *Exchange) Figures() Figures {
	x.mu.Lock()
	defer x.mu.Unlock()
	return Figures{Attempts: len(x.attempts), Queue: x.queue, Upstream: x.upstreamTime(), Failure: x.err}
}

// AttemptCount returns how many attempts were begun.
func (x *Exchange) AttemptCount() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.attempts)
}

// Waited adds time spent waiting for a place in line.
func (x *Exchange) Waited(d time.Duration) {
	x.mu.Lock()
	x.queue += max(d, 0)
	x.mu.Unlock()
}

// QueueWait returns the sum of all waits for a place in line.
func (x *Exchange) QueueWait() time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.queue
}

// UpstreamTime returns the time from hand-over to the answer's header, summed
// over the attempts that were answered.
func (x *Exchange) UpstreamTime() time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.upstreamTime()
}

func (x *Exchange) upstreamTime() time.Duration {
	var sum time.Duration
	for i := range x.attempts {
		if a := &x.attempts[i]; !a.Answered.IsZero() {
			sum += a.Answered.Sub(a.Start)
		}
	}
	return sum
}

// Note adds an event. Events past the bound of one record are dropped.
func (x *Exchange) Note(now time.Time, kind, detail string) {
	x.mu.Lock()
	if len(x.events) < maxEvents {
		x.events = append(x.events, Event{At: now.Sub(x.Start), Kind: kind, Detail: detail})
	}
	x.mu.Unlock()
}

// Events returns a copy of the events so far.
func (x *Exchange) Events() []Event {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([]Event(nil), x.events...)
}

// Throttled keeps what the limiter made of the last throttle.
func (x *Exchange) Throttled(t Throttle) {
	x.mu.Lock()
	x.throttle = &t
	x.mu.Unlock()
}

// Throttle returns what [Exchange.Throttled] kept, the zero value for none.
func (x *Exchange) Throttle() Throttle {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.throttle == nil {
		return Throttle{}
	}
	return *x.throttle
}

// Fail keeps the first cause of failure, for the operator.
func (x *Exchange) Fail(err error) {
	x.mu.Lock()
	if x.err == "" && err != nil {
		x.err = err.Error()
	}
	x.mu.Unlock()
}

// Failure returns what [Exchange.Fail] kept.
func (x *Exchange) Failure() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.err
}

// Outcome records the status of an answer that arrived after the caller had
// left: the call may have changed something upstream all the same.
func (x *Exchange) Outcome(status int) {
	x.mu.Lock()
	x.outcome = status
	x.mu.Unlock()
}

// LateStatus returns what [Exchange.Outcome] recorded, 0 for nothing.
func (x *Exchange) LateStatus() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.outcome
}

// Adopt takes over what another record, of a call made on this one's behalf,
// has gathered so far.
func (x *Exchange) Adopt(other *Exchange) {
	other.mu.Lock()
	attempts, events, queue, err, throttle := slices.Clone(other.attempts), slices.Clone(other.events), other.queue, other.err, other.throttle
	messages, fields := other.capture.clone()
	other.mu.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.capture.adopt(messages, fields, len(x.attempts))
	x.attempts = append(x.attempts, attempts...)
	x.attempts = x.attempts[:min(len(x.attempts), maxAttempts)]
	x.events = append(x.events, events...)
	x.events = x.events[:min(len(x.events), maxEvents)]
	x.queue += queue
	if throttle != nil {
		x.throttle = throttle
	}
	if x.err == "" {
		x.err = err
	}
}
