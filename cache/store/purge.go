package store

// PurgeTag removes the entries that have the tag and returns how many it
// removed. Entries that are put while it runs may stay; see [Epochs].
func (s *Store[V]) PurgeTag(tag string) int {
	s.life.RLock()
	defer s.life.RUnlock()
	if s.closed {
		return 0
	}
	return s.deleteKeys(s.index.keys(tag))
}

// together is how many deletions are handed to ristretto before they are waited
// for: few enough to leave room in its buffer for the writes of others.
const together = 256

// deleteKeys removes what lies under the keys and returns how many it removed.
// Lookups and writes of other keys go on meanwhile, and those of a key once it
// has been removed: ristretto applies what it is told of a key in order.
func (s *Store[V]) deleteKeys(keys []Key) int {
	removed := 0
	for i := range keys {
		h := keys[i].hash()
		lock := &s.writing[h%uint64(len(s.writing))]
		lock.Lock()
		if n, ok := s.cache.Get(h); ok && n.key == keys[i] {
			s.cache.Del(h)
			removed++
		}
		lock.Unlock()
		if i%together == together-1 {
			s.cache.Wait()
		}
	}
	s.cache.Wait()
	return removed
}

// PurgeAll removes the entries there are and returns how many it removed.
// Entries that are put while it runs may stay; see [Epochs].
func (s *Store[V]) PurgeAll() int {
	s.life.RLock()
	defer s.life.RUnlock()
	if s.closed {
		return 0
	}
	nodes := s.nodes()
	keys := make([]Key, len(nodes))
	for i, n := range nodes {
		keys[i] = n.key
	}
	return s.deleteKeys(keys)
}

// Each calls f with the entries in no particular order until f returns false.
// What is put meanwhile may be left out; what is removed meanwhile is. f may
// use the store.
func (s *Store[V]) Each(f func(Item[V]) bool) {
	for _, n := range s.snapshot() {
		if it, ok := s.index.item(n); ok && !f(it) {
			return
		}
	}
}

func (s *Store[V]) snapshot() []*node[V] {
	s.life.RLock()
	defer s.life.RUnlock()
	if s.closed {
		return nil
	}
	return s.nodes()
}

// nodes copies the list first, since ristretto holds locks while it iterates.
func (s *Store[V]) nodes() []*node[V] {
	nodes := make([]*node[V], 0, s.Stat().Entries)
	s.cache.IterValues(func(n *node[V]) bool {
		nodes = append(nodes, n)
		return false
	})
	return nodes
}

// Stat are a store's figures at one time.
type Stat struct {
	Bytes     int64 // of all entries, with overhead; comparable to MaxBytes
	MaxBytes  int64
	Entries   int
	Evictions int64 // entries pushed out by others, ever
	Refusals  int64 // calls of Put that returned false, ever
}

// Stat returns the store's figures.
func (s *Store[V]) Stat() Stat {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	return Stat{
		Bytes: s.index.bytes, MaxBytes: s.maxBytes.Load(), Entries: s.index.entries,
		Evictions: s.index.evictions.Load(), Refusals: s.refused.Load(),
	}
}

// Resize changes the bounds. If the entries no longer fit, arbitrary ones are
// removed before it returns. Memory of how often keys were asked for stays as
// large as [New] made it, so a store that grows manyfold chooses less well
// than a new one.
func (s *Store[V]) Resize(o Options) error {
	if err := o.validate(); err != nil {
		return err
	}
	s.life.RLock()
	defer s.life.RUnlock()
	if s.closed {
		return ErrClosed
	}
	s.maxBytes.Store(o.MaxBytes)
	s.maxEntry.Store(o.MaxEntryBytes)
	s.cache.UpdateMaxCost(o.MaxBytes)
	for _, n := range s.nodes() {
		if n.bytes <= o.MaxEntryBytes && s.cache.RemainingCost() >= 0 {
			continue
		}
		if s.deleteKey(n.key) {
			s.index.evictions.Add(1)
		}
	}
	return nil
}
