package rfc9111

import (
	"net/http"
	"strings"
	"time"
)

// entityTag is an ETag in the form in which it is sent, W/ and quotes included.
// "" is none.
type entityTag string

// parseTag reads the entity-tag that v begins with and returns what follows it
// (RFC 9110 section 8.8.3).
func parseTag(v string) (tag entityTag, rest string, ok bool) {
	start := 0
	if strings.HasPrefix(v, "W/") {
		start = 2
	}
	if start >= len(v) || v[start] != '"' {
		return "", v, false
	}
	for i := start + 1; i < len(v); i++ {
		switch c := v[i]; {
		case c == '"':
			return entityTag(v[:i+1]), v[i+1:], true
		case c < 0x21 || c == 0x7f:
			return "", v, false
		}
	}
	return "", v, false
}

// tagField reads a stored ETag; one that is unreadable or repeated with another
// value is none.
func tagField(h http.Header) entityTag {
	lines := h["Etag"]
	if len(lines) == 0 || differ(lines) {
		return ""
	}
	if tag, rest, ok := parseTag(lines[0]); ok && rest == "" {
		return tag
	}
	return ""
}

func (t entityTag) weak() bool { return strings.HasPrefix(string(t), "W/") }

// weakly and strongly are the comparisons of RFC 9110 section 8.8.3.2. None
// equals nothing.
func (t entityTag) weakly(u entityTag) bool {
	return t != "" && u != "" && strings.TrimPrefix(string(t), "W/") == strings.TrimPrefix(string(u), "W/")
}

func (t entityTag) strongly(u entityTag) bool { return t != "" && t == u && !t.weak() }

// listed reports whether an If-None-Match field names the tag, by weak
// comparison. A member that is no entity-tag ends its line.
func (t entityTag) listed(lines []string) bool {
	for _, rest := range lines {
		for {
			rest = strings.TrimLeft(rest, " \t,")
			tag, after, ok := parseTag(rest)
			if !ok {
				break
			}
			if t.weakly(tag) {
				return true
			}
			after = strings.TrimLeft(after, " \t")
			if after == "" || after[0] != ',' {
				break
			}
			rest = after
		}
	}
	return false
}

// lastModified reads the Last-Modified of a response.
func lastModified(h http.Header, reference time.Time) (time.Time, bool) {
	lines := h["Last-Modified"]
	if len(lines) == 0 || differ(lines) {
		return time.Time{}, false
	}
	return parseDate(lines[0], reference)
}

func hasValidator(h http.Header, reference time.Time) bool {
	if tagField(h) != "" {
		return true
	}
	_, ok := lastModified(h, reference)
	return ok
}
