package rfc9111

import (
	"net/http"
	"time"
)

// Terms are what was settled about a response when it was stored. They do not
// change; a validation makes new ones.
type Terms struct {
	// Received is when the response arrived, or was last validated.
	Received time.Time
	// InitialAge is the age that it had then (corrected_initial_age of RFC 9111
	// section 4.2.3).
	InitialAge time.Duration
	// Lifetime is the freshness lifetime (section 4.2.1); 0 is never fresh.
	Lifetime time.Duration
	// ByPolicy says that Lifetime is the [Policy]'s, not the response's own.
	ByPolicy bool
	// WhileRevalidate is how long beyond Lifetime the response may be used
	// while it is validated in the background (RFC 5861 section 3).
	WhileRevalidate time.Duration
	// IfError is how long beyond Lifetime it may be used when validation fails
	// (RFC 5861 section 4).
	IfError time.Duration
	// NoCache: every use needs a successful validation first.
	NoCache bool
	// MustRevalidate: once stale, every use needs a successful validation
	// (must-revalidate, proxy-revalidate or s-maxage).
	MustRevalidate bool
	// Immutable: while fresh, a client's max-age asks for no validation (RFC 8246).
	Immutable bool
}

// settle fixes the terms of a response that nothing forbids to store.
func settle(x Exchange, c *response, p Policy) (Terms, Reason) {
	t := Terms{
		Received:       x.Received,
		NoCache:        c.noCache,
		MustRevalidate: c.mustRevalidate || c.proxyRevalid || c.sMaxAge.present,
		Immutable:      c.immutable,
	}
	date, _ := dateField(x.Response, x.Received)
	corrected := ageField(x.Response) + elapsed(x.Requested, x.Received)
	if lifetime, ok := explicitLifetime(x, c, date); ok {
		t.Lifetime = lifetime
		t.InitialAge = clampDelta(max(x.Received.Sub(date), corrected))
	} else if lifetime := policyLifetime(x, p); lifetime > 0 {
		// Counted from reception: the origin's clock has no part in it.
		t.Lifetime, t.ByPolicy = lifetime, true
		t.InitialAge = clampDelta(corrected)
	} else {
		return Terms{}, ReasonNoFreshness
	}
	t.setWindows(c, p, negative(x.Status))
	if !t.usable() && !hasValidator(x.Response, x.Received) {
		return Terms{}, ReasonNeverUsable
	}
	return t, Storable
}

// explicitLifetime is the response's own lifetime (section 4.2.1 as a shared
// cache). An unreadable one is an explicit 0, and so is no-cache alone.
func explicitLifetime(x Exchange, c *response, date time.Time) (time.Duration, bool) {
	switch expires := x.Response["Expires"]; {
	case c.sMaxAge.present:
		return c.sMaxAge.value, true
	case c.maxAge.present:
		return c.maxAge.value, true
	case len(expires) != 0:
		t, ok := parseDate(expires[0], x.Received)
		if !ok {
			return 0, true // section 5.3: unreadable is in the past
		}
		return clampDelta(t.Sub(date)), true
	}
	return 0, c.noCache && !explicitOnly(x.Status)
}

// policyLifetime is the lifetime by policy of a response that has none of its
// own. Pragma has no meaning in a response (section 5.4), but who sends
// no-cache there does not expect a lifetime to be added.
func policyLifetime(x Exchange, p Policy) time.Duration {
	if len(x.Response["Cache-Control"]) == 0 && hasNoCache(x.Response["Pragma"]) {
		return 0
	}
	switch {
	case x.Status == http.StatusOK, x.Status == http.StatusNonAuthoritativeInfo:
		return clampDelta(p.TTL)
	case negative(x.Status):
		return clampDelta(p.Negative)
	}
	return 0
}

// setWindows settles how long the response may be used stale. The response's
// own directives come before the policy, and what forbids stale use before both
// (section 4.2.4).
func (t *Terms) setWindows(c *response, p Policy, negative bool) {
	if t.NoCache || t.MustRevalidate {
		return
	}
	var window time.Duration
	if t.Lifetime > 0 && !negative {
		window = clampDelta(p.Stale)
	}
	t.WhileRevalidate, t.IfError = window, window
	if c.whileRevalidate.present {
		t.WhileRevalidate = c.whileRevalidate.value
	}
	if c.staleIfError.present {
		t.IfError = c.staleIfError.value
	}
}

// usable reports whether there is a later instant at which the response can be
// used without validation.
func (t *Terms) usable() bool {
	return !t.NoCache && t.InitialAge < t.Lifetime+max(t.WhileRevalidate, t.IfError)
}
