package proxy

import "time"

// The clock of an attempt has one timer, which is moved as seldom as possible:
// nearly every attempt ends long before any timeout. What is waited for only notes
// when it is late; a timer that fires too early is set anew, and only one that
// would fire too late is moved.

// begin starts the clock: until the attempt departs, the app's patience is what
// bounds it.
func (s *sending) begin(now time.Time) {
	s.patience = s.x.deadline.Sub(now)
	s.due, s.waiting = s.x.deadline, errPatienceHeld
	soon := max(min(s.patience, s.timeouts.Attempt), 0) // no later than what comes next, mostly
	s.clock.Lock()                                      // the timer may fire at once
	defer s.clock.Unlock()
	s.rings = now.Add(soon)
	s.timer = time.AfterFunc(soon, s.ring)
}

// armForAnswer starts the wait for the answer's header.
func (s *sending) armForAnswer(now time.Time) {
	if s.firm {
		s.arm(now, s.timeouts.Write, errWriteTimeout)
		return
	}
	left := s.patience
	if !s.streams { // the time that a body takes to come in is not waiting
		left = s.x.deadline.Sub(now)
	}
	if left < s.timeouts.Attempt {
		s.arm(now, left, errPatienceUpstream)
	} else {
		s.arm(now, s.timeouts.Attempt, errAttemptTimeout)
	}
}

// arm makes the attempt late d from now on.
func (s *sending) arm(now time.Time, d time.Duration, meaning error) {
	s.clock.Lock()
	defer s.clock.Unlock()
	if s.timer == nil {
		return // it ended
	}
	s.due, s.waiting = now.Add(d), meaning
	if s.rings.IsZero() || s.due.Before(s.rings) {
		s.rings = s.due
		s.timer.Reset(max(d, 0))
	}
}

// disarm says that nothing is waited for.
func (s *sending) disarm() {
	s.clock.Lock()
	s.due = time.Time{}
	s.clock.Unlock()
}

// stopClock ends the clock for good.
func (s *sending) stopClock() {
	s.clock.Lock()
	defer s.clock.Unlock()
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}

// ring is called by the timer.
func (s *sending) ring() {
	meaning := s.late()
	if meaning == nil {
		return
	}
	held := meaning == errPatienceHeld //nolint:errorlint // this very value
	if held && !s.phase.CompareAndSwap(phaseHeld, phaseGivenUp) {
		return // it departed this instant; the clock is about to be set anew
	}
	s.cancel(meaning)
}

// late tells what the attempt is late for, nil where it is not.
func (s *sending) late() error {
	s.clock.Lock()
	defer s.clock.Unlock()
	s.rings = time.Time{}
	if s.timer == nil || s.due.IsZero() {
		return nil
	}
	if left := time.Until(s.due); left > 0 {
		s.rings = s.due
		s.timer.Reset(left)
		return nil
	}
	return s.waiting
}
