package journal

import "sync"

// minTee is the first buffer that a tee takes; most answers fit.
const minTee = 2 << 10

// Tee keeps the beginning of a body that passes by. The zero value and nil
// keep nothing. Its owner places it where the body passes, as a part of what
// is made for the request anyway, and prepares it with [Exchange.Tee].
//
// Write may be called while the exchange ends on another goroutine: what comes
// after that is not kept.
type Tee struct {
	mu      sync.Mutex // guards what follows
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
	t.size += int64(len(p))
	if t.cut {
		return
	}
	have := 0
	if t.buffer != nil {
		have = len(*t.buffer)
	}
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
	var kept []byte
	if t.buffer != nil {
		kept = *t.buffer
	}
	visit(kept, t.size, t.cut)
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
	t.journal, t.buffer, t.taken = nil, nil, 0
}
