// Package rfc9111 holds the decisions of an HTTP cache and nothing else: what
// may be stored, for how long it is fresh, when a stored response may be
// reused, and how a stored response changes by validation.
//
// The functions are pure. They read headers and times that the caller hands
// them, keep nothing, do no I/O and have no clock, so every rule can be tested
// by a table. Headers are [net/http.Header] maps with canonical keys, as
// net/http delivers them; no function changes a header that it is given unless
// its documentation says so. All functions may be called concurrently.
//
// The way of one response through the package:
//
//	terms, reason := rfc9111.Assess(exchange, policy)  // section 3: store it?
//	header := rfc9111.StorableHeader(exchange.Response, exchange.Received) // section 3.1
//	...
//	verdict := terms.Judge(rfc9111.ParseRequest(r.Header), now) // section 4: reuse it?
//	switch rfc9111.Conditions(r.Header, status, header, terms.Received) { ... } // section 4.3.2
//	...
//	rfc9111.AddValidators(outgoing.Header, header)        // section 4.3.1
//	header, terms, reason = rfc9111.Revalidated(...)      // section 4.3.4, after a 304
//
// The cache described here is a shared cache (RFC 9111 section 1) whose key
// holds the caller's identity. It is stricter than it must be in four places:
// a Cache-Control field that does not parse makes a response unstorable, since
// the part that was not understood may have forbidden storing; heuristic
// freshness (section 4.2.2) is never used; only the status codes that this
// package understands are stored at all; and a client that bounds age or
// staleness in its request is never given less than it asked for.
//
// Sources: RFC 9110 (HTTP semantics), RFC 9111 (caching), RFC 5861
// (stale-while-revalidate, stale-if-error), RFC 8246 (immutable), RFC 9211
// (Cache-Status).
package rfc9111
