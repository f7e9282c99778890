package tokens

import (
	"context"
	"log/slog"
	"time"
)

// freshRefusal is how long a place that refused a fresh token causes no
// renewal: it lacks a permission, or is broken.
const freshRefusal = time.Minute

// causes remembers which places made a token be replaced, and which of them
// refused the new one as well. The zero value is ready. Not safe for
// concurrent use.
type causes struct {
	caused   places[uint64] // generation that was obtained because of a place
	refusing places[struct{}]
}

// renewed notes that h was obtained because of refusals. Those that came after
// upstream had been asked are no cause: h may be as dead as what was refused.
func (c *causes) renewed(refusals []sighting, h *held, now time.Time) {
	for _, refusal := range refusals {
		if !h.asked.Before(refusal.at) {
			c.caused.put(refusal.where, h.token.Generation, now, now.Add(freshRefusal))
		}
	}
}

// futile reports whether a refusal of generation at a place says nothing about
// the token, and remembers it then. fresh: the generation was obtained because
// the same call had been refused.
func (c *causes) futile(where Where, generation uint64, fresh bool, now time.Time) bool {
	if _, known := c.refusing.get(where, now); known {
		return true
	}
	caused, known := c.caused.get(where, now)
	if !fresh && (!known || caused != generation) {
		return false
	}
	c.refusing.put(where, struct{}{}, now, now.Add(freshRefusal))
	return true
}

// accepted notes that generation was accepted at a place.
func (c *causes) accepted(where Where, generation uint64, now time.Time) {
	if caused, known := c.caused.get(where, now); known && caused == generation {
		c.caused.forget(where)
	}
}

func (c *causes) any() bool { return len(c.caused.m) > 0 }

// maxReplays bounds how often one call is sent again for one session. More
// than one is needed only where the newer token turns out to be as dead as the
// older: it was obtained before both were revoked.
const maxReplays = 3

// Rejected implements [Credential]. A refusal of a token that was obtained
// because this very call had been refused goes to the app.
func (s *Session) Rejected(ctx context.Context, call *Call) (again bool, err error) {
	if call.held == nil {
		return false, nil
	}
	now := time.Now()
	fresh := !call.refusedAt.IsZero() && !call.held.asked.Before(call.refusedAt)
	if call.refusedAt.IsZero() {
		call.refusedAt = now
	}
	h := s.current.Load()
	newer := h.token.Generation > call.token.Generation && !h.token.Expired(now)
	switch {
	case call.replays >= maxReplays || newer && fresh:
		return false, nil
	case newer: // replaced since the call departed
		call.replays++
		return true, nil
	case !h.token.Expired(now) && s.futile(call, fresh, now):
		// One that has expired meanwhile is replaced in any case.
		return false, nil
	}
	s.doubted(call.token.Generation, now)
	if err := s.await(ctx, call.token.Generation, &sighting{call.Where, now}); err != nil {
		// Accepted somewhere since: it is alive, and this place does not like it.
		if call.held.seen.since(now) {
			return false, nil
		}
		return false, err
	}
	call.replays++
	return true, nil
}

func (s *Session) futile(call *Call, fresh bool, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.causes.futile(call.Where, call.token.Generation, fresh, now) {
		return false
	}
	s.log.Warn("a fresh token was refused; this place causes no renewal for a while",
		slog.String("upstream", call.Where.Upstream), slog.String("endpoint", call.Where.Endpoint),
		slog.Float64("for_seconds", freshRefusal.Seconds()))
	return true
}

// Accepted implements [Credential].
func (s *Session) Accepted(call *Call) {
	if call.held == nil {
		return
	}
	now := time.Now()
	generation := call.token.Generation
	call.held.seen.note(call.Where, now)
	s.trusted(generation)
	if !s.troubled.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.causes.accepted(call.Where, generation, now)
	s.troubled.Store(s.causes.any())
}

// AcceptedElsewhere implements [Credential].
func (s *Session) AcceptedElsewhere(now time.Time, call *Call) bool {
	return call.held != nil && call.held.seen.elsewhere(call.Where, now)
}
