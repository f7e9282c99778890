package simulator

import (
	"math"
	"strings"
	"time"
)

// reading is what a quota knows about itself after a call.
type reading struct {
	name      string
	limit     int
	window    time.Duration
	remaining int
	reset     time.Time // what a Reset field tells
	next      time.Time // when the next call is admitted; the past if now
}

// counter counts the calls of one subject under one limit. It is guarded by
// quotas.mu of the simulator.
type counter struct {
	spec  Limit
	count int         // fixed: in the present window
	start time.Time   // fixed: when it began
	log   []time.Time // sliding: the newest Limit calls, oldest first
	level float64     // bucket: tokens at last
	last  time.Time

	foreignAt time.Time // the foreign consumer has been accounted for until then
	foreign   int       // calls that it took
}

func newCounter(spec Limit, now time.Time) *counter {
	return &counter{spec: spec, start: windowStart(spec, now), level: float64(spec.Burst), last: now, foreignAt: now}
}

func windowStart(spec Limit, now time.Time) time.Time {
	if spec.Align == "first" {
		return now
	}
	return now.Truncate(spec.Window)
}

// adopt takes over a changed limit without forgetting what was counted.
func (c *counter) adopt(spec Limit, now time.Time) {
	if spec.Provider == c.spec.Provider && spec.Window == c.spec.Window {
		c.roll(now)
		c.spec = spec
		c.level = min(c.level, float64(spec.Burst))
		return
	}
	*c = *newCounter(spec, now)
}

// roll brings the counter to now: begins a new window, drops old calls, refills.
func (c *counter) roll(now time.Time) {
	switch c.spec.Provider {
	case providerFixed:
		if now.Sub(c.start) >= c.spec.Window {
			c.start, c.count = windowStart(c.spec, now), 0
		}
	case providerSliding:
		drop := 0
		for drop < len(c.log) && now.Sub(c.log[drop]) >= c.spec.Window {
			drop++
		}
		c.log = c.log[drop:]
	case providerBucket:
		if dt := now.Sub(c.last); dt > 0 {
			c.level = min(float64(c.spec.Burst), c.level+dt.Seconds()*c.perSecond())
			c.last = now
		}
	}
}

func (c *counter) perSecond() float64 {
	return float64(c.spec.Limit) / c.spec.Window.Seconds()
}

// advance brings the counter to now, letting a foreign consumer take its calls
// on the way at the instants at which it would have made them.
func (c *counter) advance(now time.Time, foreignPerSecond float64) {
	if foreignPerSecond > 0 {
		gap := time.Duration(float64(time.Second) / foreignPerSecond)
		// What lies more than two windows back cannot matter any more.
		if horizon := now.Add(-2 * c.spec.Window); c.foreignAt.Before(horizon) {
			c.foreignAt = horizon
		}
		for gap > 0 && !c.foreignAt.Add(gap).After(now) {
			c.foreignAt = c.foreignAt.Add(gap)
			c.roll(c.foreignAt)
			if c.free() >= 1 {
				c.take(c.foreignAt, 1)
				c.foreign++
			}
		}
	} else {
		c.foreignAt = now
	}
	c.roll(now)
}

// free is how many calls are admitted right now.
func (c *counter) free() int {
	switch c.spec.Provider {
	case providerSliding:
		return max(0, c.spec.Limit-len(c.log))
	case providerBucket:
		// A token that is complete but for a rounding error is complete.
		return max(0, int(math.Floor(c.level+1e-9)))
	default:
		return max(0, c.spec.Limit-c.count)
	}
}

func (c *counter) take(now time.Time, n int) {
	switch c.spec.Provider {
	case providerSliding:
		for range n {
			c.log = append(c.log, now)
		}
		// Only the newest Limit calls decide, also if refused ones are counted.
		if over := len(c.log) - c.spec.Limit; over > 0 {
			c.log = c.log[over:]
		}
	case providerBucket:
		c.level = max(0, c.level-float64(n))
	default:
		c.count += n
	}
}

