package tokens

import (
	"context"
	"time"
)

// mendPause is how often a session that could not be stored is tried again.
const mendPause = 5 * time.Second

// Run implements [Credential]: it obtains the first token, renews each one
// ahead of its expiry, tries again after failures, and stores what could not
// be stored. It returns when the renewal that is on its way has ended.
func (s *Session) Run(ctx context.Context) error {
	var tick <-chan time.Time
	if s.reload != nil && s.poll > 0 {
		ticker := time.NewTicker(s.poll)
		defer ticker.Stop()
		tick = ticker.C
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	defer s.renewals.Wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.life.Done():
			return nil
		case <-tick:
			s.refreshSecrets(ctx)
		case <-s.wake:
		case <-timer.C:
		}
		if wait, planned := s.advance(time.Now()); planned {
			timer.Reset(wait)
		} else {
			timer.Stop()
		}
	}
}

// advance begins what is due, or says when something will be. Without a plan
// the next event wakes Run.
func (s *Session) advance(now time.Time) (wait time.Duration, planned bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil || s.closing {
		return 0, false
	}
	h := s.current.Load()
	var due time.Time
	var stale uint64
	switch {
	case s.check || h == nil:
		due = now
	default:
		due = h.due
		if !due.IsZero() && !now.Before(due) {
			stale = h.token.Generation
		}
		if s.trouble != "" && (due.IsZero() || s.mendAt.Before(due)) {
			due = s.mendAt
		}
	}
	if s.failure != nil && due.Before(s.until) && !due.IsZero() {
		due = s.until
	}
	if due.IsZero() {
		return 0, false
	}
	if wait = due.Sub(now); wait > 0 {
		return wait, true
	}
	s.begin(stale)
	return 0, false
}
