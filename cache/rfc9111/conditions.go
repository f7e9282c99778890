package rfc9111

import (
	"net/http"
	"time"
)

// Answer says how a conditional request is answered from a stored response.
type Answer uint8

// The answers of [Conditions].
const (
	// Whole: with the stored response itself, or the part of it that [Range] names.
	Whole Answer = iota
	// NotModified: with 304 and [NotModifiedHeader].
	NotModified
	// Forward: not at all, only the origin can evaluate the condition.
	Forward
)

// Conditions evaluates the conditions of a GET or HEAD request against the
// stored response that was chosen for it and that may be used (RFC 9111 section
// 4.3.2). received is when that arrived.
//
// If-Match and If-Unmodified-Since protect a change and are the origin's to
// evaluate. If-None-Match compares weakly and hides If-Modified-Since.
// Conditions on anything but a successful response are ignored (RFC 9110
// section 13.2.1).
func Conditions(request http.Header, status int, stored http.Header, received time.Time) Answer {
	if len(request["If-Match"]) != 0 || len(request["If-Unmodified-Since"]) != 0 {
		return Forward
	}
	if status < 200 || status > 299 {
		return Whole
	}
	if lines := request["If-None-Match"]; len(lines) != 0 {
		if len(lines) == 1 && lines[0] == "*" || tagField(stored).listed(lines) {
			return NotModified
		}
		return Whole
	}
	lines := request["If-Modified-Since"]
	if len(lines) != 1 {
		return Whole
	}
	since, ok := parseDate(lines[0], received)
	if !ok {
		return Whole
	}
	modified, ok := lastModified(stored, received)
	if !ok {
		modified, _ = dateField(stored, received)
	}
	// A HTTP-date has no fraction, the time of reception may have one.
	if modified.Truncate(time.Second).After(since) {
		return Whole
	}
	return NotModified
}
