package telemetry

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/cleengate/cleengate/internal/recall"
)

// lateSets bounds the series that are found without the map: two for each.
const lateSets = 32

// children finds the series of a family by its labels, without allocating and
// without a lock. What was asked for lately is found by a rough hash, which may be
// the same for many keys, others cost one map lookup: a map reads every byte of its
// key and more of the memory. It is copied for each new series, which is rare. Beyond
// limit series, spill maps new keys to a few coarse ones.
type children[K comparable, C any] struct {
	late    *recall.Table[member[K, C]]
	hash    func(K) int
	current atomic.Pointer[map[K]*member[K, C]]
	create  func(K) C
	spill   func(K) K
	limit   int

	mu sync.Mutex // held while a series is added
}

type member[K comparable, C any] struct {
	key   K
	child C
}

func newChildren[K comparable, C any](limit int, hash func(K) int, create func(K) C, spill func(K) K) *children[K, C] {
	c := &children[K, C]{late: recall.New[member[K, C]](lateSets), hash: hash, create: create, spill: spill, limit: limit}
	c.current.Store(&map[K]*member[K, C]{})
	return c
}

func (c *children[K, C]) get(key K) C {
	hash := uint64(c.hash(key)) //nolint:gosec // any number will do
	if m := c.late.Find(hash, func(m *member[K, C]) bool { return m.key == key }); m != nil {
		return m.child
	}
	m := (*c.current.Load())[key]
	if m == nil {
		m = c.add(key)
	}
	if m.key == key {
		c.late.Put(hash, m)
	}
	return m.child
}

// byLength is a hash for few names.
func byLength(name string) int { return len(name) }

func (c *children[K, C]) add(key K) *member[K, C] {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := *c.current.Load()
	if len(known) >= c.limit {
		key = c.spill(key)
	}
	if m, ok := known[key]; ok {
		return m
	}
	grown := maps.Clone(known)
	m := &member[K, C]{key: key, child: c.create(key)}
	grown[key] = m
	c.current.Store(&grown)
	return m
}
