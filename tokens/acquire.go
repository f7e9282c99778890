package tokens

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// candidate is a refresh token that may be used.
type candidate struct {
	refresh redact.Secret
	origin  string
	lasting bool // configured: its claim stays for good
	stored  bool // it may be on a disk, and so needs a claim
}

// configured returns the configured refresh token if it is new: not the one
// that the session descends from, and never used.
func (s *Session) configured(record Record) (candidate, error) {
	s.mu.Lock()
	refresh := s.secrets.RefreshToken
	s.mu.Unlock()
	if refresh.IsZero() {
		return candidate{}, nil
	}
	name := digest(refresh)
	if name == record.Origin || slices.Contains(record.Spent, name) || slices.Contains(s.spent, name) {
		return candidate{}, nil
	}
	claimed, err := s.store.Claimed(name)
	if err != nil || claimed {
		return candidate{}, err
	}
	return candidate{refresh: refresh, origin: name, lasting: true, stored: true}, nil
}

// inherited returns the refresh token that came with the last token.
func (s *Session) inherited(record Record) candidate {
	h := s.current.Load()
	if h != nil && (h.unstored || record.Token.IsZero()) && !h.refresh.IsZero() {
		return candidate{refresh: h.refresh, origin: h.origin, stored: !h.loose}
	}
	return candidate{refresh: record.Refresh, origin: record.Origin, stored: true}
}

// excuse judges the failure of a newly configured refresh token while the
// session can go on without it: nil if nothing is left to be done about it.
func (s *Session) excuse(failure *Failure) error {
	if failure.Unspent || failure.Category == Storage {
		s.mu.Lock()
		s.check = true // it is still good, try it later
		s.mu.Unlock()
		return failure
	}
	s.log.Error("the newly configured refresh token does not work; the session goes on with the old one", slog.Any("error", failure))
	return nil
}

// acquire gets a grant by the first way that is open: the configured refresh
// token, the inherited one, a login. The grant is zero if there is no need of
// one after all.
func (s *Session) acquire(ctx context.Context, stale uint64, record Record, diskErr error, configured candidate) (Grant, string, error) {
	var dead *Failure // why there is no refresh token
	for _, c := range []candidate{configured, s.inherited(record)} {
		if c.refresh.IsZero() {
			continue
		}
		grant, err := s.spend(ctx, record, c)
		if err == nil {
			return grant, c.origin, nil
		}
		failure, ok := errors.AsType[*Failure](err)
		switch {
		case !ok:
			return Grant{}, "", err
		case c.lasting && s.usable(stale, time.Now()):
			return Grant{}, "", s.excuse(failure)
		case failure.Category == Storage:
			diskErr = errors.Join(diskErr, failure.Err)
		case failure.Unspent:
			return Grant{}, "", failure
		default:
			dead = failure
		}
	}
	s.mu.Lock()
	login := s.login
	s.mu.Unlock()
	if login.possible() {
		grant, err := s.logIn(ctx, login)
		return grant, originLogin, err
	}
	return Grant{}, "", s.lost(dead, diskErr)
}

const originLogin = "login"

// lost says why a session without a login cannot go on.
func (s *Session) lost(dead *Failure, diskErr error) *Failure {
	switch {
	case diskErr != nil:
		return &Failure{
			Category: Storage, Err: diskErr,
			Detail: "the refresh token is not used, as its use cannot be noted: " + diskErr.Error() + "; make the state directory writable",
		}
	case dead != nil:
		return &Failure{
			Category: Permanent, Err: dead.Err,
			Detail: "the refresh token is used up and gave no new one (" + dead.Detail + "); put a new one into refresh_token_file",
		}
	}
	return &Failure{Category: Permanent, Detail: "there is no unused refresh token; put a new one into refresh_token_file"}
}

// logIn logs in, unless too many logins have failed.
func (s *Session) logIn(ctx context.Context, login Login) (Grant, error) {
	for wait := s.logins.take(time.Now()); wait > 0; wait = s.logins.take(time.Now()) {
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
		case <-s.life.Done():
		}
		timer.Stop()
		if ctx.Err() != nil || s.life.Err() != nil {
			return Grant{}, &Failure{Category: Transient, Detail: "too many logins failed; no more are tried for a while"}
		}
	}
	grant, err := s.source.Login(ctx, login)
	if err == nil {
		s.logins.giveBack()
	}
	return grant, err
}
