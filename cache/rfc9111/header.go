package rfc9111

import (
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

// StorableHeader is the part of a response's header that may be stored, as a
// new map whose values are the given ones (RFC 9111 section 3.1). received is
// when it arrived, and becomes its Date if it has none that can be read (RFC
// 9110 section 6.6.1). Left out are:
//
//   - fields of one connection, and those that Connection names;
//   - fields between this proxy and a neighbour (Proxy-*), and our own (Cleengate-*);
//   - Set-Cookie, which is for the caller that it was sent to;
//   - what is true of one exchange only: Age, Server-Timing, and the rate
//     limits (a limit that is replayed for minutes would throttle its reader);
//   - what a qualified no-cache or private names.
//
// Content-Length is kept; it is the caller's to check against the content.
func StorableHeader(h http.Header, received time.Time) http.Header {
	out := make(http.Header, len(h))
	for name, lines := range h {
		if !unstorable(name) {
			out[name] = lines
		}
	}
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			delete(out, textproto.CanonicalMIMEHeaderKey(strings.Trim(name, " \t")))
		}
	}
	if len(h["Cache-Control"]) != 0 {
		for _, name := range parseResponse(h).withheld {
			delete(out, name)
		}
	}
	if date, ok := dateField(h, received); !ok {
		out["Date"] = []string{date.UTC().Format(http.TimeFormat)}
	}
	return out
}

func unstorable(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings",
		"Set-Cookie", "Set-Cookie2", "Age", "Server-Timing", "Ratelimit", "Ratelimit-Policy":
		return true
	}
	for _, prefix := range [...]string{"Proxy-", "Cleengate-", "X-Ratelimit-", "Ratelimit-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// update is a stored header with the fields of a later response in it, as a new
// map (RFC 9111 section 3.2). What may not be stored is left out, and what
// describes the stored content stays: its length, coding, type, range and
// digests. So does a stored ETag, which the later one can differ from only by
// being weak or not, see [Selects304].
func update(stored, later http.Header, received time.Time) http.Header {
	out := make(http.Header, len(stored)+len(later))
	maps.Copy(out, stored)
	for name, lines := range StorableHeader(later, received) {
		if !describesContent(name) && (name != "Etag" || len(stored["Etag"]) == 0) {
			out[name] = lines
		}
	}
	for _, name := range parseResponse(out).withheld {
		delete(out, name)
	}
	return out
}

func describesContent(name string) bool {
	switch name {
	case "Content-Length", "Content-Encoding", "Content-Type", "Content-Range", "Content-Md5", "Content-Digest",
		"Repr-Digest", "Digest":
		return true
	}
	return false
}

// NotModifiedHeader is the header of a 304 made from a stored response: without
// what describes content that is not sent (RFC 9110 section 15.4.5).
func NotModifiedHeader(stored http.Header) http.Header {
	out := make(http.Header, len(stored))
	for name, lines := range stored {
		if !describesContent(name) && !slices.Contains([]string{"Content-Language", "Content-Disposition", "Accept-Ranges"}, name) {
			out[name] = lines
		}
	}
	return out
}
