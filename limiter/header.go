package limiter

import (
	"net/http"
	"strings"
	"time"
)

// maxWindows bounds how many limits of one provider are kept at once.
const maxWindows = 8

// unknown marks a field of a reading that the answer did not tell.
const unknown = -1

// reading is what one answer tells about one limit.
type reading struct {
	family    string        // which fields told it
	policy    string        // the limit's name, where it has one
	limit     int64         // calls per window; 0 if not told
	remaining int64         // unknown if not told
	reset     time.Duration // latest instant of the reset after arrival; unknown if not told
	grain     time.Duration // how much earlier the reset may be
	window    time.Duration // 0 if not told
}

// signal is all that one answer tells about limits.
type signal struct {
	readings [maxWindows]reading
	n        int
	retry    time.Duration // Retry-After; unknown if not told
	odd      string        // a field that could not be read, for the log
}

func (s *signal) add(r reading) {
	if r.limit == 0 && r.remaining == unknown && r.reset == unknown {
		return
	}
	if r.limit > 0 && r.remaining > r.limit {
		r.remaining = r.limit
	}
	if s.n == maxWindows {
		s.odd = "more limits than are kept"
		return
	}
	s.readings[s.n] = r
	s.n++
}

// all lists the readings.
func (s *signal) all() []reading { return s.readings[:s.n] }

// hint is how long a refused call is told to wait: the latest believable word of
// Retry-After and the resets of used-up limits. It is unknown if there is none,
// and none is believable that says "at once", since that was just refused.
func (s *signal) hint() time.Duration {
	hint := s.retry
	for _, r := range s.all() {
		if r.remaining <= 0 {
			hint = max(hint, r.reset)
		}
	}
	if hint <= 0 {
		return unknown
	}
	return hint
}

// triplet is a family of three fields, in canonical spelling.
type triplet struct {
	name, policy            string
	limit, remaining, reset string
	window                  time.Duration // told by the field names
	delayOnly               bool          // Reset is never an instant
}

// triplets lists the families that are read, beside RateLimit itself. All are
// obeyed: where they contradict each other, the latest start wins.
var triplets = makeTriplets()

func makeTriplets() []triplet {
	list := []triplet{
		{name: "ratelimit", limit: "Ratelimit-Limit", remaining: "Ratelimit-Remaining", reset: "Ratelimit-Reset", delayOnly: true},
		{name: "x-ratelimit", limit: "X-Ratelimit-Limit", remaining: "X-Ratelimit-Remaining", reset: "X-Ratelimit-Reset"},
		{name: "x-rate-limit", limit: "X-Rate-Limit-Limit", remaining: "X-Rate-Limit-Remaining", reset: "X-Rate-Limit-Reset"},
	}
	for _, named := range []struct {
		unit   string
		window time.Duration
	}{{"Second", time.Second}, {"Minute", time.Minute}, {"Hour", time.Hour}, {"Day", 24 * time.Hour}} {
		list = append(list, triplet{
			name: "x-ratelimit", policy: strings.ToLower(named.unit), window: named.window,
			limit: "X-Ratelimit-Limit-" + named.unit, remaining: "X-Ratelimit-Remaining-" + named.unit, reset: "X-Ratelimit-Reset-" + named.unit,
		})
	}
	return list
}

// parseSignal reads every known dialect from an answer's header. server is the
// provider's time at its arrival. names bounds how many fields of the header there
// are to be found, see [fieldsOf].
func parseSignal(h http.Header, names int, server time.Time, uncertain time.Duration, compared bool) signal {
	s := signal{retry: unknown}
	take := func(name string) []string {
		values, there := h[name]
		if there {
			names--
		}
		return values
	}
	for _, text := range take("Retry-After") {
		if m, ok := parseRetryAfter(text, server, uncertain, compared); ok {
			s.retry = max(s.retry, m.delay)
		} else {
			s.odd = "Retry-After"
		}
	}
	policies := parsePolicies(take("Ratelimit-Policy"), &s)
	parseRateLimit(take("Ratelimit"), policies, &s)
	for i := 0; i < len(triplets) && names > 0; i++ {
		t := &triplets[i]
		limits, remainders, resets := take(t.limit), take(t.remaining), take(t.reset)
		if len(limits)+len(remainders)+len(resets) > 0 {
			s.add(t.read(limits, remainders, resets, &policies, &s, func(text string) (moment, bool) {
				if t.delayOnly {
					return parseDelay(text)
				}
				return parseWhen(text, server, uncertain, compared)
			}))
		}
	}
	for _, p := range policies {
		if !p.used && p.window > 0 {
			s.add(reading{family: "policy", policy: p.name, limit: p.limit, remaining: unknown, reset: unknown, window: p.window})
		}
	}
	return s
}

// read combines a family's fields. Of duplicates the most careful value counts.
func (t *triplet) read(limits, remainders, resets []string, policies *[]policy, s *signal, when func(string) (moment, bool)) reading {
	r := reading{family: t.name, policy: t.policy, remaining: unknown, reset: unknown, window: t.window}
	for _, text := range limits {
		first, rest, _ := strings.Cut(text, ",")
		number, parameters, _ := strings.Cut(first, ";")
		limit, ok := parseCount(number)
		if !ok {
			s.odd = t.limit
			continue
		}
		if limit > 0 && (r.limit == 0 || limit < r.limit) {
			r.limit = limit
		}
		// RateLimit-Limit carried policies up to draft 06: 100, 100;w=1, 6000;w=60.
		*policies = appendLegacyPolicies(*policies, rest)
		if window := windowParameter(parameters); window > 0 && r.window == 0 {
			r.window = window
		}
	}
	for i := range *policies {
		if p := &(*policies)[i]; p.unnamed && p.limit == r.limit {
			p.used = true
			if r.window == 0 {
				r.window = p.window
			}
		}
	}
	for _, text := range remainders {
		if n, ok := parseCount(text); !ok {
			s.odd = t.remaining
		} else if r.remaining == unknown || n < r.remaining {
			r.remaining = n
		}
	}
	for _, text := range resets {
		if m, ok := when(text); !ok {
			s.odd = t.reset
		} else if m.delay > r.reset {
			r.reset, r.grain = m.delay, m.grain
		}
	}
	return r
}

// stored tells whether an answer came from a cache on the way: what it says about
// limits is history. An Age of 0 is left out, since some caches send it on misses.
func stored(h http.Header) bool {
	for _, age := range h["Age"] {
		if n, ok := parseCount(age); ok && n > 0 {
			return true
		}
	}
	for _, status := range h["Cache-Status"] {
		for member := range strings.SplitSeq(status, ",") {
			for i, parameter := range strings.Split(member, ";") {
				if i > 0 && strings.TrimSpace(parameter) == "hit" {
					return true
				}
			}
		}
	}
	for _, status := range h["X-Cache"] {
		if len(status) >= 3 && strings.EqualFold(strings.TrimSpace(status)[:3], "hit") {
			return true
		}
	}
	return false
}
