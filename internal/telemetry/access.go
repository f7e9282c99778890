package telemetry

import (
	"log/slog"
	"strconv"
	"time"
	"unicode/utf8"
)

// AccessLine is what the log says of one request. Path and query are not in
// it: the template is all that is ever shown of them.
type AccessLine struct {
	Time      time.Time
	RequestID string
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
	Mark      string // a remark, such as "malformed_rpc"
	Error     string // what failed, for the operator
}

// Access logs one request at level info, without going through slog's
// reflection: this line is written for every request.
func (l *Log) Access(a *AccessLine) {
	if l.level.Level() > slog.LevelInfo {
		return
	}
	pooled := l.lines.Get().(*[]byte)
	e := lineEncoder{b: (*pooled)[:0], json: l.json}
	e.begin(a.Time)
	e.text("request_id", a.RequestID)
	e.optional("trace_id", a.TraceID)
	e.text("client", a.Client)
	e.optional("upstream", a.Upstream)
	e.optional("endpoint", a.Endpoint)
	e.text("method", a.Method)
	e.number("status", int64(a.Status))
	e.text("source", a.Source)
	e.number("attempts", int64(a.Attempts))
	e.seconds("queue_seconds", a.Queue)
	e.seconds("upstream_seconds", a.Upstreams)
	e.seconds("duration_seconds", a.Duration)
	e.number("sent_bytes", a.Sent)
	e.optional("code", a.Code)
	e.optional("diagnosis", a.Diagnosis)
	e.optional("mark", a.Mark)
	e.optional("error", a.Error)
	e.end()
	l.batch.add(l.scrub(e.b), false)
	*pooled = e.b
	l.lines.Put(pooled)
}

// lineEncoder appends the fields of one line in either format, as slog's
// handlers write them.
type lineEncoder struct {
	b    []byte
	json bool
}

func (e *lineEncoder) begin(t time.Time) {
	if e.json {
		e.b = append(e.b, `{"time":"`...)
		e.b = t.AppendFormat(e.b, time.RFC3339Nano)
		e.b = append(e.b, `","level":"INFO","msg":"request"`...)
		return
	}
	e.b = append(e.b, "time="...)
	e.b = t.AppendFormat(e.b, "2006-01-02T15:04:05.000Z07:00")
	e.b = append(e.b, " level=INFO msg=request"...)
}

func (e *lineEncoder) end() {
	if e.json {
		e.b = append(e.b, '}')
	}
	e.b = append(e.b, '\n')
}

func (e *lineEncoder) key(name string) {
	if e.json {
		e.b = append(e.b, `,"`...)
		e.b = append(e.b, name...)
		e.b = append(e.b, `":`...)
		return
	}
	e.b = append(e.b, ' ')
	e.b = append(e.b, name...)
	e.b = append(e.b, '=')
}

func (e *lineEncoder) text(name, value string) {
	e.key(name)
	switch {
	case e.json:
		e.b = appendJSON(e.b, value)
	case isBare(value):
		e.b = append(e.b, value...)
	default:
		e.b = strconv.AppendQuote(e.b, value)
	}
}

func (e *lineEncoder) optional(name, value string) {
	if value != "" {
		e.text(name, value)
	}
}

func (e *lineEncoder) number(name string, value int64) {
	e.key(name)
	e.b = strconv.AppendInt(e.b, value, 10)
}

func (e *lineEncoder) seconds(name string, d time.Duration) {
	e.key(name)
	e.b = strconv.AppendFloat(e.b, d.Seconds(), 'f', 6, 64)
}

// isBare reports whether a value needs no quotes in key=value text.
func isBare(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == '"' || c == '=' || c >= 0x7f {
			return false
		}
	}
	return true
}

const hexDigits = "0123456789abcdef"

// appendJSON writes a JSON string (RFC 8259 section 7). Invalid UTF-8 becomes
// the replacement character.
func appendJSON(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
			i++
		case c < ' ' || c == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			i++
		case c < utf8.RuneSelf:
			b = append(b, c)
			i++
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += size
		}
	}
	return append(b, '"')
}
