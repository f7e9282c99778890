package rfc9111

import (
	"net/http"
	"slices"
	"strings"
)

// response holds the cache directives of a response (RFC 9111 section 5.2.2).
type response struct {
	malformed      bool
	noStore        bool
	noCache        bool
	private        bool
	public         bool
	mustRevalidate bool
	proxyRevalid   bool
	mustUnderstand bool
	immutable      bool

	sMaxAge, maxAge               seconds
	whileRevalidate, staleIfError seconds

	// withheld are the fields that the qualified forms of no-cache and private
	// name, canonical. They are not stored, which keeps both promises.
	withheld []string
}

func parseResponse(h http.Header) response {
	var c response
	s := scanner{lines: h["Cache-Control"]}
	for d, ok := s.next(); ok; d, ok = s.next() {
		switch {
		case d.is("no-store"):
			c.noStore = true
		case d.is("no-cache"):
			c.noCache = c.noCache || !c.withhold(d)
		case d.is("private"):
			c.private = c.private || !c.withhold(d)
		case d.is("public"):
			c.public = true
		case d.is("must-revalidate"):
			c.mustRevalidate = true
		case d.is("proxy-revalidate"):
			c.proxyRevalid = true
		case d.is("must-understand"):
			c.mustUnderstand = true
		case d.is("immutable"):
			c.immutable = true
		case d.is("s-maxage"):
			c.sMaxAge.first(d)
		case d.is("max-age"):
			c.maxAge.first(d)
		case d.is("stale-while-revalidate"):
			c.whileRevalidate.first(d)
		case d.is("stale-if-error"):
			c.staleIfError.first(d)
		}
	}
	c.malformed = s.malformed
	return c
}

// withhold takes the field names of a qualified no-cache or private. It reports
// false if the directive must be read without them: it has none, they do not
// parse, or without such a field the response would mean something else.
func (c *response) withhold(d directive) bool {
	if strings.Trim(d.value, " \t,") == "" {
		return false
	}
	before := len(c.withheld)
	names, ok := appendNames(c.withheld, d.value)
	if !ok || slices.ContainsFunc(names[before:], indispensable) {
		return false
	}
	c.withheld = names
	return true
}

// indispensable fields say how the content is to be read or how the response is
// to be cached.
func indispensable(name string) bool {
	switch name {
	case "Content-Type", "Content-Encoding", "Content-Length", "Content-Range", "Content-Language", "Content-Location",
		"Cache-Control", "Date", "Expires", "Etag", "Last-Modified", "Vary", "Location":
		return true
	}
	return false
}
