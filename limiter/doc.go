// Package limiter lets calls to a rate-limited provider wait in line instead of
// running into its limit.
//
// A [Bucket] belongs to one limit as one credential sees it. A call acquires a
// [Place], leaves, and gives the place back with what the answer said; a [Transport]
// does that around any [net/http.RoundTripper]. A [Set] keeps all buckets and what
// they have learned. The bucket decides three things.
//
// # When the next call leaves
//
// The latest of several instants counts:
//
//   - Calls are spaced by the bucket's rate (generic cell rate algorithm), evenly by
//     default, since sudden spikes are what gets addresses blocked.
//   - Each known window keeps a ledger of our departures, and no span of its length
//     holds more of them than its limit. With limit L per window W, the rate is such
//     that rate·W + burst stays within L less 1 %, at least one call; the ledger holds
//     where pacing alone does not, as after a change or a restart.
//   - What the provider last said to remain, less what has left since, must leave room.
//   - After a throttle nothing leaves until the pause is over, then one probe.
//   - While the limit is unknown, and for a moment after a pause, no tenth of a second
//     sees more than twice the departures of the tenth before, plus five.
//   - At most so many calls are under way as the configuration says; a place is free
//     again when the answer's header has come.
//
// # Who leaves next
//
// Logins come first, then claims on the reserve as far as it reaches. The others take
// turns by caller (deficit round robin over shares); within that the more urgent call
// goes first, and a caller with more urgent calls may run ahead of its share by a
// bounded number. Calls of urgency 7 leave when nothing else waits. A call whose turn
// will come after its deadline is refused as soon as that is known: on arrival, or
// when a pause begins or the rate falls.
//
// # What the limit is
//
// Told limits are read in every dialect that is common: RateLimit and
// RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers-11 and the drafts before
// it, X-RateLimit-* with a reset as a delay, as Unix time in seconds or milliseconds
// or as a date, and Retry-After (RFC 9110, section 10.2.3). Instants are read by the
// provider's clock, whose offset is taken from Date. Where the length of a window is
// not told it is inferred, see spanning.go; until there is evidence the rate rises to
// at most five times of what it was. Readings are ordered by when their calls left,
// those from a cache are none, and what cannot be believed counts as absent. Of
// several limits all are kept.
//
// Of a provider that tells nothing the limit is searched for. A cold bucket begins at
// its start rate with a burst of five and doubles at most once a second while calls
// wait. A throttle ends that; from then on the rate follows a curve like that of CUBIC
// (RFC 9438): it is cut to 0.8 of the rate that was throttled, comes back within 8 s of
// demand to rest at 0.96 of it, and goes beyond ever faster from there, reaching the
// old rate after another 19 s. CUBIC cuts to 0.7 and comes back to the full window;
// its losses cost a packet, ours a pause of a second and a refused call for each that
// is under way, hence the smaller cut, the rest below the edge and the slower growth.
// Where one probe after a pause was not enough, the limit is counted over a long time,
// and only what got through from pause to pause measures it, if it was more than a few
// calls. An idle bucket forgets
// by halves, one a minute, down to its start rate (compare RFC 7661).
//
// # Throttles
//
// A throttle pauses the whole bucket until the latest believable hint, at most
// [Config.MaxPause], with jitter that only lengthens; without a hint for a second, and
// twice as long with each probe that fails, up to a minute. The probe is a call to
// another endpoint than the refused one, if such a call waits. If that passes, the
// refused endpoint is tried with one call, and only if that is refused again is it
// held back on its own. The throttled call waits at the head of its caller's line.
// Consumption by others that use the same quota is seen by what remains, and said in
// [Snapshot] and [Diagnosis].
//
// All this holds for one process. Several processes with one credential see each
// other as foreign consumers.
package limiter
