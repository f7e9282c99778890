package rfc9111

import (
	"net/http"
	"time"
)

// Exchange is a request and the header of its final response.
type Exchange struct {
	// Method is the request's. Only GET is ever storable; a request of another
	// method that only reads (a JSON-RPC read, say) is assessed as GET by a
	// caller whose key holds its content.
	Method string
	// Request is the header of the request.
	Request http.Header
	// Authorized says that the request went out with a credential that Request
	// does not show in Authorization.
	Authorized bool
	Status     int
	// Response is the header as it was received, with Age and Set-Cookie.
	Response http.Header
	// Requested and Received are when the request was sent and when the header
	// of its response arrived, on this machine's clock.
	Requested, Received time.Time
}

// Policy is what the operator lays down where a response says nothing itself.
// The zero value adds nothing to RFC 9111.
type Policy struct {
	// TTL is the freshness lifetime of a 200 or 203 without one of its own,
	// counted from its reception. 0 is none.
	TTL time.Duration
	// Stale is how long beyond its lifetime a response may be used while it is
	// validated, and when validation fails. It does not apply to a response
	// that forbids stale use, was never fresh, is negative, or has the
	// directive of RFC 5861 in question itself.
	Stale time.Duration
	// Negative is the freshness lifetime of a 404 or 410 without one of its own.
	Negative time.Duration
	// Permits allows responses to authorized requests to be stored: the
	// explicit permission of RFC 9111 section 3.5, given outside the response
	// because the cache key holds the identity. private and no-store still win.
	Permits bool
}

// Reason says in a word why a response may not be stored; "" means that it may.
// It is fit for the detail parameter of Cache-Status.
type Reason string

// The reasons of [Assess].
const (
	Storable             Reason = ""
	ReasonMethod         Reason = "method"                  // not GET
	ReasonRequestNoStore Reason = "request-no-store"        // the request forbids it
	ReasonPartial        Reason = "partial"                 // 206, or a Content-Range
	ReasonStatus         Reason = "status"                  // no status code that this package understands
	ReasonMalformed      Reason = "malformed"               // Cache-Control does not parse
	ReasonNoStore        Reason = "no-store"                // the response forbids it
	ReasonPrivate        Reason = "private"                 // for a private cache only
	ReasonAuthorization  Reason = "authorization"           // section 3.5, and no permission
	ReasonVary           Reason = "vary"                    // "*", too many fields, or unreadable
	ReasonLength         Reason = "content-length"          // two that differ
	ReasonNoFreshness    Reason = "no-freshness"            // no lifetime of its own nor by policy
	ReasonNeverUsable    Reason = "stale-without-validator" // neither fresh, nor usable stale, nor to be validated
)

// Assess decides whether a response may be stored (RFC 9111 section 3) and
// under which terms it may be reused. The terms are the zero value unless the
// reason is [Storable]. The caller makes sure that the content is complete
// (section 3.3) before it stores it.
//
// A response with Set-Cookie may be stored (section 7.3 says that the field
// does not inhibit caching), without the field: see [StorableHeader].
func Assess(x Exchange, p Policy) (Terms, Reason) {
	switch {
	case x.Method != http.MethodGet:
		return Terms{}, ReasonMethod
	case ParseRequest(x.Request).NoStore:
		return Terms{}, ReasonRequestNoStore
	case x.Status == http.StatusPartialContent || len(x.Response["Content-Range"]) != 0:
		return Terms{}, ReasonPartial
	case !understood(x.Status):
		return Terms{}, ReasonStatus
	}
	c := parseResponse(x.Response)
	if reason := forbidden(x, &c, p); reason != Storable {
		return Terms{}, reason
	}
	if _, ok := VaryNames(x.Response); !ok {
		return Terms{}, ReasonVary
	}
	if differ(x.Response["Content-Length"]) {
		return Terms{}, ReasonLength
	}
	return settle(x, &c, p)
}

// forbidden applies the directives that are about storing itself.
func forbidden(x Exchange, c *response, p Policy) Reason {
	switch {
	case c.malformed:
		return ReasonMalformed
	case c.noStore && !c.mustUnderstand: // section 5.2.2.3: the status is understood here
		return ReasonNoStore
	case c.private:
		return ReasonPrivate
	}
	authorized := x.Authorized || len(x.Request["Authorization"]) != 0
	if authorized && !p.Permits && !c.public && !c.sMaxAge.valid && !c.mustRevalidate {
		return ReasonAuthorization
	}
	return Storable
}

// understood are the final status codes whose caching is implemented here. 206
// and 304 change or complete a stored response and are none themselves; 401,
// 407, 421, 428, 429, 431, 511 and server errors say something of one request.
func understood(status int) bool {
	switch status {
	case http.StatusOK, http.StatusNonAuthoritativeInfo, http.StatusNoContent,
		http.StatusMultipleChoices, http.StatusMovedPermanently, http.StatusPermanentRedirect,
		http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone,
		http.StatusRequestURITooLong, http.StatusNotImplemented:
		return true
	}
	return explicitOnly(status)
}

// explicitOnly are understood status codes that are storable only with a
// lifetime of their own (RFC 9110 section 15.1).
func explicitOnly(status int) bool {
	return status == http.StatusFound || status == http.StatusSeeOther || status == http.StatusTemporaryRedirect
}

func negative(status int) bool { return status == http.StatusNotFound || status == http.StatusGone }

func differ(lines []string) bool {
	for _, line := range lines {
		if line != lines[0] {
			return true
		}
	}
	return false
}
