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
// only a mark. Each text has a choice of two slots, and two marks stand side by
// side, so that two which come all the time and meet in one place do not push
// each other out forever. Make it with [NewClean]; it is safe for concurrent
// use.
type Clean struct {
	seed  maphash.Seed
	slots [cleanSlots]atomic.Pointer[cleanEntry]
	marks [cleanSlots]atomic.Uint64 // the later one in the lower half
}

// NewClean returns an empty memory.
func NewClean() *Clean { return &Clean{seed: maphash.MakeSeed()} }

type cleanEntry struct {
	hash    uint64
	kind    byte
	a, b    string
	version uint64
}

func (c *Clean) hash(kind byte, a, b string) uint64 {
	return maphash.String(c.seed, b) ^ uint64(len(a))<<3 ^ uint64(kind) // equal b under another a are rare
}

// places are the two slots of a text.
func (c *Clean) places(hash uint64) [2]*atomic.Pointer[cleanEntry] {
	return [2]*atomic.Pointer[cleanEntry]{&c.slots[hash%cleanSlots], &c.slots[hash/cleanSlots%cleanSlots]}
}

// Has reports whether the texts are known to be clean, and their hash.
// version is that of the vault, read before, and kind a number for the rules
// that b is masked by. What a is, apart from b, is up to the kind.
func (c *Clean) Has(version uint64, kind byte, a, b string) (hash uint64, ok bool) {
	hash = c.hash(kind, a, b)
	for _, slot := range c.places(hash) {
		if e := slot.Load(); e != nil && e.hash == hash && e.version == version && e.kind == kind && e.b == b && e.a == a {
			return hash, true
		}
	}
	return hash, false
}

// Note remembers texts when they come for the second time. hash is what
// [Clean.Has] returned.
func (c *Clean) Note(hash, version uint64, kind byte, a, b string) {
	if len(a)+len(b) > cleanBytes || !c.marked(hash) {
		return
	}
	places := c.places(hash)
	slot := places[1]
	if e := places[0].Load(); e == nil || e.version != version {
		slot = places[0]
	}
	slot.Store(&cleanEntry{hash: hash, kind: kind, a: strings.Clone(a), b: strings.Clone(b), version: version})
}

// marked reports whether a text came before, and marks it.
func (c *Clean) marked(hash uint64) bool {
	mark := hash>>32 | 1 // 0 is none
	at := &c.marks[hash%cleanSlots]
	before := at.Load()
	if before&(1<<32-1) == mark || before>>32 == mark {
		return true
	}
	at.Store(before<<32 | mark) // where another comes in between, one of both is forgotten
	return false
}
