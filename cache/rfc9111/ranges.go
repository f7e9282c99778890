package rfc9111

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Part is the part of a stored content that a request asks for.
type Part struct {
	// Status is 200 for the whole, 206 for a part, 416 for a range outside.
	Status int
	// First and Length are the place of the part in the content, in bytes; for
	// 416 both are 0.
	First, Length int64
	// ContentRange is the field of that name for 206 and 416, else "".
	ContentRange string
}

// Range reads which part of a complete stored 200 of size bytes a GET request
// asks for (RFC 9110 section 14.2). A single range of bytes is answered;
// several ranges, another unit, an unreadable Range and an If-Range that does
// not hold get the whole. For HEAD the field means nothing, so the caller does
// not ask.
func Range(request, stored http.Header, size int64) Part {
	whole := Part{Status: http.StatusOK, Length: size}
	lines := request["Range"]
	if len(lines) != 1 || !ifRangeHolds(request, stored) {
		return whole
	}
	first, length, ok := parseRange(lines[0], size)
	switch {
	case !ok, size == 0 && length > 0:
		return whole
	case length <= 0:
		return Part{Status: http.StatusRequestedRangeNotSatisfiable, ContentRange: "bytes */" + strconv.FormatInt(size, 10)}
	}
	return Part{
		Status: http.StatusPartialContent, First: first, Length: length,
		ContentRange: "bytes " + strconv.FormatInt(first, 10) + "-" + strconv.FormatInt(first+length-1, 10) + "/" + strconv.FormatInt(size, 10),
	}
}

// parseRange reads a Range field with one range of bytes. A length that is not
// positive means that the range lies outside.
func parseRange(v string, size int64) (first, length int64, ok bool) {
	const unit = "bytes="
	if len(v) < len(unit) || !strings.EqualFold(v[:len(unit)], unit) {
		return 0, 0, false
	}
	from, to, ok := strings.Cut(strings.Trim(v[len(unit):], " \t"), "-")
	if !ok {
		return 0, 0, false
	}
	if from == "" {
		suffix, ok := parsePosition(to)
		if size == 0 {
			return 0, suffix, ok // no part of nothing can be named: the whole
		}
		suffix = min(suffix, size)
		return size - suffix, suffix, ok
	}
	first, ok = parsePosition(from)
	if !ok {
		return 0, 0, false
	}
	last := size - 1
	if to != "" {
		end, ok := parsePosition(to)
		if !ok || end < first {
			return 0, 0, false
		}
		last = min(last, end)
	}
	return first, last - first + 1, true
}

// parsePosition reads digits; too large a number is one beyond every content.
func parsePosition(v string) (int64, bool) {
	const beyond = 1 << 62
	if v == "" {
		return 0, false
	}
	var n int64
	for i := range len(v) {
		c := v[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		if n > beyond/10 {
			n = beyond
			continue
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// ifRangeHolds evaluates If-Range: a strong comparison of the tag, or exactly
// the Last-Modified if that is a strong validator, at least a second older than
// the response (RFC 9110 sections 13.1.5 and 8.8.2.2).
func ifRangeHolds(request, stored http.Header) bool {
	lines := request["If-Range"]
	if len(lines) == 0 {
		return true
	}
	if len(lines) != 1 {
		return false
	}
	if tag, rest, ok := parseTag(lines[0]); ok {
		return rest == "" && tag.strongly(tagField(stored))
	}
	reference := time.Unix(0, 0)
	wanted, ok := parseDate(lines[0], reference)
	if !ok {
		return false
	}
	modified, ok := lastModified(stored, reference)
	if !ok || !modified.Equal(wanted) {
		return false
	}
	date, ok := dateField(stored, reference)
	return ok && date.Sub(modified) >= time.Second
}
