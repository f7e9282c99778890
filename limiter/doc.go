// Package limiter hands out places in line to calls that share a quota, and
// learns what that quota is.
//
// A [Bucket] is one quota of one credential. Calls ask it for a [Place], which
// is the permission for one departure; what the answer says flows back through
// [Place.Answered]. A [Transport] does both around a http.RoundTripper, and is
// the only thing that waits out a 429. A [Set] holds all buckets and keeps what
// they learned over restarts.
//
// # Waiting
//
// Each caller has a line of its own; deficit round robin takes turns between
// them, by shares, and urgency (RFC 9218) orders the calls of each. One timer a
// bucket is set to the next instant at which something may leave; nothing
// polls, and an idle bucket has no timer. A call whose turn will come after its
// deadline is refused at once, with the true wait, also when a pause or a
// lower rate makes it late while it stands in line. A call that leaves takes
// its place with it.
//
// # Learning
//
// Where answers tell a limit, it is kept: the IETF fields RateLimit and
// RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-11) and their older
// forms, and the X-RateLimit fields with a reset in any of the usual units.
// Readings are ordered by when their calls left and corrected by what is in
// flight. With L calls a window, at most L less one percent, and at least one,
// leave in any window.
//
// Where nothing is told, the rate begins at start, doubles at most once a
// second while calls wait and none is throttled, and after a throttle follows a
// curve in the shape of CUBIC congestion control (RFC 9438): back fast, a rest
// where the throttle was, and only then higher. The parameters stand in
// adaptive.go.
//
// # Throttles
//
// A throttle pauses the whole bucket until the latest believable hint, a second
// that doubles without one, never longer than the configured bound, and with
// jitter upward only. Then one probe goes, on another endpoint where one waits;
// if it passes and the refused endpoint is refused again, the pause narrows to
// that endpoint.
package limiter
