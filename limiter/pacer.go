package limiter

import (
	"math"
	"time"
)

// A departure catches up with a schedule that was missed because the timer or the
// processor came late; else each time would lower the rate a little, for good. It
// makes up for at most one call, or for what is due in minLateness where calls
// leave faster, and for nothing beyond maxLateness. The windows' ledgers hold the
// count within the limit all the same.
const (
	minLateness = 5 * time.Millisecond
	maxLateness = 20 * time.Millisecond
)

// pacer spaces departures by the generic cell rate algorithm (ITU-T I.371,
// annex A): tat is the theoretical arrival time of the next cell.
type pacer struct {
	rate     float64 // calls a second, above zero
	interval time.Duration
	burst    int
	tat      time.Duration
}

// set changes rate and burst. What is already owed is owed in intervals, so it
// is scaled, up to what the new burst could owe.
func (p *pacer) set(now time.Duration, rate float64, burst int) {
	interval := intervalOf(rate)
	if p.interval > 0 && p.tat > now && interval != p.interval {
		owed := float64(p.tat-now) / float64(p.interval)
		p.tat = now + time.Duration(min(owed, float64(max(burst, 1)))*float64(interval))
	}
	p.rate, p.interval, p.burst = rate, interval, max(burst, 1)
}

// maxInterval keeps arithmetic on absurd rates from overflowing.
const maxInterval = 48 * time.Hour

func intervalOf(rate float64) time.Duration {
	if d := float64(time.Second) / rate; d < float64(maxInterval) {
		return max(time.Duration(math.Ceil(d)), 1)
	}
	return maxInterval
}

// earliest is when the next departure conforms.
func (p *pacer) earliest() time.Duration {
	return p.tat - time.Duration(p.burst-1)*p.interval
}

// after is when the departure that follows k others conforms.
func (p *pacer) after(now time.Duration, k int) time.Duration {
	tat := max(p.tat, now)
	return max(now, tat+time.Duration(float64(k-p.burst+1)*float64(p.interval)))
}

// depart counts a departure of a call that has waited since then. One that came
// after its turn has nothing to catch up with: two calls that come to an idle
// bucket at once leave one after the other.
func (p *pacer) depart(now, since time.Duration) {
	lateness := min(max(p.interval, minLateness), maxLateness)
	p.tat = max(p.tat, min(now, max(since, now-lateness))) + p.interval
}

func (p *pacer) refund() { p.tat -= p.interval }
