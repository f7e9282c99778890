package tokens

import (
	"fmt"
	"time"
)

// Category sorts the failures of a renewal by what helps against them.
type Category string

// The categories of failures.
const (
	// Permanent: only a change of configuration or a new secret helps.
	Permanent Category = "permanent"
	// Transient: upstream is in trouble; later attempts may succeed.
	Transient Category = "transient"
	// Throttled: upstream asked for fewer calls.
	Throttled Category = "throttled"
	// Unreachable: no answer came.
	Unreachable Category = "unreachable"
	// Malformed: an answer came that is none of the documented ones.
	Malformed Category = "malformed"
	// Storage: the state directory failed, and without it a token that works
	// once might be sent twice.
	Storage Category = "storage"
)

// Failure is why no valid token exists. It holds no secret.
type Failure struct {
	// Credential is the configured name.
	Credential string
	Category   Category
	// RetryAfter is how long from now nothing will be tried. Zero: unknown.
	RetryAfter time.Duration
	// Detail says what happened and what to do, in one sentence.
	Detail string
	// Unspent: a refresh token that was being used is still good, as the
	// request did not arrive or was refused before it was handled.
	Unspent bool
	// Err is the cause, if there is one.
	Err error
}

// Error implements error.
func (f *Failure) Error() string {
	return fmt.Sprintf("credential %s: %s (%s)", f.Credential, f.Detail, f.Category)
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Permanent reports whether waiting cannot help.
func (f *Failure) Permanent() bool { return f.Category == Permanent }
