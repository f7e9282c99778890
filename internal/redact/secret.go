package redact

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Mask is what stands in place of every hidden value.
const Mask = "[redacted]"

// ErrMasked is returned by [Secret.UnmarshalText] for the text [Mask]: a dump
// of the configuration was fed back in where the value itself is needed.
var ErrMasked = errors.New("the value is the placeholder " + Mask + " of a masked dump; put the secret itself here")

// Secret is a value that must never be printed: an API key, a password, a
// token. Only [Secret.Reveal] gives it back; every formatter, encoder and
// logger sees [Mask] instead, or the empty string for the zero value.
//
// The plain text sits behind a pointer to a string because fmt cannot call
// methods on unexported fields: there it prints the representation. Of all
// pointers it follows those to structs, slices, arrays and maps (even for a
// verb that does not fit), but a pointer to a string prints as an address.
// The zero-length array makes == on secrets a compile error, since it would
// compare addresses; use [Secret.Equal].
//
// The zero value is an absent secret. A Secret is immutable after creation
// (UnmarshalText replaces it) and may be copied and read concurrently.
type Secret struct {
	_ [0]func()
	p *string
}

// New wraps value. The empty string gives the zero Secret.
func New(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{p: &value}
}

// Reveal returns the plain value, "" for the zero Secret. Call it only where
// the value leaves for its destination, such as a request header.
func (s Secret) Reveal() string {
	if s.p == nil {
		return ""
	}
	return *s.p
}

// IsZero reports whether no secret is held.
func (s Secret) IsZero() bool { return s.p == nil }

// Equal compares in a time that depends on neither content nor length: the
// SHA-256 digests are compared, so that a guess learns nothing from timing.
func (s Secret) Equal(other Secret) bool {
	a, b := s.Digest(), other.Digest()
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Digest returns the SHA-256 of the plain value, fit as a map key. It is not
// safe to print for secrets a person chose: those can be guessed from it.
func (s Secret) Digest() [32]byte { return sha256.Sum256([]byte(s.Reveal())) }

func (s Secret) masked() string {
	if s.p == nil {
		return ""
	}
	return Mask
}

// String returns [Mask], or "" for the zero value.
func (s Secret) String() string { return s.masked() }

// GoString is String for the %#v verb.
func (s Secret) GoString() string { return "redact.Secret(" + s.masked() + ")" }

// Format writes the mask for every verb, flag and width.
func (s Secret) Format(f fmt.State, verb rune) {
	text := s.masked()
	if verb == 'v' && f.Flag('#') {
		text = s.GoString()
	}
	// fmt buffers in memory, so its State cannot fail; Format has no error result.
	_, _ = io.WriteString(f, text)
}

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.masked()) }

// MarshalText implements [encoding.TextMarshaler] with the mask.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.masked()), nil }

// MarshalJSON implements json.Marshaler with the mask as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.masked() + `"`), nil }

// MarshalYAML implements yaml.Marshaler with the mask.
func (s Secret) MarshalYAML() (any, error) { return s.masked(), nil }

// UnmarshalText takes the plain value from a configuration source. Empty text
// gives the zero Secret; the text [Mask] is refused with [ErrMasked].
func (s *Secret) UnmarshalText(text []byte) error {
	if string(text) == Mask {
		return ErrMasked
	}
	*s = New(string(text))
	return nil
}
