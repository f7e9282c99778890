package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/ristretto/v2"
)

// Key names an entry. It is to be a cryptographic digest of all that tells
// requests apart (SHA-256), so that its first eight bytes spread evenly.
type Key [32]byte

// hash is what ristretto knows of a key.
func (k *Key) hash() uint64 { return binary.LittleEndian.Uint64(k[:8]) }

// Item is an entry as it is put in or listed.
type Item[V any] struct {
	Key Key
	// Value is shared by all who get it and must not change any more.
	Value V
	// Bytes is the heap that Value holds, all it points to included. The
	// store adds what it needs itself.
	Bytes int64
	// Tags are what the entry can be purged by: at most [MaxTags], each of 1
	// to [MaxTagBytes] bytes. Repeated ones count once.
	Tags []string
}

// The bounds on tags. An entry beyond them is refused, as it could not be
// purged reliably.
const (
	MaxTags     = 16
	MaxTagBytes = 1024
)

// Options are the bounds of a [Store].
type Options struct {
	// MaxBytes is the budget of all entries with the store's own overhead.
	// It must be at least 64 KiB.
	MaxBytes int64
	// MaxEntryBytes is the largest Bytes of one entry. Zero means
	// MaxBytes/64; more than MaxBytes/4 is refused.
	MaxEntryBytes int64
}

const minBytes = 64 << 10

func (o *Options) validate() error {
	if o.MaxBytes < minBytes {
		return fmt.Errorf("cache of %d bytes: give it at least %d", o.MaxBytes, minBytes)
	}
	if o.MaxEntryBytes == 0 {
		o.MaxEntryBytes = o.MaxBytes / 64
	}
	if o.MaxEntryBytes < 0 || o.MaxEntryBytes > o.MaxBytes/4 {
		return fmt.Errorf("cache entries of up to %d bytes in a cache of %d: choose 1 to %d (a quarter), or 0 for the default",
			o.MaxEntryBytes, o.MaxBytes, o.MaxBytes/4)
	}
	return nil
}

// ErrClosed is returned by [Store.Resize] after [Store.Close].
var ErrClosed = errors.New("the cache's store is closed")

// Store is a bounded map of entries, safe for concurrent use. Make it with
// [New] and end it with [Store.Close]; it owns two goroutines in between.
type Store[V any] struct {
	// life is held for reading by each use, and for writing by Close: ristretto
	// itself does not bear being used while it is closed.
	life   sync.RWMutex
	closed bool

	cache *ristretto.Cache[uint64, *node[V]]
	index index[V]
	// writing orders the writes of one key. Two writes that ristretto has in
	// its buffer together would be taken for two new entries, and the later
	// one refused.
	writing [64]sync.Mutex

	maxBytes, maxEntry atomic.Int64
	refused            atomic.Int64
}

// New returns an empty store. It fails if the options contradict themselves.
func New[V any](o Options) (*Store[V], error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	s := &Store[V]{}
	s.index.tags = make(map[string]*tag[V])
	s.maxBytes.Store(o.MaxBytes)
	s.maxEntry.Store(o.MaxEntryBytes)
	c, err := ristretto.NewCache(&ristretto.Config[uint64, *node[V]]{
		// Ten for an entry of 2 KiB: 2 to 3 % of the budget. Half as many
		// fall behind an LRU on BenchmarkZipf.
		NumCounters:        max(1<<10, o.MaxBytes/200),
		MaxCost:            o.MaxBytes,
		BufferItems:        64,
		IgnoreInternalCost: true, // part of overhead
		KeyToHash:          func(h uint64) (uint64, uint64) { return h, 0 },
		OnEvict:            func(*ristretto.Item[*node[V]]) { s.index.evictions.Add(1) },
		OnExit:             s.index.remove,
	})
	if err != nil {
		return nil, fmt.Errorf("making a cache of %d bytes: %w", o.MaxBytes, err)
	}
	s.cache = c
	return s, nil
}

// Get returns the value under key and whether there is one. It does not
// allocate. After [Store.Close] there is none.
func (s *Store[V]) Get(key Key) (V, bool) {
	s.life.RLock()
	defer s.life.RUnlock()
	if !s.closed {
		if n, ok := s.cache.Get(key.hash()); ok && n.key == key {
			return n.value, true
		}
	}
	var zero V
	return zero, false
}

// Put stores an entry in place of the one under the same key and reports
// whether it did. If it did, [Store.Get] and the purges see the entry from now
// on, until it is evicted; if not, because the entry is too large, breaks the
// bounds on tags, or is worth less than what it would push out, then nothing
// is stored under the key any more. The store keeps Value and copies the rest.
func (s *Store[V]) Put(it Item[V]) bool {
	s.life.RLock()
	defer s.life.RUnlock()
	if s.closed {
		return false
	}
	h := it.Key.hash()
	lock := &s.writing[h%uint64(len(s.writing))]
	lock.Lock()
	defer lock.Unlock()

	if it.Bytes < 0 || it.Bytes > s.maxEntry.Load() || !validTags(it.Tags) {
		s.refused.Add(1)
		s.delete(h)
		return false
	}
	n := &node[V]{key: it.Key, value: it.Value, bytes: it.Bytes}
	if s.set(h, n, it.Tags) && s.cache.RemainingCost() < 0 {
		// It replaced a smaller entry, which ristretto allows whatever the
		// budget says. As a new entry it has to compete.
		s.delete(h)
		n = &node[V]{key: it.Key, value: it.Value, bytes: it.Bytes}
		s.set(h, n, it.Tags)
	}
	if !s.index.has(n) {
		s.refused.Add(1)
		return false
	}
	return true
}

// set hands n to ristretto and waits until it has decided. It reports whether
// the entry is stored. The key's lock must be held.
func (s *Store[V]) set(h uint64, n *node[V], tags []string) bool {
	cost := s.index.add(n, tags) // before it is visible, or a purge could miss it
	if !s.cache.Set(h, n, cost) {
		s.index.remove(n)
		return false
	}
	// The writes before this one are all that it waits for.
	s.cache.Wait()
	return s.index.has(n)
}

// delete removes what ristretto knows as h. The key's lock must be held.
func (s *Store[V]) delete(h uint64) {
	s.cache.Del(h)
	s.cache.Wait()
}

// Delete removes the entry under key and reports whether there was one.
func (s *Store[V]) Delete(key Key) bool {
	s.life.RLock()
	defer s.life.RUnlock()
	return !s.closed && s.deleteKey(key)
}

func (s *Store[V]) deleteKey(key Key) bool {
	h := key.hash()
	lock := &s.writing[h%uint64(len(s.writing))]
	lock.Lock()
	defer lock.Unlock()
	n, ok := s.cache.Get(h)
	if !ok || n.key != key {
		return false
	}
	s.delete(h)
	return true
}

// Close drops all entries and ends the store's goroutines. It waits for uses
// in progress; later ones find nothing and store nothing. It returns nil, at
// every call.
func (s *Store[V]) Close() error {
	s.life.Lock()
	defer s.life.Unlock()
	if !s.closed {
		s.closed = true
		s.cache.Close()
	}
	return nil
}
