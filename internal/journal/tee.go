package journal

import (
	"bytes"
	"sync"
)

// minTee is the first buffer that a tee takes; most answers fit.
const minTee = 2 << 10

// Tee keeps the beginning of a body that passes by. The zero value and nil
// keep nothing. Its owner places it where the body passes, as a part of what
// is made for the request anyway, and prepares it with [Exchange.Tee].
//
// One that follows another keeps nothing itself as long as it sees the same: the
// app mostly gets the body that the upstream sent, and that is kept once.
//
// Write may be called while the exchange ends on another goroutine: what comes
// after that is not kept.
type Tee struct {
	mu      sync.Mutex // guards what follows; taken before that of leader
	leader  *Tee       // that has seen all of this before; nil for none. It follows nobody.
	journal *Journal   // nil: nothing is kept
	buffer  *[]byte    // from teeBuffers
	taken   int64      // of the journal's memory for messages that pass by
	size    int64
	limit   int
	loose   bool
	cut     bool
}

// teeBuffers are buffers of tees, none larger than maxTeeBuffer.
var teeBuffers = sync.Pool{New: func() any { b := make([]byte, 0, minTee); return &b }}

const maxTeeBuffer = 64 << 10

func (t *Tee) open(j *Journal, loose bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.journal == nil {
		t.journal, t.loose, t.limit = j, loose, int(j.body.Load())
	}
}

// Write keeps what fits. It never fails.
func (t *Tee) Write(p []byte) {
	if t == nil || len(p) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.journal == nil {
		return
	}
	if t.leader != nil {
		if t.leader.has(t.size, p) {
			t.size += int64(len(p))
			return
		}
		t.part()
	}
	t.keep(p)
}

// keep is Write without the lock, of one that follows nobody.
func (t *Tee) keep(p []byte) {
	t.size += int64(len(p))
	if t.cut {
		return
	}
	have := len(t.kept())
	keep := min(len(p), t.limit-have)
	if keep < len(p) {
		t.cut = true
	}
	if keep <= 0 {
		return
	}
	if !t.reserve(int64(have + keep)) {
		t.cut = true
		return
	}
	*t.buffer = append(*t.buffer, p[:keep]...)
}

// reserve takes room for n bytes, in doubling steps.
func (t *Tee) reserve(n int64) bool {
	if t.loose {
		if t.buffer == nil {
			t.buffer = new([]byte)
		}
		return true
	}
	if n > t.taken {
		more := max(n, min(2*t.taken, int64(t.limit)), minTee) - t.taken
		if !t.journal.take(more) {
			return false
		}
		t.taken += more
	}
	if t.buffer == nil {
		pooled, ok := teeBuffers.Get().(*[]byte)
		if !ok {
			pooled = new([]byte)
		}
		t.buffer = pooled
	}
	return true
}

// seen shows what was kept to visit, which must not keep it.
func (t *Tee) seen(visit func(kept []byte, size int64, cut bool)) {
	if t == nil {
		visit(nil, 0, false)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.leader == nil {
		visit(t.kept(), t.size, t.cut)
		return
	}
	t.leader.mu.Lock()
	defer t.leader.mu.Unlock()
	kept := t.leader.kept()
	kept = kept[:min(int64(len(kept)), t.size)]
	visit(kept, t.size, int64(len(kept)) < t.size)
}

func (t *Tee) kept() []byte {
	if t.buffer == nil {
		return nil
	}
	return *t.buffer
}

// follow makes t, which has seen nothing yet, rely on another one.
func (t *Tee) follow(leader *Tee) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.journal != nil && t.size == 0 && leader != t {
		t.leader = leader
	}
}

// has reports whether p is what t saw at this place of its body, as far as it
// kept it.
func (t *Tee) has(from int64, p []byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.journal == nil || from+int64(len(p)) > t.size {
		return false
	}
	kept := t.kept()
	kept = kept[min(from, int64(len(kept))):]
	n := min(len(kept), len(p))
	return bytes.Equal(kept[:n], p[:n])
}

// part ends the following: from here on t sees something else. It takes over what
// was the same.
func (t *Tee) part() {
	leader, size := t.leader, t.size
	t.leader, t.size = nil, 0
	leader.mu.Lock()
	kept := leader.kept()
	t.keep(kept[:min(int64(len(kept)), size)])
	leader.mu.Unlock()
	t.cut, t.size = t.cut || t.size < size, size
}

// repeats reports whether t follows another one, and whether it has seen all that
// one has.
func (t *Tee) repeats(leader *Tee) (follows, all bool) {
	switch {
	case t == nil || leader == nil:
		return false, false
	case t == leader:
		return true, true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.leader != leader {
		return false, false
	}
	leader.mu.Lock()
	defer leader.mu.Unlock()
	return true, t.size == leader.size
}

// close gives the buffer back. What is written later is not kept.
func (t *Tee) close() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.journal == nil {
		return
	}
	t.journal.give(t.taken)
	if t.buffer != nil && !t.loose {
		clear(*t.buffer)
		*t.buffer = (*t.buffer)[:0]
		if cap(*t.buffer) <= maxTeeBuffer {
			teeBuffers.Put(t.buffer)
		}
	}
	t.journal, t.leader, t.buffer, t.taken = nil, nil, nil, 0
}
