package tokens

import (
	"sync"
	"time"
)

const (
	// dateResolution is how far behind its clock a Date field may be: it has
	// whole seconds (RFC 9110 section 5.6.7).
	dateResolution = time.Second
	// drift is how fast two quartz clocks may part, in parts of the time
	// since the last reading.
	drift = 100e-6
)

// Clock learns how far the upstream's clock is from the local one, from the
// Date fields of its answers. Each reading confines the difference to an
// interval: the answer was dated after the request was sent and before it was
// received. The intersection of the readings narrows it, as in Marzullo's
// algorithm (K. Marzullo, "Maintaining the Time in a Distributed System",
// 1984); a reading that contradicts it starts anew, since then one of the
// clocks was set.
//
// The zero value knows nothing and assumes that the clocks agree. It is safe
// for concurrent use.
type Clock struct {
	mu       sync.Mutex // guards what follows
	known    bool
	low      time.Duration // least and greatest upstream time minus local time
	high     time.Duration
	observed time.Time
}

// Observe takes one reading: the Date of an answer whose request was sent, and
// whose header was received, at these local times. A zero date is no reading.
func (c *Clock) Observe(date, sent, received time.Time) {
	if date.IsZero() || received.Before(sent) {
		return
	}
	// Dates have no monotonic reading, so that the differences are of wall clocks.
	low, high := date.Sub(received.Round(0)), date.Add(dateResolution).Sub(sent.Round(0))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known {
		oldLow, oldHigh := c.bounds(received)
		if oldLow <= high && low <= oldHigh {
			low, high = max(low, oldLow), min(high, oldHigh)
		}
	}
	c.known, c.low, c.high, c.observed = true, low, high, received
}

// bounds widens the interval by what the clocks may have drifted. It needs mu.
func (c *Clock) bounds(now time.Time) (low, high time.Duration) {
	if !c.known {
		return 0, 0
	}
	slack := time.Duration(drift * float64(max(0, now.Sub(c.observed))))
	return c.low - slack, c.high + slack
}

// Offset returns the best estimate of upstream time minus local time, and
// whether there was a reading at all.
func (c *Clock) Offset() (offset time.Duration, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.low + (c.high-c.low)/2, c.known
}

// span returns the bounds of the upstream's time at now.
func (c *Clock) span(now time.Time) (earliest, latest time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	low, high := c.bounds(now)
	now = now.Round(0)
	return now.Add(low), now.Add(high)
}
