package proxy

import (
	"sync"
	"time"
)

// attemptClocks lends clocks to attempts. The zero value is ready; it is safe for
// concurrent use.
type attemptClocks struct{ pool sync.Pool }

// attemptClock tells an attempt when it is late for what it waits for. Nearly every
// attempt ends long before, so its timer is moved only where it must fire sooner. It
// goes on when an attempt has ended, for the next one that the clock is lent to; a
// timer that fires for nobody, or too early, costs less than one set for each attempt.
type attemptClock struct {
	mu      sync.Mutex // guards what follows
	of      *sending   // nil where it is lent to nobody
	due     time.Time  // zero: nothing is waited for
	meaning error      // of being late
	timer   *time.Timer
	fires   time.Time // no later than due; zero: never
}

// lend returns a clock that s gives back.
func (l *attemptClocks) lend(s *sending) *attemptClock {
	c, ok := l.pool.Get().(*attemptClock)
	if !ok {
		c = new(attemptClock)
	}
	c.mu.Lock()
	c.of = s
	c.mu.Unlock()
	return c
}

// giveBack ends the use of s's clock. It may be called more than once.
func (l *attemptClocks) giveBack(s *sending) {
	c := s.clock
	c.mu.Lock()
	mine := c.of == s
	if mine {
		c.of, c.due, c.meaning = nil, time.Time{}, nil
	}
	c.mu.Unlock()
	if mine {
		l.pool.Put(c)
	}
}

// arm makes s late from due on, which is not zero. Once s has given the clock back it
// does nothing.
func (c *attemptClock) arm(s *sending, due time.Time, meaning error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of != s {
		return
	}
	c.due, c.meaning = due, meaning
	if c.fires.IsZero() || due.Before(c.fires) {
		c.fireAt(due)
	}
}

// disarm says that s waits for nothing.
func (c *attemptClock) disarm(s *sending) {
	c.mu.Lock()
	if c.of == s {
		c.due = time.Time{}
	}
	c.mu.Unlock()
}

func (c *attemptClock) fireAt(t time.Time) {
	c.fires = t
	left := max(time.Until(t), 0)
	if c.timer == nil {
		c.timer = time.AfterFunc(left, c.fire)
	} else {
		c.timer.Reset(left)
	}
}

// fire is called by the timer.
func (c *attemptClock) fire() {
	if s, meaning := c.late(); s != nil {
		s.late(meaning)
	}
}

// late returns who is late, nil for nobody, and what for.
func (c *attemptClock) late() (*sending, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fires = time.Time{}
	switch {
	case c.of == nil, c.due.IsZero():
		return nil, nil
	case time.Now().Before(c.due):
		c.fireAt(c.due)
		return nil, nil
	}
	return c.of, c.meaning
}
