package tokens

import (
	"context"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// Grant is what a login or a refresh gives.
type Grant struct {
	// Token is the JWT. Never zero.
	Token redact.Secret
	// Refresh is the single-use token for the next refresh. Zero: none.
	Refresh redact.Secret
	// Date is the upstream's clock as the answer says. Zero: it does not.
	Date time.Time
	// Sent and Received are local times around the exchange.
	Sent, Received time.Time
}

// Login is what a session logs in with. The zero value cannot log in.
type Login struct {
	Email       string
	Password    redact.Secret
	PublisherID string
}

func (l Login) possible() bool { return l.Email != "" && !l.Password.IsZero() }

// Source obtains grants. Its errors are of type [*Failure] and hold no secret.
// Implementations send a refresh token at most once for each call, and set
// [Failure.Unspent] only where it was certainly not used.
type Source interface {
	Login(ctx context.Context, login Login) (Grant, error)
	Refresh(ctx context.Context, refresh redact.Secret) (Grant, error)
}
