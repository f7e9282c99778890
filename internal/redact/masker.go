package redact

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"
	"sync"
)

const (
	maskPrefix = "[redacted:"
	tagBytes   = 4
	maskLen    = len(maskPrefix) + 2*tagBytes + 1
)

// Masker makes masks that are equal for equal values: [redacted:3f9a01c7].
// The tag is the beginning of an HMAC-SHA256 (RFC 2104) under a random key
// that never leaves the Masker, so nobody can test a guess, and masks of two
// Maskers cannot be related. A nil Masker gives [Mask]. Safe for concurrent
// use.
type Masker struct {
	hashes sync.Pool
}

// NewMasker returns a Masker with a fresh key.
func NewMasker() *Masker {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return &Masker{hashes: sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// Mask returns the mask of value.
func (m *Masker) Mask(value string) string {
	if m == nil {
		return Mask
	}
	h, ok := m.hashes.Get().(hash.Hash)
	if !ok {
		return Mask
	}
	defer m.hashes.Put(h)
	h.Reset()
	_, _ = h.Write([]byte(value)) // never fails
	var sum [sha256.Size]byte
	var out [maskLen]byte
	copy(out[:], maskPrefix)
	hex.Encode(out[len(maskPrefix):], h.Sum(sum[:0])[:tagBytes])
	out[maskLen-1] = ']'
	return string(out[:])
}

// Retag replaces the masks of other Maskers in text by masks of its own. Masks
// that were equal stay equal. An export does this last, with a Masker that is
// then thrown away.
func (m *Masker) Retag(text string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, maskPrefix)
		if i < 0 || len(text)-i < maskLen {
			break
		}
		if mask := text[i : i+maskLen]; isMasked(mask) && hexadecimal(mask[len(maskPrefix):maskLen-1]) {
			b.WriteString(text[:i])
			b.WriteString(m.Mask(mask))
			text = text[i+maskLen:]
			continue
		}
		b.WriteString(text[:i+len(maskPrefix)])
		text = text[i+len(maskPrefix):]
	}
	if b.Len() == 0 {
		return text
	}
	b.WriteString(text)
	return b.String()
}

func hexadecimal(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}
