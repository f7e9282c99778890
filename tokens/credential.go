package tokens

import (
	"context"
	"errors"
	"time"
)

// Kind is the configured kind of a credential.
type Kind string

// The kinds of credentials.
const (
	KindPublisherToken Kind = "publisher_token" // API keys that never expire
	KindSession        Kind = "session"         // a customer session: JWT and refresh token
	KindHeader         Kind = "header"          // a fixed header field
)

var (
	// ErrNoToken is returned by Current when nothing is configured to inject:
	// the call goes upstream without a credential.
	ErrNoToken = errors.New("no credential is configured")
	// ErrExpired is returned by Current when the token died after Secure: the
	// call has to go through Secure again.
	ErrExpired = errors.New("the credential expired before departure")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("the credential was closed")
)

// Credential hands out the valid token of one configured credential and
// replaces it. All methods are safe for concurrent use; a [Call] is not.
type Credential interface {
	// Name is the configured name.
	Name() string
	// Kind is the configured kind.
	Kind() Kind
	// Account is part of the identity under which answers are cached. It
	// changes when the secret may belong to somebody else, and is never
	// derived from a secret. Empty: nothing is injected.
	Account() string
	// Holds reports whether the secret behind a token's ID is still
	// configured; answers obtained with one that is not may not be reused.
	Holds(id uint64) bool
	// Header is where the token goes on surfaces that take it in a header.
	Header() HeaderForm
	// Secure returns once a valid token exists. It waits for a renewal as
	// long as ctx lasts, but not if the next attempt comes after ctx's
	// deadline. Errors: ctx's cause, [ErrClosed], or a [*Failure].
	Secure(ctx context.Context) error
	// Current returns the token to inject into call, and notes it there. It
	// never waits. A nil call is a mere question. Errors: [ErrNoToken],
	// [ErrExpired].
	Current(now time.Time, call *Call) (Token, error)
	// Rejected tells that upstream refused call's token (a 401 that blames the
	// credential, or its equivalent in a body; never a 403), and reports
	// whether it is worth sending the call again, for which Current then gives
	// the token. It may wait for a renewal as long as ctx lasts. again is
	// false where nothing better is at hand: the answer then goes to the app.
	// An error (as of Secure) comes with again == false and says why the cure
	// failed. With a ctx that is over, Rejected begins the renewal of a session
	// and waits for nothing.
	Rejected(ctx context.Context, call *Call) (again bool, err error)
	// Accepted tells that upstream accepted call's token; see [Accepts].
	Accepted(call *Call)
	// AcceptedElsewhere reports whether call's token was accepted at another
	// place within the last five minutes: a refusal then means that it lacks
	// a permission.
	AcceptedElsewhere(now time.Time, call *Call) bool
	// Status describes the credential without its values.
	Status() Status
	// Run keeps the credential fresh until ctx ends or Close is called; it
	// returns nil then. Without Run the token is replaced on demand only.
	Run(ctx context.Context) error
	// Close ends Run and all waiting, and lets a renewal that was already sent
	// finish. It may be called more than once.
	Close() error
}

// Accepts reports whether an answer with this HTTP status shows that the
// credential was accepted. 401 and 403 do not; 429 and 5xx may come from a
// gateway that has not looked at it.
func Accepts(status int) bool {
	switch status {
	case 401, 403, 407, 408, 429:
		return false
	}
	return status >= 200 && status < 500
}

// Status is what may be told about a credential.
type Status struct {
	Name       string    `json:"name"`
	Kind       Kind      `json:"kind"`
	Generation uint64    `json:"generation"`
	Valid      bool      `json:"valid"`
	ExpiresAt  time.Time `json:"expires_at,omitzero"`
	RenewedAt  time.Time `json:"renewed_at,omitzero"`
	LastError  string    `json:"last_error"`
}
