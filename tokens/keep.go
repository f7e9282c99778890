package tokens

import (
	"errors"
	"log/slog"
	"slices"
	"time"
)

// keep stores h before it is used. If that fails it is tried again while the
// old token serves and nobody waits; then h is used all the same, in memory
// only: holding it back would lose it as surely, and help nobody. Its refresh
// token is then unknown to the disk, so that no restart can send it twice.
func (s *Session) keep(r *renewal, h *held, record Record) {
	spent := recent(record.Spent, s.spent)
	h.loose = true
	for {
		err := s.store.Save(s.record(h, spent))
		if err == nil {
			h.unstored, h.loose = false, false
			s.stored()
			return
		}
		h.unstored = true
		h.loose = h.loose && errors.Is(err, ErrNotStored)
		if !s.patient(r) {
			s.unstored(err)
			return
		}
	}
}

// recent joins two lists of digests, oldest first, without repeats and without
// the oldest ones beyond maxSpent.
func recent(older, newer []string) []string {
	var latest []string
	for _, name := range slices.Backward(slices.Concat(older, newer)) {
		if len(latest) < maxSpent && !slices.Contains(latest, name) {
			latest = append(latest, name)
		}
	}
	slices.Reverse(latest)
	return latest
}

// patient waits a little before another try to store, and reports false if
// there is no time for one: the old token is dead, or refused, or absent.
func (s *Session) patient(r *renewal) bool {
	const pause = 250 * time.Millisecond
	now := time.Now()
	old := s.current.Load()
	if old == nil || old.token.Expires.IsZero() || old.token.Expired(now.Add(pause)) {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.needed:
	case <-s.life.Done():
	}
	return false
}

// mend stores the current token if that failed before, and returns what is
// stored then. A newer record of another process is left alone.
func (s *Session) mend(record Record, readErr error) Record {
	h := s.current.Load()
	if h == nil || !h.unstored {
		return record
	}
	ours := record.Token.Equal(h.token.Value) // only its durability is in doubt
	if err := readErr; err != nil || record.Generation >= h.token.Generation && !ours {
		if err == nil {
			err = errors.New("another process has stored another one")
		}
		s.unstored(err)
		return record
	}
	mended := s.record(h, recent(record.Spent, s.spent))
	if err := s.store.Save(mended); err != nil {
		h.loose = h.loose && errors.Is(err, ErrNotStored)
		s.unstored(err)
		return record
	}
	h.unstored, h.loose = false, false
	s.stored()
	return mended
}

func (s *Session) stored() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble != "" {
		s.log.Info("the session can be stored again")
	}
	s.trouble = ""
}

func (s *Session) unstored(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mendAt = time.Now().Add(mendPause)
	if s.trouble == "" {
		s.log.Error("the session cannot be stored and is kept in memory only; a restart will lose it", slog.Any("error", err))
	}
	s.trouble = "the session is in memory only: " + err.Error()
}
