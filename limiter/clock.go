package limiter

import (
	"net/http"
	"time"
)

// serverClock estimates how far the provider's clock is ahead of ours. A Date
// field (RFC 9110, section 6.6.1) is the provider's time cut to whole seconds at
// some instant between our sending and our receiving, so each answer bounds the
// offset from both sides, and the bounds of a few answers intersect in much less
// than the second that one leaves open.
type serverClock struct {
	lows, highs [clockSamples]time.Duration
	n           int

	text string    // the last Date that could be read, and what it said
	date time.Time // a busy upstream sends each one many times
}

const clockSamples = 8

// observe takes the Date of an answer to a call that was sent and received at
// the given local times.
func (c *serverClock) observe(date, sent, received time.Time) {
	i := c.n % clockSamples
	c.lows[i], c.highs[i] = date.Sub(received), date.Add(time.Second).Sub(sent)
	c.n++
}

// offset is the middle of what is possible and half its width. Where answers
// contradict each other a clock was set, and only the newest counts.
func (c *serverClock) offset() (offset, uncertain time.Duration, ok bool) {
	if c.n == 0 {
		return 0, 0, false
	}
	newest := (c.n - 1) % clockSamples
	low, high := c.lows[newest], c.highs[newest]
	for i := range min(c.n, clockSamples) {
		low, high = max(low, c.lows[i]), min(high, c.highs[i])
	}
	if low > high {
		low, high = c.lows[newest], c.highs[newest]
		c.n = 1
		c.lows[0], c.highs[0] = low, high
	}
	return low + (high-low)/2, (high - low) / 2, true
}

// now is the provider's time at a local time. Without any Date it is ours, and
// nobody knows how wrong that is.
func (c *serverClock) now(local time.Time) (server time.Time, uncertain time.Duration, ok bool) {
	offset, uncertain, ok := c.offset()
	return local.Add(offset), uncertain, ok
}

// dateOf reads the Date of an answer.
func (c *serverClock) dateOf(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, false
	}
	if text == c.text {
		return c.date, true
	}
	t, err := http.ParseTime(text)
	if err != nil {
		return time.Time{}, false
	}
	c.text, c.date = text, t
	return t, true
}
