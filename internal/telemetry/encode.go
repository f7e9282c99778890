package telemetry

import (
	"strconv"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// lineEncoder appends the fields of one line in either format, as slog's
// handlers write them.
type lineEncoder struct {
	b    []byte
	json bool
}

// heading is level and message of a line, as they stand behind its time in either
// format.
type heading struct{ json, text string }

// newHeading takes constants of this package.
func newHeading(level, msg string) heading {
	j, t := lineEncoder{json: true}, lineEncoder{}
	for _, e := range []*lineEncoder{&j, &t} {
		e.text(fieldLevel, level)
		e.text(fieldMsg, msg)
	}
	return heading{json: `"` + string(j.b), text: string(t.b)}
}

// begin writes the fields that each line has.
func (e *lineEncoder) begin(clock *clockText, t time.Time, h heading) {
	if e.json {
		e.b = append(e.b, `{"time":"`...)
		e.b = clock.appendNano(e.b, t)
		e.b = append(e.b, h.json...)
	} else {
		e.b = append(e.b, "time="...)
		e.b = clock.appendMilli(e.b, t)
		e.b = append(e.b, h.text...)
	}
}

func (e *lineEncoder) end() {
	if e.json {
		e.b = append(e.b, '}')
	}
	e.b = append(e.b, '\n')
}

// field is a name as it stands before its value in either format.
type field struct{ json, text string }

func newField(name string) field { return field{json: `,"` + name + `":`, text: " " + name + "="} }

// The fields of the lines that this package writes itself.
var (
	fieldRequestID       = newField("request_id")
	fieldTraceID         = newField("trace_id")
	fieldClient          = newField("client")
	fieldMethod          = newField("method")
	fieldUpstream        = newField("upstream")
	fieldEndpoint        = newField("endpoint")
	fieldStatus          = newField("status")
	fieldSource          = newField("source")
	fieldAttempts        = newField("attempts")
	fieldQueueSeconds    = newField("queue_seconds")
	fieldUpstreamSeconds = newField("upstream_seconds")
	fieldDurationSeconds = newField("duration_seconds")
	fieldSentBytes       = newField("sent_bytes")
	fieldCode            = newField("code")
	fieldDiagnosis       = newField("diagnosis")
	fieldCause           = newField("cause")
	fieldMark            = newField("mark")
	fieldError           = newField("error")
	fieldLevel           = newField("level")
	fieldMsg             = newField("msg")
	fieldLines           = newField("lines")
)

func (e *lineEncoder) key(f field) {
	if e.json {
		e.b = append(e.b, f.json...)
	} else {
		e.b = append(e.b, f.text...)
	}
}

func (e *lineEncoder) text(f field, value string) {
	e.key(f)
	switch {
	case e.json:
		e.b = appendJSON(e.b, value)
	case isBare(value):
		e.b = append(e.b, value...)
	default:
		e.b = strconv.AppendQuote(e.b, value)
	}
}

func (e *lineEncoder) optional(f field, value string) {
	if value != "" {
		e.text(f, value)
	}
}

func (e *lineEncoder) number(f field, value int64) {
	e.key(f)
	e.b = strconv.AppendInt(e.b, value, 10)
}

func (e *lineEncoder) seconds(f field, d time.Duration) {
	e.key(f)
	us := max(d, 0).Microseconds()
	e.b = strconv.AppendInt(e.b, us/1e6, 10)
	e.b = appendDigits(append(e.b, '.'), uint32(us%1e6), 6) //nolint:gosec // it fits
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

// showsAsItself are the bytes that a JSON string holds as they are.
var showsAsItself = func() (set [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		set[c] = c != '"' && c != '\\'
	}
	return set
}()

const hexDigits = "0123456789abcdef"

// appendJSON writes a JSON string (RFC 8259 section 7). What would not show as
// itself on a terminal is escaped; invalid UTF-8 becomes the replacement
// character.
func appendJSON(b []byte, s string) []byte {
	b = append(b, '"')
	n := 0
	for n < len(s) && showsAsItself[s[n]] {
		n++
	}
	b = append(b, s[:n]...) // usually all of it
	for i := n; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
			i++
		case c < ' ' || c == 0x7f:
			b = appendUnit(b, rune(c))
			i++
		case c < utf8.RuneSelf:
			b = append(b, c)
			i++
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			switch high, low := utf16.EncodeRune(r); {
			case unicode.IsPrint(r):
				b = utf8.AppendRune(b, r)
			case high != unicode.ReplacementChar:
				b = appendUnit(appendUnit(b, high), low)
			default:
				b = appendUnit(b, r)
			}
			i += size
		}
	}
	return append(b, '"')
}

func appendUnit(b []byte, r rune) []byte {
	return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}
