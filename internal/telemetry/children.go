package telemetry

import (
	"maps"
	"sync"
	"sync/atomic"
)

// children finds the series of a family by its labels, without allocating and
// without a lock: a hit costs one map lookup. The map is copied for each new
// series, which is rare. Beyond limit series, spill maps new keys to a few
// coarse ones.
type children[K comparable, C any] struct {
	current atomic.Pointer[map[K]C]
	create  func(K) C
	spill   func(K) K
	limit   int

	mu sync.Mutex // held while a series is added
}

func newChildren[K comparable, C any](limit int, create func(K) C, spill func(K) K) *children[K, C] {
	c := &children[K, C]{create: create, spill: spill, limit: limit}
	c.current.Store(&map[K]C{})
	return c
}

func (c *children[K, C]) get(key K) C {
	if child, ok := (*c.current.Load())[key]; ok {
		return child
	}
	return c.add(key)
}

func (c *children[K, C]) add(key K) C {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := *c.current.Load()
	if len(known) >= c.limit {
		key = c.spill(key)
	}
	if child, ok := known[key]; ok {
		return child
	}
	grown := maps.Clone(known)
	child := c.create(key)
	grown[key] = child
	c.current.Store(&grown)
	return child
}
