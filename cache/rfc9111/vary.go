package rfc9111

import (
	"encoding/binary"
	"net/http"
	"slices"
	"strings"
)

// maxVaryMembers bounds the members of Vary that are read, repeats included.
const maxVaryMembers = 1024

// VaryNames are the request fields that a response depends on (RFC 9111 section
// 4.1): canonical, sorted, each once. It reports false if no other request can
// match: the field has "*", more than 64 names, or something that is no name.
func VaryNames(h http.Header) (names []string, ok bool) {
	members := 0
	for _, line := range h["Vary"] {
		for member := range strings.SplitSeq(line, ",") {
			if members++; members > maxVaryMembers {
				return nil, false
			}
			member = strings.Trim(member, " \t")
			if member == "" {
				continue
			}
			if member == "*" || tokenLength(member) != len(member) {
				return nil, false
			}
			if names, ok = appendName(names, member); !ok {
				return nil, false
			}
		}
	}
	slices.Sort(names)
	return names, true
}

// SameVariant reports whether two requests agree in the fields that names lists
// (canonical, as from [VaryNames]): the same members in the same order, however
// they are spread over field lines and spaced. A field that one request lacks
// must be missing in the other. It does not allocate.
func SameVariant(names []string, a, b http.Header) bool {
	for _, name := range names {
		x, inA := a[name]
		y, inB := b[name]
		if inA != inB {
			return false
		}
		left, right := members{lines: x}, members{lines: y}
		for {
			one, more := left.next()
			other, moreOther := right.next()
			if more != moreOther || one != other {
				return false
			}
			if !more {
				break
			}
		}
	}
	return true
}

// AppendVariant appends a form of the fields that names lists which is the same
// for two requests exactly if [SameVariant] says so for the same names. No form
// is the beginning of another, so it may be part of a longer key.
func AppendVariant(dst []byte, names []string, h http.Header) []byte {
	for _, name := range names {
		lines, present := h[name]
		if !present {
			dst = append(dst, 0)
			continue
		}
		m := members{lines: lines}
		for member, ok := m.next(); ok; member, ok = m.next() {
			dst = append(dst, 1)
			dst = binary.AppendUvarint(dst, uint64(len(member)))
			dst = append(dst, member...)
		}
		dst = append(dst, 2)
	}
	return dst
}

// members walks the comma-separated members of a field over all its lines. A
// comma in a quoted-string separates nothing; empty members are left out (RFC
// 9110 section 5.6.1.2).
type members struct {
	lines []string
	rest  string
}

func (m *members) next() (string, bool) {
	for {
		m.rest = strings.TrimLeft(m.rest, " \t,")
		if m.rest != "" {
			break
		}
		if len(m.lines) == 0 {
			return "", false
		}
		m.rest, m.lines = m.lines[0], m.lines[1:]
	}
	end := 0
	for end < len(m.rest) && m.rest[end] != ',' {
		if m.rest[end] != '"' {
			end++
			continue
		}
		quoted := quotedLength(m.rest[end:])
		if quoted == 0 { // no end: nothing after it can be told apart
			quoted = len(m.rest) - end
		}
		end += quoted
	}
	member := strings.TrimRight(m.rest[:end], " \t")
	m.rest = m.rest[end:]
	return member, true
}
