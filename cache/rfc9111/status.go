package rfc9111

import (
	"strconv"
	"time"
)

// Forwarded says why a request went to the origin: the fwd parameter of
// Cache-Status (RFC 9211 section 2.2). "" means that it did not.
type Forwarded string

// The values of fwd.
const (
	FwdBypass   Forwarded = "bypass"    // the cache was told not to handle it
	FwdMethod   Forwarded = "method"    // the method's semantics need the origin
	FwdURIMiss  Forwarded = "uri-miss"  // nothing stored under the URI
	FwdVaryMiss Forwarded = "vary-miss" // stored, but not for these request fields
	FwdMiss     Forwarded = "miss"      // nothing stored, for one of these causes
	FwdRequest  Forwarded = "request"   // fresh, but the request's directives refuse it
	FwdStale    Forwarded = "stale"     // stored, but stale
	FwdPartial  Forwarded = "partial"   // stored, but not all of the ranges
)

// Status is one member of a Cache-Status field (RFC 9211). The zero value is
// the cache's name alone.
type Status struct {
	// Hit: answered from the store without the origin. It hides Fwd, since a
	// response is one or the other (section 2.1).
	Hit bool
	Fwd Forwarded
	// FwdStatus is the status that the origin answered with, where it is not
	// the one that the client gets; 0 is left out.
	FwdStatus int
	// TTL is the freshness that remains, negative when stale. It is written as
	// whole seconds, rounded down, if HasTTL is set.
	TTL       time.Duration
	HasTTL    bool
	Stored    bool
	Collapsed bool
	// Detail is a word on what happened; "" is left out. What is not printable
	// ASCII is written as "?".
	Detail string
}

// Append appends the member, named cleengate, to a Cache-Status value and
// returns it. It allocates only if dst is too small.
func (s *Status) Append(dst []byte) []byte {
	dst = append(dst, "cleengate"...)
	if s.Hit {
		dst = append(dst, "; hit"...)
	} else if s.Fwd != "" {
		dst = append(dst, "; fwd="...)
		dst = append(dst, s.Fwd...)
		if s.FwdStatus != 0 {
			dst = append(dst, "; fwd-status="...)
			dst = strconv.AppendInt(dst, int64(s.FwdStatus), 10)
		}
	}
	if s.HasTTL {
		dst = append(dst, "; ttl="...)
		dst = strconv.AppendInt(dst, floorSeconds(s.TTL), 10)
	}
	if !s.Hit && s.Fwd != "" {
		if s.Stored {
			dst = append(dst, "; stored"...)
		}
		if s.Collapsed {
			dst = append(dst, "; collapsed"...)
		}
	}
	if s.Detail != "" {
		dst = append(dst, "; detail="...)
		dst = appendDetail(dst, s.Detail)
	}
	return dst
}

func floorSeconds(d time.Duration) int64 {
	n := int64(d / time.Second)
	if d%time.Second < 0 {
		n--
	}
	return n
}

// appendDetail writes a Token where that is possible, else a String (RFC 9651
// sections 3.3.3 and 3.3.4).
func appendDetail(dst []byte, v string) []byte {
	if isLetter(v[0]) && tokenLength(v) == len(v) {
		return append(dst, v...)
	}
	dst = append(dst, '"')
	for i := range len(v) {
		switch c := v[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ' || c > '~':
			dst = append(dst, '?')
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
