package rfc9111

import (
	"strconv"
	"time"
)

// Kind says how a stored response may be used.
type Kind uint8

// The kinds of a [Verdict], from the least permission to the most.
const (
	// MustValidate: only after a successful validation.
	MustValidate Kind = iota
	// StaleIfError: after a validation, or if that fails (RFC 5861 section 4).
	StaleIfError
	// StaleUsable: at once although stale, by stale-while-revalidate, by the
	// policy's window or by the client's max-stale. It is to be validated in
	// the background.
	StaleUsable
	// Fresh: at once.
	Fresh
)

// String is the kind in words, for logs.
func (k Kind) String() string {
	switch k {
	case Fresh:
		return "fresh"
	case StaleUsable:
		return "stale, usable"
	case StaleIfError:
		return "stale, usable if validation fails"
	}
	return "to be validated"
}

// Verdict is the answer to one request for one stored response.
type Verdict struct {
	Kind Kind
	// Age is the current age (RFC 9111 section 4.2.3), what the Age field must
	// say (section 5.1).
	Age time.Duration
	// TTL is the freshness that remains, negative when stale: the ttl of
	// Cache-Status.
	TTL time.Duration
}

// Age is the current age of the response at an instant: never less than its
// initial age, and at most 2^31 seconds.
func (t *Terms) Age(now time.Time) time.Duration {
	return clampDelta(t.InitialAge + elapsed(t.Received, now))
}

// Judge decides how a stored response may be used for a request at an instant
// (RFC 9111 section 4). It does not allocate.
//
// A client that bounds the age, freshness or staleness that it accepts is held
// to its word: the windows of the response and the policy then do not apply,
// only its own max-stale and stale-if-error.
func (t *Terms) Judge(r Request, now time.Time) Verdict {
	v := Verdict{Age: t.Age(now)}
	v.TTL = t.Lifetime - v.Age
	fresh := v.TTL > 0
	if t.NoCache || r.NoCache || !fresh && t.MustRevalidate {
		return v
	}
	staleness := -v.TTL
	tooOld := r.HasMaxAge && v.Age > r.MaxAge && (!fresh || !t.Immutable)
	refused := tooOld || r.HasMinFresh && v.TTL < r.MinFresh
	bounded := r.HasMaxAge || r.HasMinFresh || r.HasMaxStale
	switch {
	case fresh && !refused:
		v.Kind = Fresh
	case !refused && r.HasMaxStale && staleness <= r.MaxStale:
		v.Kind = StaleUsable
	case !bounded && staleness < t.WhileRevalidate:
		v.Kind = StaleUsable
	case r.StaleIfError > 0 && staleness < r.StaleIfError, !bounded && staleness < t.IfError:
		v.Kind = StaleIfError
	}
	return v
}

// AppendAge appends the value of an Age field: whole seconds, rounded down.
func AppendAge(dst []byte, age time.Duration) []byte {
	return strconv.AppendInt(dst, int64(clampDelta(age)/time.Second), 10)
}
