package journal

import "slices"

const (
	minSegment = 4 << 10
	maxSegment = 256 << 10
	segmentsOf = 64 // of which a ring is made, where the bounds above allow it
	entrySize  = 16 // bytes of an entry
)

// ring keeps the latest records, as many as fit into its limit. They stand one
// behind the other in segments; the oldest segment makes room for the newest.
// Its owner guards it.
type ring struct {
	limit    int64
	size     int64 // real bytes: capacity of the segments and of their entries
	segments []*segment
	newest   uint64 // number of the last segment, from 1
	pinned   int64  // of excerpts that records refer to
}

type segment struct {
	number  uint64
	data    []byte
	entries []entry
}

type entry struct {
	end     int // in data; it begins where the one before it ends
	excerpt *Excerpt
}

func (r *ring) segmentSize() int {
	return int(min(max(r.limit/segmentsOf, minSegment), maxSegment))
}

// add copies a record into the ring. One that is larger than the whole ring is
// not kept.
func (r *ring) add(stored []byte, excerpt *Excerpt) {
	if int64(len(stored))+entrySize > r.limit {
		return
	}
	var s *segment
	if n := len(r.segments); n > 0 {
		s = r.segments[n-1]
	}
	if s == nil || len(s.data)+len(stored) > cap(s.data) {
		s = r.open(max(len(stored), r.segmentSize()))
	}
	s.data = append(s.data, stored...)
	before := cap(s.entries)
	s.entries = append(s.entries, entry{end: len(s.data), excerpt: excerpt})
	r.size += int64(cap(s.entries)-before) * entrySize
	if excerpt != nil {
		if excerpt.refs++; excerpt.refs == 1 {
			r.pinned += excerpt.bytes()
		}
	}
	for r.size+r.pinned > r.limit && len(r.segments) > 1 {
		r.drop()
	}
}

// open begins a segment of the given capacity, in the memory of a dropped one
// where that fits.
func (r *ring) open(capacity int) *segment {
	var spare *segment
	for len(r.segments) > 0 && r.size+r.pinned+int64(capacity) > r.limit {
		spare = r.drop()
	}
	r.newest++
	s := &segment{number: r.newest}
	if spare != nil && cap(spare.data) == capacity {
		s.data, s.entries = spare.data[:0], spare.entries[:0]
	} else {
		s.data = make([]byte, 0, capacity)
	}
	r.size += int64(cap(s.data)) + int64(cap(s.entries))*entrySize
	r.segments = append(r.segments, s)
	return s
}

// drop forgets the oldest segment.
func (r *ring) drop() *segment {
	s := r.segments[0]
	r.segments[0] = nil
	r.segments = r.segments[1:]
	r.size -= int64(cap(s.data)) + int64(cap(s.entries))*entrySize
	for i := range s.entries {
		if e := s.entries[i].excerpt; e != nil {
			if e.refs--; e.refs == 0 {
				r.pinned -= e.bytes()
			}
		}
	}
	clear(s.entries)
	return s
}

// resize changes the limit and drops what no longer fits.
func (r *ring) resize(limit int64) {
	r.limit = limit
	for len(r.segments) > 0 && r.size+r.pinned > limit {
		r.drop()
	}
}

// segment finds one by its number, nil where it is gone.
func (r *ring) segment(number uint64) *segment {
	if len(r.segments) == 0 || number < r.segments[0].number || number > r.newest {
		return nil
	}
	return r.segments[number-r.segments[0].number]
}

// backwards shows the records of a segment, the newest first, until visit
// returns false.
func (s *segment) backwards(visit func(stored []byte, excerpt *Excerpt) bool) bool {
	for i, e := range slices.Backward(s.entries) {
		start := 0
		if i > 0 {
			start = s.entries[i-1].end
		}
		if !visit(s.data[start:e.end:e.end], e.excerpt) {
			return false
		}
	}
	return true
}
