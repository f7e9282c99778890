package rfc9111

import (
	"net/http"
	"strings"
	"time"
)

// rfc850 is time.RFC850 with the only zone that HTTP allows.
const rfc850 = "Monday, 02-Jan-06 15:04:05 GMT"

// parseDate reads an HTTP-date in one of its three formats (RFC 9110 section
// 5.6.7), without regard to case and with no zone but GMT (RFC 9111 section
// 4.2). It is exact: a wrong weekday, a missing zero or a fraction of a second
// is no date. A year of two digits that lies more than 50 years after reference
// belongs to the century before.
func parseDate(v string, reference time.Time) (time.Time, bool) {
	if len(v) > len("Wednesday, 02-Jan-06 15:04:05 GMT") {
		return time.Time{}, false
	}
	if zone := len(v) - len("GMT"); zone > 0 && strings.EqualFold(v[zone:], "GMT") {
		v = v[:zone] + "GMT" // the only part that time.Parse reads with regard to case
	}
	for _, layout := range [...]string{http.TimeFormat, rfc850, time.ANSIC} {
		t, err := time.Parse(layout, v)
		if err != nil {
			continue
		}
		if layout == rfc850 {
			t = century(t, reference)
		}
		// time.Parse is lenient in ways that the grammar is not.
		if strings.EqualFold(t.Format(layout), v) {
			return t, true
		}
	}
	return time.Time{}, false
}

// century moves t by whole centuries to the latest one that is no more than 50
// years after reference.
func century(t, reference time.Time) time.Time {
	limit := reference.UTC().AddDate(50, 0, 0)
	for t.AddDate(100, 0, 0).Compare(limit) <= 0 {
		t = t.AddDate(100, 0, 0)
	}
	for t.After(limit) {
		t = t.AddDate(-100, 0, 0)
	}
	return t
}

// dateField reads the Date of a response. A missing, unreadable or
// contradictory one is the time of reception, and read is then false (RFC 9110
// section 6.6.1).
func dateField(h http.Header, received time.Time) (date time.Time, read bool) {
	lines := h["Date"]
	if len(lines) == 0 || differ(lines) {
		return received, false
	}
	t, ok := parseDate(lines[0], received)
	if !ok {
		return received, false
	}
	return t, true
}

// ageField reads the first member of Age; an unreadable one is ignored (RFC 9111
// section 5.1).
func ageField(h http.Header) time.Duration {
	for _, line := range h["Age"] {
		for member := range strings.SplitSeq(line, ",") {
			if member = strings.Trim(member, " \t"); member != "" {
				age, _ := parseDelta(member)
				return age
			}
		}
	}
	return 0
}

// elapsed is the time from one instant to a later one: the longer of what the
// wall clock and the monotonic clock say, never negative. The monotonic clock
// stops while a machine sleeps, and the wall clock may be set back.
func elapsed(from, to time.Time) time.Duration {
	return clampDelta(max(to.Sub(from), to.Round(0).Sub(from.Round(0))))
}

func clampDelta(d time.Duration) time.Duration { return min(max(d, 0), maxDelta) }
