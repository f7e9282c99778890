package redact

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

const (
	cleanSlots = 1 << 9
	cleanBytes = 192 // longer texts are not remembered
)

// Clean remembers texts in which nothing had to be hidden, since headers, paths
// and names come again and again: finding one costs less than searching it.
// Only what is shown anyway is in it, never a secret. An entry holds for one
// version of the vault. It is a table of fixed size, about 100 KiB, in which
// texts push each other out; one that comes once, such as a request id, leaves
// only a mark. Make it with [NewClean]; it is safe for concurrent use.
type Clean struct {
	seed  maphash.Seed
	slots [cleanSlots]atomic.Pointer[cleanEntry]
	marks [cleanSlots]atomic.Uint32
}

// NewClean returns an empty memory.
func NewClean() *Clean { return &Clean{seed: maphash.MakeSeed()} }

type cleanEntry struct {
	kind    byte
	a, b    string
	version uint64
}

func (c *Clean) hash(kind byte, a, b string) uint64 {
	return maphash.String(c.seed, b) ^ uint64(len(a))<<3 ^ uint64(kind) // equal b under another a are rare
}

// Has reports whether the texts are known to be clean, and where they belong.
// version is that of the vault, read before, and kind a number for the rules
// that b is masked by. What a is, apart from b, is up to the kind.
func (c *Clean) Has(version uint64, kind byte, a, b string) (at uint64, ok bool) {
	at = c.hash(kind, a, b)
	e := c.slots[at%cleanSlots].Load()
	return at, e != nil && e.version == version && e.kind == kind && e.b == b && e.a == a
}

// Note remembers texts when they come for the second time. at is what
// [Clean.Has] returned.
func (c *Clean) Note(at, version uint64, kind byte, a, b string) {
	if len(a)+len(b) > cleanBytes {
		return
	}
	mark := uint32(at>>32) | 1
	if c.marks[at%cleanSlots].Swap(mark) != mark {
		return
	}
	c.slots[at%cleanSlots].Store(&cleanEntry{kind: kind, a: strings.Clone(a), b: strings.Clone(b), version: version})
}
