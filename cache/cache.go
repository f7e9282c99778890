package cache

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cleengate/cleengate/cache/flight"
	"github.com/cleengate/cleengate/cache/store"
)

const (
	// entryShare is the part of the memory that one answer may take, so that a
	// few large ones do not push out all others.
	entryShare = 64
	// minEntry and maxEntry bound that part.
	minEntry = 64 << 10
	maxEntry = 8 << 20
	// minBytes is the smallest cache there is.
	minBytes = 64 << 10
	// minBuffered is what all answers that are being shared may take together.
	minBuffered = 16 << 20
	// maxEpochs bounds the names that writes changed and that are remembered for
	// reads under way.
	maxEpochs = 1 << 16
)

// Metrics is what the cache counts. Implementations are safe for concurrent use
// and do not block.
type Metrics interface {
	// Lookup counts a read by how its lookup ended: hit, stale, revalidated,
	// miss or bypass.
	Lookup(result string)
}

// Options are what a [Cache] needs for its whole life.
type Options struct {
	// MaxBytes bounds the stored answers, their keys and names included; 0
	// turns the cache off, and calls pass as if there were none.
	MaxBytes int64
	Metrics  Metrics
}

// Cache holds answers for all upstreams of a process. It is safe for concurrent
// use. Make it with [New]; [Cache.Close] waits for what it began.
type Cache struct {
	secret  [32]byte // makes digests of credentials useless elsewhere
	metrics Metrics

	on        atomic.Bool
	store     *store.Store[*entry]
	epochs    *store.Epochs
	maxEntry  atomic.Int64
	flights   *flight.Group[Key]
	held      budget // of answers that are kept or taken apart outside of flights
	unsettled unsettled
	later     background
	watched   watched
	injected  [8]atomic.Pointer[injectedIdentity]
}

// New makes an empty cache. It does no I/O.
func New(o Options) (*Cache, error) {
	c := &Cache{metrics: o.Metrics, epochs: store.NewEpochs(maxEpochs)}
	_, _ = rand.Read(c.secret[:]) // never fails, see crypto/rand
	bounds := sizes(o.MaxBytes)
	stored, err := store.New[*entry](bounds)
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	c.store = stored
	c.maxEntry.Store(bounds.MaxEntryBytes)
	c.flights = flight.New[Key](flight.Options{MaxBody: bounds.MaxEntryBytes, MaxBuffered: buffered(bounds)})
	c.held.most.Store(buffered(bounds))
	c.on.Store(o.MaxBytes > 0)
	c.later.open()
	return c, nil
}

// Enabled reports whether there is a cache at all. A nil Cache is none.
func (c *Cache) Enabled() bool { return c != nil && c.on.Load() }

// Resize changes the memory; 0 turns the cache off and drops what it holds.
// Those who use it find out whether it is on with [Cache.Enabled].
func (c *Cache) Resize(maxBytes int64) error {
	c.on.Store(maxBytes > 0)
	if maxBytes <= 0 {
		c.epochs.BumpAll()
		c.store.PurgeAll()
		return nil
	}
	bounds := sizes(maxBytes)
	if bounds.MaxBytes == c.store.Stat().MaxBytes {
		return nil
	}
	c.maxEntry.Store(bounds.MaxEntryBytes)
	c.held.most.Store(buffered(bounds))
	c.flights.Resize(bounds.MaxEntryBytes, buffered(bounds))
	if err := c.store.Resize(bounds); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}

// Stat is the state of the cache at one instant. The zero value is that of a
// cache that is off.
type Stat struct {
	Bytes     int64 // of entries, with their keys and names
	MaxBytes  int64
	Entries   int
	Evictions int64 // entries pushed out by others, ever
	Refusals  int64 // answers that found no room, ever
}

// Stat returns the figures of the cache.
func (c *Cache) Stat() Stat {
	if !c.Enabled() {
		return Stat{}
	}
	s := c.store.Stat()
	return Stat{Bytes: s.Bytes, MaxBytes: s.MaxBytes, Entries: s.Entries, Evictions: s.Evictions, Refusals: s.Refusals}
}

// Close ends calls that are shared and validations in the background, waits
// for them, and drops what is stored. It may be called more than once.
func (c *Cache) Close() error {
	c.later.close()
	return errors.Join(c.flights.Close(), c.store.Close())
}

// sizes are the bounds for a configured size.
func sizes(maxBytes int64) store.Options {
	maxBytes = max(maxBytes, minBytes)
	return store.Options{MaxBytes: maxBytes, MaxEntryBytes: min(max(maxBytes/entryShare, minEntry), maxEntry, maxBytes/4)}
}

// buffered is what all answers that are being shared may take together, and
// so may those that are read by one caller alone.
func buffered(bounds store.Options) int64 { return max(bounds.MaxBytes/4, minBuffered) }
