package tokens

import (
	"context"
	"errors"
	"log/slog"
)

// SetSecrets replaces the password and the configured refresh token; a zero
// one stays as it is. What was remembered of failures is forgotten.
func (s *Session) SetSecrets(secrets SessionSecrets) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := false
	if !secrets.Password.IsZero() && !secrets.Password.Equal(s.secrets.Password) {
		s.secrets.Password, s.login.Password, changed = secrets.Password, secrets.Password, true
	}
	if !secrets.RefreshToken.IsZero() && !secrets.RefreshToken.Equal(s.secrets.RefreshToken) {
		s.secrets.RefreshToken, s.check, changed = secrets.RefreshToken, true, true
	}
	if changed {
		s.failure = nil
		s.log.Info("a secret of the session changed")
		s.poke()
	}
}

// refreshSecrets asks Reload for the secrets.
func (s *Session) refreshSecrets(ctx context.Context) {
	if s.reload == nil {
		return
	}
	secrets, err := s.reload(ctx)
	if err == nil && secrets.Password.IsZero() && secrets.RefreshToken.IsZero() {
		err = errors.New("no value is left")
	}
	if ctx.Err() != nil {
		return
	}
	if failed := err != nil; s.reloadFails.Swap(failed) != failed {
		if failed {
			s.log.Error("the secrets of the session could not be read anew; the last good ones stay in use", slog.Any("error", err))
		} else {
			s.log.Info("the secrets of the session can be read again")
		}
	}
	if err == nil {
		s.SetSecrets(secrets)
	}
}
