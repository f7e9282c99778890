package journal

import "time"

// Explanation is a diagnosis in words.
type Explanation struct {
	Sentence string // what happened
	Next     string // what to do
	Facts    []Fact // what the diagnosis rests on
}

// Fact is one thing that is known of a failed call, such as that its token
// expired at some time. Neither part may hold a secret; both are masked like
// other text.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Throttle is what the limiter made of a throttle. The zero value is none.
type Throttle struct {
	Limit       string // configured name
	Cause       string // foreign_consumer, limit_exceeded, burst; "" for unknown
	PausedUntil time.Time
}

// Summary is a finished exchange in one line.
type Summary struct {
	RequestID string
	Time      time.Time // of arrival
	Client    string
	Upstream  string // "" when refused before routing
	Endpoint  string // catalogue template or "other"
	Method    string
	Path      string // masked, without query
	Status    int
	Source    Source
	Attempts  int
	Queue     time.Duration // waiting for a place in line
	Duration  time.Duration
	Diagnosis string
	Sentence  string // of the diagnosis
	Code      string // of an answer of our own
}

// Record is a finished exchange, masked when it was captured. It is immutable:
// readers may share it and must not change it.
type Record struct {
	Summary

	TraceID      string
	Mark         string // a remark, such as "malformed_rpc"
	Error        string // what failed, for the operator
	Sent         int64  // body bytes written to the app
	UpstreamTime time.Duration
	LateStatus   int // of an answer that came after the caller had left
	Explanation  Explanation
	Throttle     Throttle

	// Abridged tells that headers and bodies were left out, because masking
	// them would have taken more than its share of the processor. This happens
	// to successes and to floods of the same failure only.
	Abridged bool

	Request  Message // as the app sent it
	Response Message // as the app got it
	Attempts []AttemptRecord
	Events   []Event
}

// AttemptRecord is one call to the upstream, as the upstream saw it. A stage
// that was never reached is the zero time; Response.Status is 0 without an
// answer.
type AttemptRecord struct {
	Attempt

	Request  Message
	Response Message
}
