package rfc9111

import (
	"net/textproto"
	"strings"
	"time"
)

// maxDelta stands for every number of seconds that is too large, as RFC 9111
// section 1.2.2 asks.
const maxDelta = (1 << 31) * time.Second

// maxControl bounds the bytes of a Cache-Control or Pragma field that are read.
const maxControl = 16 << 10

// scanner walks the directives of a Cache-Control field, line by line, without
// allocating (RFC 9111 section 5.2). It stops at the first member that is no
// directive, or at a field that is too long, and then says so in malformed.
type scanner struct {
	lines     []string
	rest      string
	taken     int // bytes of the lines that were begun
	malformed bool
}

// directive is one member of a Cache-Control field. The value of a
// quoted-string is given without its quotes and with its escapes.
type directive struct {
	name   string
	value  string
	argued bool // there was a "=", even if nothing followed
}

func (s *scanner) next() (directive, bool) {
	for {
		s.rest = strings.TrimLeft(s.rest, " \t,")
		if s.rest != "" {
			break
		}
		if len(s.lines) == 0 {
			return directive{}, false
		}
		s.rest, s.lines = s.lines[0], s.lines[1:]
		if s.taken += len(s.rest); s.taken > maxControl {
			return s.fail()
		}
	}
	var d directive
	end := tokenLength(s.rest)
	if end == 0 {
		return s.fail()
	}
	d.name, s.rest = s.rest[:end], s.rest[end:]
	if strings.HasPrefix(s.rest, "=") {
		d.argued = true
		s.rest = s.rest[1:]
		if strings.HasPrefix(s.rest, `"`) {
			end := quotedLength(s.rest)
			if end == 0 {
				return s.fail()
			}
			d.value, s.rest = s.rest[1:end-1], s.rest[end:]
		} else {
			end := tokenLength(s.rest)
			d.value, s.rest = s.rest[:end], s.rest[end:]
		}
	}
	s.rest = strings.TrimLeft(s.rest, " \t")
	if s.rest != "" && s.rest[0] != ',' {
		return s.fail()
	}
	return d, true
}

func (s *scanner) fail() (directive, bool) {
	s.malformed, s.rest, s.lines = true, "", nil
	return directive{}, false
}

// is compares ASCII letters without case. Names are tokens, so the wider
// folding of strings.EqualFold never meets a letter outside ASCII on both sides.
func (d directive) is(name string) bool { return strings.EqualFold(d.name, name) }

// seconds is a delta-seconds argument that was present; an unreadable one has
// valid false and the value 0.
type seconds struct {
	value          time.Duration
	present, valid bool
}

// first keeps the first of several occurrences (RFC 9111 section 4.2.1).
func (s *seconds) first(d directive) {
	if s.present {
		return
	}
	s.present = true
	s.value, s.valid = parseDelta(d.value)
}

// parseDelta reads delta-seconds: digits only, too large means 2^31 seconds
// (RFC 9111 section 1.2.2).
func parseDelta(v string) (time.Duration, bool) {
	if v == "" {
		return 0, false
	}
	var n int64
	for i := range len(v) {
		c := v[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(n*10+int64(c-'0'), 1<<31)
	}
	return time.Duration(n) * time.Second, true
}

// maxNames bounds the lists of field names that are kept: in Vary, and in the
// qualified forms of no-cache and private.
const maxNames = 64

// appendNames adds the field names of a comma-separated list in canonical form,
// each once. It reports false if a member is no field name or there are too many.
func appendNames(names []string, list string) ([]string, bool) {
	for member := range strings.SplitSeq(list, ",") {
		member = strings.Trim(member, " \t")
		if member == "" {
			continue
		}
		if tokenLength(member) != len(member) {
			return names, false
		}
		var ok bool
		if names, ok = appendName(names, member); !ok {
			return names, false
		}
	}
	return names, true
}

func appendName(names []string, name string) ([]string, bool) {
	for _, known := range names {
		if strings.EqualFold(known, name) {
			return names, true
		}
	}
	if len(names) == maxNames {
		return names, false
	}
	return append(names, textproto.CanonicalMIMEHeaderKey(name)), true
}

// tokenLength is the length of the token that v begins with (RFC 9110 section 5.6.2).
func tokenLength(v string) int {
	for i := range len(v) {
		if !isTokenChar(v[i]) {
			return i
		}
	}
	return len(v)
}

func isTokenChar(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// quotedLength is the length of the quoted-string that v begins with, quotes
// included, or 0 if it does not end (RFC 9110 section 5.6.4).
func quotedLength(v string) int {
	for i := 1; i < len(v); i++ {
		switch v[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}
