package tokens

import (
	"context"
	"errors"
	"log/slog"
	"slices"
)

// maxSpent bounds the digests of used refresh tokens that are remembered. They
// serve to recognise one that is configured again by hand.
const maxSpent = 64

// spend refreshes with c. The use is noted durably before the token is sent,
// so that whatever happens afterwards it is not sent again; it is taken back
// only if upstream certainly did not handle it.
//
// A failure of category [Storage] means that the token was not sent.
func (s *Session) spend(ctx context.Context, record Record, c candidate) (Grant, error) {
	name := digest(c.refresh)
	if slices.Contains(s.spent, name) || slices.Contains(record.Spent, name) {
		return Grant{}, &Failure{Category: Permanent, Detail: "it was used before", Err: ErrClaimed}
	}
	if c.stored {
		if err := s.claim(name, c, record); err != nil {
			return Grant{}, err
		}
	}
	grant, err := s.source.Refresh(ctx, c.refresh)
	if failure, ok := errors.AsType[*Failure](err); ok && failure.Unspent {
		if c.stored {
			s.withdraw(name, c.lasting)
		}
		return Grant{}, err
	}
	s.spent = append(s.spent, name)
	s.spent = s.spent[max(0, len(s.spent)-maxSpent):]
	return grant, err
}

// claim notes that c is about to be sent, then looks whether it is still the
// one to send: without a working lock another process may have been faster.
func (s *Session) claim(name string, c candidate, record Record) error {
	err := s.store.Claim(name, c.lasting)
	if errors.Is(err, ErrClaimed) {
		return &Failure{Category: Permanent, Err: err, Detail: "it was sent before, and the answer is lost"}
	}
	if err != nil {
		return &Failure{Category: Storage, Err: err, Detail: err.Error()}
	}
	now, err := s.store.Load(s.identity)
	if err != nil {
		s.withdraw(name, c.lasting)
		return &Failure{Category: Storage, Err: err, Detail: err.Error()}
	}
	if now.Generation == record.Generation && now.Refresh.Equal(record.Refresh) {
		return nil
	}
	s.withdraw(name, c.lasting)
	return &Failure{Category: Transient, Unspent: true, Detail: "another process has just renewed the session"}
}

func (s *Session) withdraw(name string, lasting bool) {
	if err := s.store.Withdraw(name, lasting); err != nil {
		s.log.Error("a refresh token that was not used counts as used after a restart", slog.Any("error", err))
	}
}
