package telemetry

import (
	"log/slog"
	"time"
)

// AccessLine is what the log says of one request. Path and query are not in
// it: the template is all that is ever shown of them.
type AccessLine struct {
	Time      time.Time
	RequestID string
	OwnID     bool // RequestID was made here
	TraceID   string
	Client    string
	Upstream  string
	Endpoint  string
	Method    string
	Status    int
	Source    string
	Attempts  int
	Queue     time.Duration
	Upstreams time.Duration // waiting for the upstream, over all attempts
	Duration  time.Duration
	Sent      int64  // body bytes to the app
	Code      string // of an answer of our own
	Diagnosis string
	Cause     string // the diagnosis in a sentence
	Mark      string // a remark, such as "malformed_rpc"
	Error     string // what failed, for the operator
}

var headingRequest = newHeading("INFO", "request")

// Access logs one request at level info, without going through slog's
// reflection: this line is written for every request. Only what outsiders
// wrote is scrubbed, unless it was found clean before; the rest comes from
// closed sets and numbers.
func (l *Log) Access(a *AccessLine) {
	if l.level.Level() > slog.LevelInfo {
		return
	}
	pooled, ok := l.lines.Get().(*[]byte)
	if !ok {
		pooled = new([]byte)
	}
	e := lineEncoder{b: (*pooled)[:0], json: l.json}
	e.begin(&l.clock, a.Time, headingRequest)
	from := len(e.b)
	e.text(fieldRequestID, a.RequestID)
	if a.OwnID {
		from = len(e.b)
	}
	e.optional(fieldTraceID, a.TraceID)
	e.text(fieldClient, a.Client)
	e.text(fieldMethod, a.Method)
	to := len(e.b)
	e.optional(fieldUpstream, a.Upstream)
	e.optional(fieldEndpoint, a.Endpoint)
	e.number(fieldStatus, int64(a.Status))
	e.text(fieldSource, a.Source)
	e.number(fieldAttempts, int64(a.Attempts))
	e.seconds(fieldQueueSeconds, a.Queue)
	e.seconds(fieldUpstreamSeconds, a.Upstreams)
	e.seconds(fieldDurationSeconds, a.Duration)
	e.number(fieldSentBytes, a.Sent)
	e.optional(fieldCode, a.Code)
	e.optional(fieldDiagnosis, a.Diagnosis)
	e.optional(fieldCause, a.Cause)
	e.optional(fieldMark, a.Mark)
	tail := len(e.b)
	e.optional(fieldError, a.Error)
	e.end()
	line := e.b
	if l.foreign(a, line[from:to]) || len(a.Error) > 0 && l.dirty(line[tail:]) {
		line = l.scrub(line)
	}
	l.batch.add(line, false)
	*pooled = e.b
	l.lines.Put(pooled)
}

// foreign reports whether the scrub would change the part of a line that holds
// what the app said of itself. Where that is no more than a name and a method,
// which come again and again, the answer is remembered.
func (l *Log) foreign(a *AccessLine, part []byte) bool {
	if !a.OwnID || a.TraceID != "" || l.version == nil {
		return l.dirty(part)
	}
	version := l.version()
	at, clean := l.clean.Has(version, 0, a.Method, a.Client)
	if clean {
		return false
	}
	if l.dirty(part) {
		return true
	}
	l.clean.Note(at, version, 0, a.Method, a.Client)
	return false
}

// dirty reports whether the scrub would change a part of a line.
func (l *Log) dirty(part []byte) bool {
	out := l.scrub(part)
	return len(out) != len(part) || len(out) > 0 && &out[0] != &part[0]
}
