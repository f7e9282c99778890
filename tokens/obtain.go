package tokens

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// obtain replaces the token if it has to be replaced: lock, read again, decide
// again, and only then act, since another process may have done it. The
// outcome is empty if there was nothing to do.
func (s *Session) obtain(ctx context.Context, r *renewal) (Outcome, error) {
	s.refreshSecrets(ctx)
	// What is not sent yet ends at Close.
	waiting, cancel := context.WithTimeout(s.life, s.deadline)
	defer cancel()
	unlock, err := s.store.Lock(waiting)
	switch {
	case err == nil:
		defer unlock()
	case errors.Is(err, ErrLocked):
		return "", &Failure{Category: Transient, Err: err, Detail: "another process is renewing the session and has not finished"}
	case !s.lockless:
		// Broken is not locked: claims still keep a token from being sent twice.
		s.lockless = true
		s.log.Error("sessions cannot be locked here; processes that share the state directory may log in more often than needed", slog.Any("error", err))
	}

	record, readErr := s.store.Load(s.identity)
	if readErr != nil {
		s.log.Error("the stored session cannot be read", slog.Any("error", readErr))
	}
	record = s.mend(record, readErr)

	configured, asked := s.configured(record)
	if configured.refresh.IsZero() {
		if s.adopt(record, r) {
			return Adopted, nil
		}
		if s.usable(r.stale, time.Now()) {
			return "", nil
		}
	}
	grant, origin, err := s.acquire(ctx, r.stale, record, errors.Join(readErr, asked), configured)
	if err != nil {
		return "", err
	}
	if grant.Token.IsZero() {
		return "", nil
	}
	h := s.hold(grant, s.generation(record)+1, origin)
	if h.token.Expires.IsZero() {
		s.log.Warn("the new token does not say plausibly when it expires; it is used until upstream refuses it")
	}
	s.keep(r, h, record)
	s.publish(h)
	return Renewed, nil
}

// generation is the highest known so far.
func (s *Session) generation(record Record) uint64 {
	if h := s.current.Load(); h != nil {
		return max(record.Generation, h.token.Generation)
	}
	return record.Generation
}

// publish makes h the current token.
func (s *Session) publish(h *held) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.descend(h.origin)
	h.token.ID = s.account.Load().id
	list := []redact.Secret{h.token.Value, h.refresh}
	if old := s.current.Load(); old != nil {
		list = append(list, old.token.Value, old.refresh)
	}
	s.known(slices.DeleteFunc(list, redact.Secret.IsZero))
	s.current.Store(h)
}

// adopt takes over the stored token if another process put it there and it is
// better than the current one.
func (s *Session) adopt(record Record, r *renewal) bool {
	if record.Token.IsZero() {
		return false
	}
	now := time.Now()
	h := s.current.Load()
	generation := record.Generation
	if h != nil {
		if record.Generation < h.token.Generation || record.Token.Equal(h.token.Value) {
			return false
		}
		generation = max(generation, h.token.Generation+1)
	}
	stored := s.restore(record, generation, now)
	if stored.token.Expired(now) {
		return false
	}
	// While the current one lives, one that is due itself is no gain.
	if s.usable(0, now) && !s.refused(r) && !stored.due.IsZero() && !now.Before(stored.due) {
		return false
	}
	s.publish(stored)
	s.stored()
	return true
}

// refused reports whether r replaces a token that upstream refused.
func (s *Session) refused(r *renewal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(r.places) > 0
}
