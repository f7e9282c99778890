package limiter

import "sync/atomic"

// Handle finds one bucket of a [Set] again and again, mostly without taking a lock
// that all calls share. Its methods may be called from any goroutine.
type Handle struct {
	set               *Set
	limit, credential string
	latest            atomic.Pointer[finding]
}

// finding holds until the set is reconfigured: only then buckets go.
type finding struct {
	bucket   *Bucket
	revision uint64
}

// Handle returns a handle on what [Set.Get] finds. It is no cost to the set.
func (s *Set) Handle(limit, credential string) *Handle {
	return &Handle{set: s, limit: limit, credential: credential}
}

// Bucket is what [Set.Get] returns now.
func (h *Handle) Bucket() *Bucket {
	// Read before the bucket is asked for, so that a finding is never taken for
	// newer than it is.
	revision := h.set.revision.Load()
	if f := h.latest.Load(); f != nil && f.revision == revision {
		return f.bucket
	}
	b := h.set.Get(h.limit, h.credential)
	h.latest.Store(&finding{bucket: b, revision: revision})
	return b
}
