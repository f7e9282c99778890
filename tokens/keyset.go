package tokens

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cleengate/cleengate/internal/redact"
)

// maxKeys bounds a key list; every key may be tried on one call.
const maxKeys = 16

// key is one configured value. It stays the same object while the value stays
// configured, whatever happens to the list around it.
type key struct {
	id    uint64
	value redact.Secret
	seen  sightings
}

// keyset is one state of [Keys]. It is immutable; changes swap in a new one.
type keyset struct {
	keys      []*key
	tokens    []Token // by position in keys
	head      int     // position that is preferred
	preferred map[Where]int
	account   string
}

func (s *keyset) position(k *key) int { return slices.Index(s.keys, k) }

func (s *keyset) find(value redact.Secret) int {
	return slices.IndexFunc(s.keys, func(k *key) bool { return k.value.Equal(value) })
}

// choose returns the position for a call that was refused with some keys: the
// preferred one, else the first in order. It is -1 if none is left.
func (s *keyset) choose(where Where, refused []*key) int {
	if len(s.keys) == 0 {
		return -1
	}
	first := s.head
	if position, ok := s.preferred[where]; ok {
		first = position
	}
	if len(refused) == 0 || !slices.Contains(refused, s.keys[first]) {
		return first
	}
	return slices.IndexFunc(s.keys, func(k *key) bool { return !slices.Contains(refused, k) })
}

// ParseKeys reads a key file: one key a line, surrounding white space and
// blank lines ignored. The result is empty for a file without keys.
func ParseKeys(file []byte) []redact.Secret {
	var keys []redact.Secret
	for line := range bytes.Lines(file) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			keys = append(keys, redact.New(string(line)))
		}
	}
	return keys
}

// validKeys returns values without duplicates, or what is wrong with them.
func validKeys(kind Kind, values []redact.Secret) ([]redact.Secret, error) {
	var valid []redact.Secret
	for i, value := range values {
		if err := validValue(kind, value.Reveal()); err != nil {
			return nil, fmt.Errorf("value %d of %d %w", i+1, len(values), err)
		}
		if !slices.ContainsFunc(valid, value.Equal) {
			valid = append(valid, value)
		}
	}
	if len(valid) > maxKeys {
		return nil, fmt.Errorf("%d keys are more than the %d that are tried; remove the ones no longer in use", len(valid), maxKeys)
	}
	return valid, nil
}

func validValue(kind Kind, value string) error {
	switch {
	case strings.TrimSpace(value) == "":
		return errors.New("is empty; leave it out or put the value there")
	case strings.TrimSpace(value) != value:
		return errors.New("begins or ends with white space; remove it")
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		return errors.New("has a control character inside; it cannot stand in a header field (RFC 9110 section 5.5)")
	case kind == KindHeader:
		return nil
	case strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("has white space or a character beyond ASCII inside; put one key a line")
	case strings.ContainsAny(value[:1], `"'`):
		return errors.New("is quoted; remove the quotation marks")
	}
	return nil
}
