package limiter

import (
	"math"
	"time"
)

// Parameters of the search for a limit that nobody tells. The shape is that of
// CUBIC congestion control (RFC 9438): after a cut the rate comes back fast, rests
// where the last throttle was, and only then tries higher. CUBIC's decrease factor
// of 0.7 and its constant C fit packets and round trips; calls are dearer, so the
// cut is smaller, the rest longer, and the resting point lies a little below.
const (
	cutTo     = 0.8              // rate after a throttle, as a share of the rate that was throttled (RFC 9438, section 4.6)
	restAt    = 0.96             // where the rate rests, as a share of it (compare fast convergence, section 4.7)
	restAfter = 8 * time.Second  // K of section 4.2: how long it takes to come back there
	tryAfter  = 30 * time.Second // the same for growing beyond
	// fewAccepted calls in an episode say nothing about a rate.
	fewAccepted = 10
	doubling    = time.Second // a cold bucket doubles at most this often, while calls wait
	decay       = time.Minute // an idle bucket halves this often, down to where it began (compare RFC 7661)
	minRate     = 1.0 / 60
	maxRate     = 100000.0
)

// adaptive is the rate at which a bucket sends while throttles are all that it
// learns from: additive increase, multiplicative decrease, with a memory.
type adaptive struct {
	rate    float64
	start   float64
	cut     bool          // a throttle has been seen; before, the rate doubles
	ceiling float64       // the rate at which the last throttle came
	grown   time.Duration // demand since then: time during which calls waited
	doubled time.Duration // when the rate last doubled
	calm    time.Duration // when nobody waited last
	longest time.Duration // pause that it took to be admitted again
	updated time.Duration
	used    time.Duration // when a call last left

	// An episode lasts from the end of one pause to the end of the next.
	began    time.Duration
	accepted int // calls that were answered and not throttled in it
}

func newAdaptive(start float64, now time.Duration) adaptive {
	return adaptive{rate: start, start: start, doubled: now, calm: now, updated: now, used: now, began: now}
}

// advance moves the rate on to now. waiting says that calls have been waiting.
func (a *adaptive) advance(now time.Duration, waiting bool) {
	passed := now - a.updated
	a.updated = now
	if !waiting {
		a.calm = now
	}
	if idle := now - a.used; idle > decay && a.rate > a.start {
		halvings := math.Floor(float64(idle) / float64(decay))
		a.used += time.Duration(halvings) * decay
		a.rate = max(a.start, a.rate*math.Exp2(-halvings))
		a.grown = min(a.grown, a.grownTo(a.rate))
		return
	}
	if !waiting {
		a.doubled = now // the second begins with the wait
		return
	}
	if !a.cut {
		if now-a.doubled >= doubling {
			a.rate, a.doubled = min(2*a.rate, maxRate), now
		}
		return
	}
	a.grown += passed
	a.rate = min(max(a.cubic(a.grown), minRate), maxRate)
}

// cubic is the rate after some demand since the last cut.
func (a *adaptive) cubic(grown time.Duration) float64 {
	rest := restAt * a.ceiling
	x := float64(grown-restAfter) / float64(restAfter)
	if x > 0 {
		x = float64(grown-restAfter) / float64(a.tryAfter())
	}
	return rest + (rest-cutTo*a.ceiling)*x*x*x
}

// tryAfter is how slowly the rate grows beyond its rest: the slower, the longer the
// span is that the limit is evidently counted over.
func (a *adaptive) tryAfter() time.Duration { return max(tryAfter, 4*a.longest) }

// grownTo is the demand after which cubic gives the rate.
func (a *adaptive) grownTo(rate float64) time.Duration {
	rest := restAt * a.ceiling
	if !a.cut || rest <= 0 {
		return 0
	}
	x := math.Cbrt((rate - rest) / (rest - cutTo*a.ceiling))
	if x > 0 {
		return restAfter + time.Duration(x*float64(a.tryAfter()))
	}
	return max(0, time.Duration((x+1)*float64(restAfter)))
}

// throttled cuts the rate. sent is the number of departures in the second that ended
// with the one that was refused. It measures the limit if calls waited all that time;
// else a refusal says that the rate is too high, but not that it is as high as that.
func (a *adaptive) throttled(sent int, demand bool) {
	reached := float64(sent)
	if !demand {
		reached = max(reached, a.start)
	}
	a.settle(min(a.rate, max(reached, minRate)))
}

func (a *adaptive) settle(ceiling float64) {
	a.cut, a.ceiling, a.grown = true, max(ceiling, minRate), 0
	a.rate = max(cutTo*a.ceiling, minRate)
}

// resume begins a new episode after a pause of the given length. Where one probe was
// not enough the limit is counted over longer than the pause, and only what got
// through from pause to pause measures it.
func (a *adaptive) resume(now, pause time.Duration, failures int) {
	if whole := (now - a.began).Seconds(); failures > 0 && whole > 0 {
		a.longest = pause
		measured := float64(a.accepted) / whole / restAt // it rests at what got through
		if a.accepted < fewAccepted {
			// Hardly anybody called, so that hardly anything got through: that
			// measures the demand, not the limit.
			measured = max(measured, a.ceiling/2)
		}
		a.settle(min(a.ceiling, measured))
	}
	a.began, a.accepted = now, 0
	a.updated, a.used = now, now
}
