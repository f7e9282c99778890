package tokens

import (
	"crypto/rand"
	"encoding/binary"
	"net/http"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// HeaderForm says how a credential is written on surfaces that take it in a
// header field. The zero value means that it goes into no header.
type HeaderForm struct {
	// Name of the field in canonical form (see [http.CanonicalHeaderKey]).
	Name string
	// Scheme stands before the value, separated by one space; empty for none.
	Scheme string
}

// PublisherTokenForm is the form of an API key on the Core API (Cleeng
// documentation, "API 3.1").
func PublisherTokenForm() HeaderForm { return HeaderForm{Name: "X-Publisher-Token"} }

// BearerForm is the form of a customer JWT on the MediaStore API (Cleeng
// documentation, "Authorisation"; RFC 6750 section 2.1).
func BearerForm() HeaderForm { return HeaderForm{Name: "Authorization", Scheme: "Bearer"} }

// Set replaces the field in h with token. It allocates the field's value list
// and nothing else. Without a name or a token it does nothing.
func (f HeaderForm) Set(h http.Header, token Token) {
	if f.Name == "" || token.IsZero() {
		return
	}
	h[f.Name] = []string{f.field(token)}
}

func (f HeaderForm) field(token Token) string {
	if token.form == f {
		return token.field.Reveal()
	}
	return f.compose(token.Value).Reveal()
}

func (f HeaderForm) compose(value redact.Secret) redact.Secret {
	if f.Scheme == "" {
		return value
	}
	return redact.New(f.Scheme + " " + value.Reveal())
}

// Token is a credential's value at one moment. It is immutable and may be
// copied; it prints without its value. The zero Token is no token.
type Token struct {
	// Value is what a body carries; for header fields use [HeaderForm.Set].
	Value redact.Secret
	// Expires is the instant, on the local clock, from which upstream may
	// refuse the token. Zero: it does not expire, or nobody knows when.
	Expires time.Time
	// Generation counts replacements, from 1. The greater one is the newer.
	Generation uint64
	// Key is the position in the configured list of keys, from 0.
	Key int
	// ID stands for the secret's owner within this process; see
	// [Credential.Holds].
	ID uint64

	form  HeaderForm
	field redact.Secret // the whole field value in form, made once
}

func newToken(form HeaderForm, value redact.Secret) Token {
	return Token{Value: value, form: form, field: form.compose(value)}
}

// randomID returns where the IDs of one object begin, so that a token of an
// object that a reload has replaced is not taken for one of its successor.
func randomID() uint64 {
	var seed [8]byte
	_, _ = rand.Read(seed[:]) // never fails, see crypto/rand
	return binary.LittleEndian.Uint64(seed[:]) >> 1
}

// IsZero reports whether there is no token.
func (t Token) IsZero() bool { return t.Value.IsZero() }

// Expired reports whether the token is known to have expired at now. The
// monotonic clock and the wall clock are both asked, because the first stands
// still while a machine sleeps and the second may be set back.
func (t Token) Expired(now time.Time) bool {
	if t.Expires.IsZero() {
		return false
	}
	return !now.Before(t.Expires) || !now.Round(0).Before(t.Expires.Round(0))
}

// Where is the place a call goes to. Endpoint is a name from a closed set (a
// catalogue template, a JSON-RPC method, "other"), never a raw path.
type Where struct {
	Upstream string
	Endpoint string
}

// Call is one app call's use of one credential, over all its attempts. The
// caller sets Where, keeps the Call from Secure to the last answer, and uses
// it from one goroutine at a time. It must not be reused for another call.
type Call struct {
	Where Where

	token   Token  // injected last
	key     *key   // the key behind it, of Keys
	held    *held  // what is behind it, of Session
	refused []*key // keys that this call was refused with

	refusedAt time.Time // when a Session's token was refused first
	replays   int       // how often it was to be sent again since
}

// Token returns what was injected last, or the zero Token.
func (c *Call) Token() Token { return c.token }
