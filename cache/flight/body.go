package flight

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

// body is what has come of an answer's body. The flight's lock guards it.
type body struct {
	grown    *sync.Cond // when anything below changes
	buf      []byte     // what has been read; bytes once in it never change
	whole    []byte     // buf and the end of the body, which is held back until that is stored
	complete bool       // whole is, and only has to be stored
	ended    error      // io.EOF when buf is the whole body
	rest     io.Reader  // what follows buf, when that is the streaming waiter's to read
}

const firstRead = 64 << 10

// fill reads the body into the flight's buffer until it ends, io.EOF, or until
// limit bytes or the group's buffers are exceeded, nil. The last piece of a whole
// body is not shown yet: who has seen all of it may ask again at once, and is to
// find it stored.
func (f *Flight) fill(resp *http.Response, limit int64, reserve func(int64) bool) error {
	size := int64(4 << 10)
	l := length(resp)
	if l > limit {
		return nil
	} else if l >= 0 {
		size = l + 1 // the last byte to see the end
	}
	size = min(size, firstRead, limit+1)
	if !reserve(size) {
		return nil
	}
	buf := make([]byte, 0, size)
	for idle := 0; ; {
		n, err := resp.Body.Read(buf[len(buf):cap(buf)])
		if idle++; n == 0 && err == nil && idle > 100 {
			err = io.ErrNoProgress
		}
		if n > 0 {
			idle = 0
			buf = buf[:len(buf)+n]
		}
		var end error
		if err != nil {
			end = endOf(resp, int64(len(buf)), err)
		}
		if whole(end) {
			f.whole = buf
			return end
		}
		if n > 0 && int64(len(buf)) != l || end != nil {
			f.show(buf)
		}
		if end != nil {
			return end
		}
		if int64(len(buf)) > limit {
			return nil
		}
		if len(buf) == cap(buf) {
			more := min(int64(cap(buf)), limit+1-int64(cap(buf)))
			if !reserve(more) {
				f.show(buf)
				return nil
			}
			buf = append(make([]byte, 0, int64(cap(buf))+more), buf...)
		}
	}
}

// show lets the streaming waiter read what has come.
func (f *Flight) show(buf []byte) {
	f.mu.Lock()
	f.buf = buf
	f.grown.Broadcast()
	f.mu.Unlock()
}

// length is the number of bytes that the body is to have, -1 if unknown. For
// some answers Content-Length tells of another one (RFC 9110 section 8.6).
func length(resp *http.Response) int64 {
	if resp.Request != nil && resp.Request.Method == http.MethodHead ||
		resp.StatusCode == http.StatusNotModified || resp.StatusCode == http.StatusNoContent {
		return 0
	}
	return resp.ContentLength
}

// endOf is what the end of a body of n bytes means: io.EOF if it is whole.
func endOf(resp *http.Response, n int64, err error) error {
	if !whole(err) {
		return fmt.Errorf("%w, after %d bytes: %w", ErrTruncated, n, err)
	}
	if l := length(resp); l >= 0 && l != n {
		return fmt.Errorf("%w: %d bytes came, Content-Length says %d", ErrTruncated, n, resp.ContentLength)
	}
	return io.EOF
}

// whole reports whether a body's end is its regular one. An error that wraps
// io.EOF is not: an io.Reader returns it bare.
func whole(end error) bool {
	return end == io.EOF //nolint:errorlint // as said
}

// tight is b without the room that is left in it.
func tight(b []byte) []byte {
	if spare := cap(b) - len(b); spare > len(b)/8 || spare > 0 && len(b) <= firstRead {
		return append(make([]byte, 0, len(b)), b...)
	}
	return slices.Clip(b)
}

// stream is the body of the waiter that reads along.
type stream struct {
	f     *Flight
	from  *http.Response // as Send returned it
	to    *http.Response // whose Body this is
	off   int            // in the flight's buffer; used by Read alone
	total int64

	ctx      context.Context
	left     atomic.Bool
	leave    func()
	detached func() bool
}

// attach is called before the first Read.
func (s *stream) attach(ctx context.Context, leave func()) {
	s.ctx, s.leave = ctx, leave
	s.detached = context.AfterFunc(ctx, leave)
}

// Read reads what has come, waiting for it if there is none.
func (s *stream) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, rest, err := s.readBuffered(p)
	if rest != nil {
		if n, err = rest.Read(p); err != nil {
			err = endOf(s.from, s.total+int64(n), err)
		}
	}
	s.total += int64(n)
	switch {
	case err == nil:
	case s.left.Load():
		err = http.ErrBodyReadAfterClose
	case s.ctx.Err() != nil:
		err = context.Cause(s.ctx)
	case whole(err) && s.from.Trailer != nil:
		if s.to.Trailer == nil {
			s.to.Trailer = make(http.Header)
		}
		maps.Copy(s.to.Trailer, s.from.Trailer.Clone())
	}
	return n, err
}

// readBuffered reads from the flight's buffer, or returns what is to be read
// instead.
func (s *stream) readBuffered(p []byte) (int, io.Reader, error) {
	f := s.f
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case s.left.Load():
			return 0, nil, http.ErrBodyReadAfterClose
		case s.ctx.Err() != nil:
			return 0, nil, context.Cause(s.ctx)
		case s.off < len(f.buf):
			n := copy(p, f.buf[s.off:])
			s.off += n
			return n, nil, nil
		case f.rest != nil:
			if f.buf != nil {
				s.off, f.buf = 0, nil // nobody else needs it
				f.grown.Broadcast()
			}
			return 0, f.rest, nil
		case f.ended != nil:
			return 0, nil, f.ended
		}
		f.grown.Wait()
	}
}

// Close leaves the flight.
func (s *stream) Close() error {
	if s.left.CompareAndSwap(false, true) {
		s.detached()
		s.leave()
	}
	return nil
}
