package rfc9111

import (
	"net/http"
	"strings"
	"time"
)

// Request holds the cache directives of a request (RFC 9111 section 5.2.1).
// The zero value is a request without any. A duration counts only if the field
// that begins with Has is true.
type Request struct {
	// NoCache: a stored response must be validated before it is used.
	NoCache bool
	// NoStore: neither the request nor its response may be stored. What is
	// stored already may still be used.
	NoStore bool
	// OnlyIfCached: answer from the store, or with 504 (section 5.2.1.7).
	OnlyIfCached bool

	// MaxAge is the greatest age that the client accepts; an unreadable one is 0.
	MaxAge    time.Duration
	HasMaxAge bool
	// MinFresh is the freshness that must remain. An unreadable one sets NoCache.
	MinFresh    time.Duration
	HasMinFresh bool
	// MaxStale is the staleness that the client accepts, about 68 years if it
	// named no number. An unreadable one is as none.
	MaxStale    time.Duration
	HasMaxStale bool
	// StaleIfError is the staleness that the client accepts if validation
	// fails (RFC 5861 section 4); 0 is none.
	StaleIfError time.Duration
}

// ParseRequest reads the directives of a request header. Pragma counts only
// without Cache-Control (section 5.4). A Cache-Control that does not parse is
// read as no-cache, no-store: what could not be understood may have asked for
// them. It does not allocate.
func ParseRequest(h http.Header) Request {
	var r Request
	lines := h["Cache-Control"]
	if len(lines) == 0 {
		if pragma := h["Pragma"]; len(pragma) != 0 {
			r.NoCache = hasNoCache(pragma)
		}
		return r
	}
	var maxAge, minFresh, maxStale, staleIfError seconds
	s := scanner{lines: lines}
	for d, ok := s.next(); ok; d, ok = s.next() {
		switch {
		case d.is("no-cache"):
			r.NoCache = true
		case d.is("no-store"):
			r.NoStore = true
		case d.is("only-if-cached"):
			r.OnlyIfCached = true
		case d.is("max-age"):
			maxAge.first(d)
		case d.is("min-fresh"):
			minFresh.first(d)
		case d.is("max-stale"):
			if !d.argued {
				d.value = "2147483648"
			}
			maxStale.first(d)
		case d.is("stale-if-error"):
			staleIfError.first(d)
		}
	}
	if s.malformed {
		r.NoCache, r.NoStore = true, true
	}
	r.MaxAge, r.HasMaxAge = maxAge.value, maxAge.present
	r.MinFresh, r.HasMinFresh = minFresh.value, minFresh.valid
	r.NoCache = r.NoCache || minFresh.present && !minFresh.valid
	r.MaxStale, r.HasMaxStale = maxStale.value, maxStale.valid
	r.StaleIfError = staleIfError.value
	return r
}

// hasNoCache reports whether a Pragma field says no-cache. Its grammar is that
// of Cache-Control (RFC 7234 section 5.4); a member that is none ends the search.
func hasNoCache(lines []string) bool {
	s := scanner{lines: lines}
	for d, ok := s.next(); ok; d, ok = s.next() {
		if strings.EqualFold(d.name, "no-cache") {
			return true
		}
	}
	return s.malformed
}
