package proxy

import (
	"sync"
	"sync/atomic"
)

// budget is the memory that all spools share (guard.max_buffered). The zero
// value grants nothing; it is safe for concurrent use.
type budget struct {
	limit atomic.Int64
	used  atomic.Int64
}

// take reserves n bytes or nothing.
func (b *budget) take(n int64) bool {
	if b.used.Add(n) > b.limit.Load() {
		b.used.Add(-n)
		return false
	}
	return true
}

func (b *budget) give(n int64) { b.used.Add(-n) }

// copyBuffers lends ReverseProxy its copy buffers.
type copyBuffers struct{ pool sync.Pool }

const copyBufferSize = 32 << 10

func newCopyBuffers() *copyBuffers {
	return &copyBuffers{pool: sync.Pool{New: func() any { return new([copyBufferSize]byte) }}}
}

// Get implements httputil.BufferPool.
func (c *copyBuffers) Get() []byte { return c.pool.Get().(*[copyBufferSize]byte)[:] }

// Put implements httputil.BufferPool.
func (c *copyBuffers) Put(b []byte) {
	if cap(b) >= copyBufferSize {
		c.pool.Put((*[copyBufferSize]byte)(b[:copyBufferSize]))
	}
}