// next is when n calls will be admitted; now or earlier if they are already.
func (c *counter) next(now time.Time, n int) time.Time {
	if c.free() >= n {
		return now
	}
	switch c.spec.Provider {
	case providerSliding:
		if c.spec.Limit < n {
			return now.Add(c.spec.Window)
		}
		return c.log[len(c.log)-c.spec.Limit+n-1].Add(c.spec.Window)
	case providerBucket:
		if c.spec.Burst < n || c.spec.Limit == 0 {
			return now.Add(c.spec.Window)
		}
		return now.Add(time.Duration(math.Ceil((float64(n) - c.level) / c.perSecond() * float64(time.Second))))
	default:
		return c.start.Add(c.spec.Window)
	}
}

// read tells the state: a fixed window resets at its end, a sliding one when its
// oldest call leaves, a bucket when it is full again.
func (c *counter) read(now time.Time, n int) reading {
	r := reading{name: c.spec.Name, limit: c.spec.Limit, window: c.spec.Window, remaining: c.free(), next: c.next(now, n)}
	switch c.spec.Provider {
	case providerSliding:
		r.reset = now
		if len(c.log) > 0 {
			r.reset = c.log[0].Add(c.spec.Window)
		}
	case providerBucket:
		r.limit = c.spec.Burst
		if c.spec.Limit > 0 {
			fill := float64(time.Second) / c.perSecond()
			r.window = time.Duration(float64(c.spec.Burst) * fill)
			r.reset = now.Add(time.Duration(math.Ceil((float64(c.spec.Burst) - c.level) * fill)))
		} else {
			r.reset = now.Add(c.spec.Window)
		}
	default:
		r.reset = c.start.Add(c.spec.Window)
	}
	return r
}

// subject is what a limit counts separately for.
type subject struct {
	key, publisher, customer, ip, endpoint string
}

func (s subject) under(l Limit) string {
	parts := []string{l.Name}
	for _, by := range l.By {
		switch by {
		case "key":
			parts = append(parts, s.key)
		case "publisher":
			parts = append(parts, s.publisher)
		case "customer":
			parts = append(parts, s.customer)
		case "ip":
			parts = append(parts, s.ip)
		case "endpoint":
			parts = append(parts, s.endpoint)
		}
	}
	return strings.Join(parts, "\x00")
}

// maxCounters bounds the counters of all limits together; past it the table is
// emptied, which is kinder to callers than refusing new subjects.
const maxCounters = 20000

// quotas holds the counters of all limits. The caller holds Simulator.mu.
type quotas struct {
	counters map[string]*counter
}

// admit weighs a call of n units against all limits that apply. Nothing is taken
// unless every limit admits it (or k.CountDenied asks for it).
func (q *quotas) admit(k QuotaKnobs, limits []Limit, who subject, n int, now time.Time) (ok bool, readings []reading) {
	var touched []*counter
	ok = true
	for _, l := range limits {
		name := who.under(l)
		c := q.counters[name]
		switch {
		case c == nil:
			if len(q.counters) >= maxCounters {
				clear(q.counters)
			}
			c = newCounter(l, now)
			q.counters[name] = c
		case !sameLimit(c.spec, l):
			c.adopt(l, now)
		}
		c.advance(now, k.ForeignRate)
		if c.free() < n {
			ok = false
		}
		touched = append(touched, c)
	}
	for _, c := range touched {
		if ok || k.CountDenied {
			c.take(now, n)
		}
		readings = append(readings, c.read(now, n))
	}
	return ok, readings
}

func sameLimit(a, b Limit) bool {
	return a.Provider == b.Provider && a.Limit == b.Limit && a.Window == b.Window && a.Burst == b.Burst && a.Align == b.Align
}

// foreign sums what the other consumer took.
func (q *quotas) foreign() int {
	n := 0
	for _, c := range q.counters {
		n += c.foreign
	}
	return n
}
