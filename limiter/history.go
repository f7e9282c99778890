package limiter

import "time"

// history remembers when this process sent, for limits that are learned later.
type history struct {
	fine     ledger
	coarse   ledger
	accepted ledger // without those that were throttled
}

// longHistory is how far back departures are remembered.
const longHistory = 128 * time.Second

func newHistory() history {
	return history{fine: newLedger(2 * time.Second), coarse: newLedger(longHistory), accepted: newLedger(longHistory)}
}

func (h *history) add(now time.Duration, n int) {
	h.fine.add(now, n)
	h.coarse.add(now, n)
	h.accepted.add(now, n)
}

func (h *history) remove(at time.Duration) {
	h.fine.remove(at)
	h.coarse.remove(at)
	h.accepted.remove(at)
}

// count is the number of departures after t, or a few more.
func (h *history) count(now, t time.Duration) int {
	if now-t <= h.fine.span {
		return h.fine.since(t)
	}
	return h.coarse.since(t)
}

// age is how long ago the m-th most recent departure was made, at most; the
// whole of remembered time if there were fewer.
func (h *history) age(now time.Duration, m int64) time.Duration {
	if t, ok := h.fine.nth(m); ok {
		return now - t
	}
	if t, ok := h.coarse.nth(m); ok {
		return now - t
	}
	return forever
}

// acceptedAge is the same for departures that were not throttled.
func (h *history) acceptedAge(now time.Duration, m int64) time.Duration {
	if t, ok := h.accepted.nth(m); ok {
		return now - t
	}
	return forever
}

// replay fills l with what is remembered of its span.
func (h *history) replay(now time.Duration, l *ledger) {
	from := &h.coarse
	if l.span <= h.fine.span {
		from = &h.fine
	}
	for i := range from.n {
		if s := from.at(i); s.last+l.span >= now {
			l.add(s.last, s.count)
		}
	}
}
