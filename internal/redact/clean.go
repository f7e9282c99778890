package redact

import (
	"hash/maphash"
	"strings"

	"github.com/cleengate/cleengate/internal/recall"
)

const (
	cleanSets  = 1 << 9 // of two texts each
	cleanBytes = 192    // longer texts are not remembered
)

// Clean remembers texts in which nothing had to be hidden, since headers, paths
// and names come again and again: finding one costs less than searching it.
// Only what is shown anyway is in it, never a secret. An entry holds for one
// version of the vault. It takes about 250 KiB at most. Make it with [NewClean];
// it is safe for concurrent use.
type Clean struct {
	seed  maphash.Seed
	table *recall.Table[cleanEntry]
}

// NewClean returns an empty memory.
func NewClean() *Clean {
	return &Clean{seed: maphash.MakeSeed(), table: recall.New[cleanEntry](cleanSets)}
}

type cleanEntry struct {
	hash    uint64
	kind    byte
	a, b    string
	version uint64
}

func (c *Clean) hash(kind byte, a, b string) uint64 {
	return maphash.String(c.seed, b) ^ uint64(len(a))<<3 ^ uint64(kind) // equal b under another a are rare
}

// Has reports whether the texts are known to be clean, and their hash.
// version is that of the vault, read before, and kind a number for the rules
// that b is masked by. What a is, apart from b, is up to the kind.
func (c *Clean) Has(version uint64, kind byte, a, b string) (hash uint64, ok bool) {
	hash = c.hash(kind, a, b)
	return hash, c.table.Find(hash, func(e *cleanEntry) bool {
		return e.hash == hash && e.version == version && e.kind == kind && e.b == b && e.a == a
	}) != nil
}

// Note remembers texts when they come for the second time. hash is what
// [Clean.Has] returned.
func (c *Clean) Note(hash, version uint64, kind byte, a, b string) {
	if len(a)+len(b) <= cleanBytes && c.table.Recurs(hash) {
		c.table.Put(hash, &cleanEntry{hash: hash, kind: kind, a: strings.Clone(a), b: strings.Clone(b), version: version})
	}
}
