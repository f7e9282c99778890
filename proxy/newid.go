package proxy

import (
	"crypto/rand"
	"encoding/hex"
	"sync"
)

const (
	idBytes      = 16
	idsInAdvance = 32
)

// randomness is random bytes of which each is used once. Asking the system for
// those of many ids at a time costs a fraction of asking for each.
type randomness struct {
	bytes [idsInAdvance * idBytes]byte
	used  int
}

var randoms = sync.Pool{New: func() any { return &randomness{used: idsInAdvance * idBytes} }}

// newID makes an id that nobody can guess: 16 random bytes in hexadecimal.
func newID() string {
	r, _ := randoms.Get().(*randomness)
	if r.used == len(r.bytes) {
		_, _ = rand.Read(r.bytes[:]) // never fails
		r.used = 0
	}
	var text [2 * idBytes]byte
	hex.Encode(text[:], r.bytes[r.used:r.used+idBytes])
	r.used += idBytes
	randoms.Put(r)
	return string(text[:])
}
