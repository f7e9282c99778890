package limiter

import (
	"math"
	"time"
)

// windowKey tells windows apart. Limits with a name keep their window when the
// figure changes. Nameless ones are told apart by the figure, since some providers
// report whichever of several limits is tightest at the moment.
type windowKey struct {
	family, policy string
	limit          int64
}

func keyOf(r *reading) windowKey {
	if r.policy != "" || r.family == "ietf" {
		return windowKey{family: r.family, policy: r.policy}
	}
	return windowKey{family: r.family, limit: r.limit}
}

// window is one known limit: at most limit calls in any span of that length.
//
// That model is safe for the three kinds of limiter that providers run. A sliding
// window is the model itself; a fixed window holds no more than a sliding one of
// its length; and a token bucket of capacity L that refills in W admits whatever
// keeps to L per W. What differs is how the span is found out, see spanning.
type window struct {
	key   windowKey
	limit int64
	log   ledger // our departures of the last span; log.span is the span
	told  bool   // the provider named the span
	level level
	lows  lows
	spanning
	read   time.Duration // when it was last read
	judged time.Duration // when the waiters were last judged for what remains
	// slip is by how many calls the margin was widened because calls were refused
	// that kept to it: they leave evenly, but do not arrive so.
	slip    float64
	slipped time.Duration // when it was last widened
	beyond  bool          // the provider counts more calls than we sent within the span
}

// budget is what a window leaves for steady pacing: with burst b, rate times span
// plus b stays within the limit less a margin of 1 %, at least one call. Limits of
// one and two leave no room for a margin; the ledger alone holds those.
func (w *window) budget(burst int) float64 {
	limit := float64(w.limit)
	steady := limit - max(1, limit/100) - float64(burst) - w.slip
	return max(steady, min(limit-1, 1), 0.99)
}

// maxSlip and slipFor bound what chance refusals cost.
const (
	maxSlip = 0.03 // of the limit, at least two calls
	slipFor = 10 * time.Minute
)

// widen makes the margin wider by a call after a refusal within the limit.
func (w *window) widen(now time.Duration) {
	w.slip = min(w.slip+1, max(2, maxSlip*float64(w.limit)))
	w.slipped = now
}

// narrow takes the widening back once there has been no refusal for long.
func (w *window) narrow(now time.Duration) {
	if w.slip > 0 && now-w.slipped > slipFor {
		w.slip, w.slipped = w.slip-1, now
	}
}

// burst is how many calls may leave at once: what is asked for, as far as half of
// the limit allows.
func (w *window) burst(asked int) int {
	return max(1, min(asked, int(min(w.limit/2, math.MaxInt32))))
}

// rate is the steady rate in calls a second.
func (w *window) rate(burst int) float64 {
	return w.budget(burst) / w.log.span.Seconds()
}

// earliest is when one more departure fits: the span before it must hold fewer
// departures than the limit, and what the provider last said must leave room.
func (w *window) earliest(now time.Duration, departed int64) time.Duration {
	t := time.Duration(0)
	if w.counts() {
		t = w.level.earliest(now, departed, w.replenish())
	}
	if over := w.log.count(now) + 1 - int(w.limit); over > 0 {
		e := expiry{l: &w.log}
		if at, ok := e.at(over); ok {
			t = max(t, at)
		}
	}
	return t
}

// counts tells whether what remains must be obeyed beyond the ledger. Where calls
// come back one by one as fast as they are sent, and none are counted but ours, the
// ledger says the same with less noise.
func (w *window) counts() bool {
	return w.beyond || w.settled || w.fixed() || w.slope.value < float64(w.limit)/w.log.span.Seconds()*0.9
}

// replenish is the rate at which used calls are known to come back within the
// window, in calls a second. In a fixed window they come back at its end.
func (w *window) replenish() float64 {
	if w.fixed() {
		return 0
	}
	return min(w.slope.value, float64(w.limit)/w.log.span.Seconds())
}

// fixed tells whether the window must be taken for one that resets at an instant.
func (w *window) fixed() bool {
	return !w.rolling && w.log.span > shortSpan
}

// shortSpan is the longest span whose resets cannot be followed, because they are
// told in whole seconds.
const shortSpan = 2 * time.Second

// resize changes the span, counting anew what was sent within it.
func (w *window) resize(now time.Duration, span time.Duration, h *history) {
	if span == w.log.span {
		return
	}
	old := w.log
	w.log = newLedger(span)
	if h.coarse.span >= span || old.n == 0 {
		h.replay(now, &w.log)
		return
	}
	for i := range old.n {
		if s := old.at(i); s.last+span >= now {
			w.log.add(s.last, s.count)
		}
	}
}
