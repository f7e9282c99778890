package limiter

import "time"

// ledger counts the departures of the last span. It merges departures that lie
// closer together than span/grains and lets them expire with the last of them,
// so its count is exact or a little too high, never too low.
//
// Instants inside a bucket are durations since it was made: monotonic, cheap to
// compare, eight bytes.
type ledger struct {
	span  time.Duration
	grain time.Duration
	slots []slot // a ring; len is a power of two
	head  int    // of the oldest slot
	n     int    // slots in use
	total int    // departures in them
}

type slot struct {
	first, last time.Duration
	count       int
}

// grains is the resolution of a ledger: an error of at most 0.4 % of its span.
const grains = 256

func newLedger(span time.Duration) ledger {
	return ledger{span: span, grain: max(span/grains, time.Microsecond)}
}

func (l *ledger) at(i int) *slot { return &l.slots[(l.head+i)&(len(l.slots)-1)] }

// add records n departures at now, which must not lie before the last one.
func (l *ledger) add(now time.Duration, n int) {
	l.drop(now)
	l.total += n
	if l.n > 0 {
		if last := l.at(l.n - 1); now-last.first < l.grain {
			last.last, last.count = max(now, last.last), last.count+n
			return
		}
	}
	if l.n == len(l.slots) {
		l.grow()
	}
	l.n++
	*l.at(l.n - 1) = slot{first: now, last: now, count: n}
}

func (l *ledger) grow() {
	bigger := make([]slot, max(8, 2*len(l.slots)))
	for i := range l.n {
		bigger[i] = *l.at(i)
	}
	l.slots, l.head = bigger, 0
}

// remove takes back one departure recorded at the given instant.
func (l *ledger) remove(at time.Duration) {
	for i := l.n - 1; i >= 0; i-- {
		s := l.at(i)
		if s.first <= at {
			if at <= s.last && s.count > 0 {
				s.count--
				l.total--
			}
			return
		}
	}
}

// drop forgets what is older than span. A departure exactly span old still
// counts, because nobody knows which side of it the provider's edge is on.
func (l *ledger) drop(now time.Duration) {
	for l.n > 0 {
		s := l.at(0)
		if s.last+l.span >= now {
			return
		}
		l.total -= s.count
		l.head = (l.head + 1) & (len(l.slots) - 1)
		l.n--
	}
	if l.n == 0 && len(l.slots) > 8 {
		l.slots, l.head = nil, 0 // an idle bucket gives its memory back
	}
}

// count is the number of departures in the last span.
func (l *ledger) count(now time.Duration) int {
	l.drop(now)
	return l.total
}

// since counts departures after t; those merged with a later one count too.
func (l *ledger) since(t time.Duration) int {
	n := 0
	for i := l.n - 1; i >= 0; i-- {
		s := l.at(i)
		if s.last <= t {
			break
		}
		n += s.count
	}
	return n
}

// within counts departures in (from, to], leaving out slots that straddle an edge.
func (l *ledger) within(from, to time.Duration) int {
	n := 0
	for i := l.n - 1; i >= 0; i-- {
		s := l.at(i)
		if s.first <= from {
			break
		}
		if s.last <= to {
			n += s.count
		}
	}
	return n
}

// nth is when the m-th most recent departure (from 1) was made at the earliest,
// and whether the ledger reaches that far.
func (l *ledger) nth(m int64) (time.Duration, bool) {
	for i := l.n - 1; i >= 0; i-- {
		s := l.at(i)
		if m -= int64(s.count); m <= 0 {
			return s.first, true
		}
	}
	return 0, false
}

// expiry walks the instants at which a ledger's departures leave it.
type expiry struct {
	l     *ledger
	slot  int
	freed int
}

// at is when x departures have left; x must not fall between calls. Beyond what
// the ledger holds it answers false.
func (e *expiry) at(x int) (time.Duration, bool) {
	for e.slot < e.l.n {
		s := e.l.at(e.slot)
		if e.freed+s.count >= x {
			return s.last + e.l.span + 1, true
		}
		e.freed += s.count
		e.slot++
	}
	return 0, false
}

// forever is an instant that never comes.
const forever = time.Duration(1<<63 - 1)
