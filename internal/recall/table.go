// Package recall remembers what was worked out before for things that come again
// and again, such as the paths that an app calls.
//
// Its memory has a fixed size. What comes once leaves only a mark; what comes again
// soon after is kept, until others push it out. So a flood of things that never come
// again costs nothing but the look.
package recall

import "sync/atomic"

// Table holds values by the hash of what they were worked out from. A hash may lead
// to the value of something else: whoever asks compares. Make it with [New]; it is
// safe for concurrent use. Values are shared and must not be changed.
type Table[V any] struct {
	sets []set[V]
}

// set holds the values whose hashes lead to the same place. There are two, so that
// two that both come all the time do not push each other out.
type set[V any] struct {
	values [2]atomic.Pointer[V] // the one that was put in last is the first
	marks  atomic.Uint64        // of the two hashes that were seen last, the later one in the lower half
}

// New returns a table for at most 2*sets values; sets is above zero.
func New[V any](sets int) *Table[V] { return &Table[V]{sets: make([]set[V], sets)} }

func (t *Table[V]) at(hash uint64) *set[V] { return &t.sets[hash%uint64(len(t.sets))] }

// Find returns the value for which same holds, nil for none.
func (t *Table[V]) Find(hash uint64, same func(*V) bool) *V {
	s := t.at(hash)
	for i := range s.values {
		if v := s.values[i].Load(); v != nil && same(v) {
			return v
		}
	}
	return nil
}

// Recurs notes that a hash was looked for in vain, and reports whether it was one of
// the last two in its place: then it is worth a value.
func (t *Table[V]) Recurs(hash uint64) bool {
	mark := hash>>32 | 1 // 0 is none
	marks := &t.at(hash).marks
	before := marks.Load()
	if before&(1<<32-1) == mark || before>>32 == mark {
		return true
	}
	marks.Store(before<<32 | mark) // where another comes in between, one of both is forgotten
	return false
}

// Put keeps a value, in the place of the older one of two.
func (t *Table[V]) Put(hash uint64, v *V) {
	s := t.at(hash)
	s.values[1].Store(s.values[0].Load())
	s.values[0].Store(v)
}
