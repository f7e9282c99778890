package cache

import (
	"errors"
	"io"
	"sync/atomic"
)

// errNoRoom ends reading into memory of which too much is in use.
var errNoRoom = errors.New("too many answers are held in memory")

// budget bounds the bytes that calls hold for as long as they run, together. A
// nil budget has no bound. It is safe for concurrent use.
type budget struct{ used, most atomic.Int64 }

// take reports whether n bytes more may be held.
func (b *budget) take(n int64) bool {
	if b == nil {
		return true
	}
	if b.used.Add(n) > b.most.Load() {
		b.used.Add(-n)
		return false
	}
	return true
}

func (b *budget) give(n int64) {
	if b != nil {
		b.used.Add(-n)
	}
}

// readAll reads up to limit bytes, and returns how many it took for them. At
// the end of r there is no error; without room there is [errNoRoom], and what
// has been read.
func (b *budget) readAll(r io.Reader, limit int64) (body []byte, taken int64, err error) {
	const first = 4 << 10
	for int64(len(body)) < limit {
		if len(body) == cap(body) {
			size := min(max(2*int64(cap(body)), first), limit)
			if !b.take(size - taken) {
				return body, taken, errNoRoom
			}
			taken = size
			body = append(make([]byte, 0, size), body...)
		}
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return body, taken, nil
		}
		if err != nil {
			return body, taken, err
		}
	}
	return body, taken, nil
}
