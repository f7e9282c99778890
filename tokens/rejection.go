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

// renewed notes that generation was obtained because of refusals at the places.
func (c *causes) renewed(at []Where, generation uint64, now time.Time) {
	for _, where := range at {
		c.caused.put(where, generation, now, now.Add(freshRefusal))
	}
}

// futile reports whether a refusal of generation at a place says nothing about
// the token, and remembers it then. replayed: the call was sent again before.
func (c *causes) futile(where Where, generation uint64, replayed bool, now time.Time) bool {
	if _, known := c.refusing.get(where, now); known {
		return true
	}
	caused, known := c.caused.get(where, now)
	if !replayed && (!known || caused != generation) {
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

// Rejected implements [Credential]. A call is sent again once at most, with a
// newer token; a second refusal goes to the app.
func (s *Session) Rejected(ctx context.Context, call *Call) (again bool, err error) {
	if call.held == nil {
		return false, nil
	}
	now := time.Now()
	generation := call.token.Generation
	h := s.current.Load()
	if h.token.Generation > generation && !h.token.Expired(now) {
		// Replaced since the call departed.
		again, call.again = !call.again, true
		return again, nil
	}
	// A token that has expired meanwhile is replaced in any case.
	if !h.token.Expired(now) && s.futile(call, now) {
		return false, nil
	}
	s.doubted.Store(generation)
	if err := s.await(ctx, generation, &call.Where); err != nil {
		// Accepted somewhere since: it is alive, and this place does not like it.
		if call.held.seen.since(now) {
			return false, nil
		}
		return false, err
	}
	call.again = true
	return true, nil
}

func (s *Session) futile(call *Call, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.causes.futile(call.Where, call.token.Generation, call.again, now) {
		return false
	}
	s.log.Warn("a fresh token was refused; this place causes no renewal for a while",
		slog.String("upstream", call.Where.Upstream), slog.String("endpoint", call.Where.Endpoint),
		slog.Duration("for", freshRefusal))
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
	s.doubted.CompareAndSwap(generation, 0)
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
