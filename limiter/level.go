package limiter

import "time"

// level is the newest word of the provider on what remains.
type level struct {
	known     bool
	remaining int64
	ordinal   int64 // of the departure that it answered
	sent      time.Duration
	resets    time.Duration // latest instant of the reset
	told      bool          // the provider told the reset; else it is concluded
	expires   time.Duration // when it says nothing any more
}

// credit is how many calls may leave now: what remained less what has left since.
func (l *level) credit(now time.Duration, departed int64, replenish float64) float64 {
	return float64(l.remaining-(departed-l.ordinal)) + replenish*(now-l.sent).Seconds()
}

// lows remembers the lowest of the remainders that came lately. Of calls that were
// under way together nobody knows in which order they arrived, but where nothing
// comes back the lowest remainder is the newest.
type lows struct {
	list []low // both fields rise
}

type low struct {
	received  time.Duration
	remaining int64
}

// maxLows bounds what is remembered; so many are under way together only at rates
// at which a few calls do not matter.
const maxLows = 64

// add takes in a remainder.
func (l *lows) add(received time.Duration, remaining int64) {
	for len(l.list) > 0 && l.list[len(l.list)-1].remaining >= remaining {
		l.list = l.list[:len(l.list)-1]
	}
	if len(l.list) == maxLows {
		l.list = l.list[:copy(l.list, l.list[1:])]
	}
	l.list = append(l.list, low{received, remaining})
}

// since is the lowest remainder that came after t; older ones are forgotten.
func (l *lows) since(t time.Duration) int64 {
	n := 0
	for n < len(l.list)-1 && l.list[n].received <= t {
		n++
	}
	l.list = l.list[:copy(l.list, l.list[n:])]
	return l.list[0].remaining
}

// older takes in the answer to a call that left before the one behind the level. It
// counts only if it says less, which means that it arrived later.
func (w *window) older(r *reading, now time.Duration) {
	l := &w.level
	if r.remaining == unknown || r.limit != w.limit || w.apart(r, now) < 0 {
		return
	}
	w.lows.add(now, r.remaining)
	l.remaining = min(l.remaining, r.remaining)
}

// apart tells whether a reading belongs to another fixed window than the level: below
// zero to an earlier one, above zero to a later one.
func (w *window) apart(r *reading, now time.Duration) int {
	if !w.level.known || r.reset == unknown || !w.fixed() {
		return 0
	}
	switch moved := now + r.reset - w.level.resets; {
	case moved < -r.grain-time.Second/2:
		return -1
	case moved > r.grain+time.Second/2:
		return 1
	}
	return 0
}

func (l *level) earliest(now time.Duration, departed int64, replenish float64) time.Duration {
	if !l.known || now >= l.expires {
		return 0
	}
	credit := l.credit(now, departed, replenish)
	if credit >= 1 {
		return 0
	}
	if replenish <= 0 {
		return l.expires
	}
	return min(l.expires, now+time.Duration((1-credit)/replenish*float64(time.Second))+1)
}
