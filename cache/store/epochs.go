package store

import "sync"

// Mark is an instant in the order of reads and writes. Marks of different
// [Epochs] have no order; the zero Mark is before every bump.
type Mark uint64

// Epochs remembers when each tag was last made stale. It is safe for
// concurrent use. Make it with [NewEpochs].
//
// Its memory is bounded: when too many tags are remembered, the older half is
// forgotten, and every mark from before the last bump of that half counts as
// stale. Marks are for reads in flight; one that is kept for as long as an
// entry lives becomes stale sooner or later.
type Epochs struct {
	mu    sync.RWMutex
	now   Mark // of the last bump
	floor Mark // marks below are stale
	// Two generations: a bump goes into young; a full young becomes old.
	young, old map[string]Mark
	max        int // tags in one generation
}

// NewEpochs returns Epochs that remember at most maxTags tags, at least 2.
func NewEpochs(maxTags int) *Epochs {
	return &Epochs{young: make(map[string]Mark), max: max(1, maxTags/2)}
}

// Mark returns the present instant, to be taken when a read departs.
func (e *Epochs) Mark() Mark {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.now
}

// Bump makes marks taken before stale for the given tags. A tag longer than
// [MaxTagBytes] makes them stale for all. A write bumps when it departs and
// again when it has ended, unless it is known to have changed nothing.
func (e *Epochs) Bump(tags ...string) {
	if len(tags) == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now++
	for _, t := range tags {
		if len(t) > MaxTagBytes {
			e.forget()
			return
		}
		if _, ok := e.young[t]; !ok && len(e.young) >= e.max {
			for _, m := range e.old {
				e.floor = max(e.floor, m)
			}
			e.old, e.young = e.young, make(map[string]Mark)
		}
		e.young[t] = e.now
	}
}

// BumpAll makes all marks taken before stale for all tags.
func (e *Epochs) BumpAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now++
	e.forget()
}

func (e *Epochs) forget() {
	e.floor = e.now
	clear(e.young)
	e.old = nil
}

// Stale reports whether one of the tags was bumped after since. It does not
// allocate.
func (e *Epochs) Stale(tags []string, since Mark) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.latest(tags) > since
}

// Latest returns the instant of the latest bump of any of the tags: a mark is
// stale for them exactly if it is before. Made part of the key by which reads
// are joined, it keeps a caller who came after a write from joining a read
// that departed before. It does not allocate.
func (e *Epochs) Latest(tags []string) Mark {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.latest(tags)
}

func (e *Epochs) latest(tags []string) Mark {
	m := e.floor
	for _, t := range tags {
		// Missing ones are zero; what is in both generations is larger in young.
		m = max(m, e.young[t], e.old[t])
	}
	return m
}

// IfCurrent calls f if since is not stale for the tags, and reports whether it
// was called. Bumps wait until f has returned, so f should do no more than
// [Store.Put], and must not use these Epochs.
func (e *Epochs) IfCurrent(tags []string, since Mark, f func()) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.latest(tags) > since {
		return false
	}
	f()
	return true
}
