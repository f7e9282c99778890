package proxy

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// spoolSize is how much of a body is kept for replay. Larger bodies stream.
const spoolSize = 64 << 10

var (
	errSpoolGone   = errors.New("the request body was streamed and cannot be sent again")
	errBuffersFull = errors.New("guard.max_buffered is used up")
	errViewClosed  = errors.New("the attempt that read this body has ended")
)

// spool lets a request body be sent more than once. What is read from the
// client is kept, up to spoolSize, and every attempt reads through a view of
// its own: first what was kept, then on from the client. A body that is longer,
// or that finds no room in the shared budget, is passed on all the same but
// can be sent only once.
//
// Views are safe against each other: one whose attempt has ended may still be
// inside Read when the next one begins.
type spool struct {
	src    io.ReadCloser
	length int64 // as the client declared it, -1 for unknown
	shared *budget

	reading sync.Mutex // held while src is read, taken before mu

	mu    sync.Mutex // guards what follows; never held while waiting
	kept  []byte
	read  int64 // bytes taken from src
	taken int64 // of the shared budget
	lost  bool  // bytes went by that were not kept
	ended error // io.EOF or what broke the body off
}

func newSpool(src io.ReadCloser, length int64, shared *budget) *spool {
	s := &spool{src: src, length: length, shared: shared}
	s.lost = length > spoolSize
	return s
}

// spoolOf makes a spool of a body that is in memory already. Without room in
// the budget it can be sent once.
func spoolOf(body []byte, shared *budget) *spool {
	s := newSpool(io.NopCloser(bytes.NewReader(body)), int64(len(body)), shared)
	_ = s.fill(int64(len(body)))
	return s
}

// fill reads the whole body, up to limit bytes, before the call asks for its
// place in line: a slow client must not hold one.
func (s *spool) fill(limit int64) error {
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.length > 0 && !s.prepare(s.length) {
		return errBuffersFull
	}
	piece := make([]byte, 0, min(max(s.length+1, 512), copyBufferSize))
	for {
		n, err := s.src.Read(piece[:cap(piece)])
		if !s.add(piece[:n], err) {
			return errBuffersFull
		}
		switch {
		case s.read > limit:
			return &http.MaxBytesError{Limit: limit}
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

// prepare makes room for a body of n bytes.
func (s *spool) prepare(n int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.reserve(n) {
		return false
	}
	s.lost = false
	s.kept = make([]byte, 0, n)
	return true
}

// add keeps what fill read; it reports false where the budget ran out.
func (s *spool) add(p []byte, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read += int64(len(p))
	s.ended = err
	if !s.reserve(s.read) {
		s.lost = true
		return false
	}
	s.kept = append(s.kept, p...)
	return true
}

// reserve brings the share of the budget up to n.
func (s *spool) reserve(n int64) bool {
	if n <= s.taken {
		return true
	}
	if !s.shared.take(n - s.taken) {
		return false
	}
	s.taken = n
	return true
}

// bytes returns the body after a successful fill. It must not be changed.
func (s *spool) bytes() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept
}

// replayable reports whether the body can be sent again from its beginning.
func (s *spool) replayable() bool {
	if s == nil {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.lost
}

// open returns a view for one attempt. Its Close does not close the client's
// body.
func (s *spool) open() io.ReadCloser { return &spoolView{spool: s} }

// release gives the memory back. No view may be opened after it; one still in
// use keeps what it sees.
func (s *spool) release() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shared.give(s.taken)
	s.taken, s.lost = 0, true
}

type spoolView struct {
	spool  *spool
	at     int64
	closed atomic.Bool
}

func (v *spoolView) Read(p []byte) (int, error) {
	s := v.spool
	if n, done, err := v.readKept(p); done {
		return n, err
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	// Another view may have read on while this one waited.
	if n, done, err := v.readKept(p); done {
		return n, err
	}
	n, err := s.src.Read(p)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.read += int64(n)
	s.keep(p[:n])
	s.ended = err
	if v.closed.Load() {
		return 0, errViewClosed // what was read is kept for the next view
	}
	v.at += int64(n)
	return n, err
}

// readKept serves from what was kept. It reports false where the next byte has
// to come from the client.
func (v *spoolView) readKept(p []byte) (n int, done bool, err error) {
	s := v.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case v.closed.Load():
		return 0, true, errViewClosed
	case v.at < int64(len(s.kept)):
		n = copy(p, s.kept[v.at:])
		v.at += int64(n)
		if v.at == s.read && errors.Is(s.ended, io.EOF) {
			return n, true, io.EOF
		}
		return n, true, nil
	case v.at != s.read:
		return 0, true, errSpoolGone
	case s.ended != nil:
		return 0, true, s.ended
	}
	return 0, false, nil
}

// keep records what passed by, or gives up doing so.
func (s *spool) keep(p []byte) {
	if s.lost || len(p) == 0 {
		return
	}
	if len(s.kept)+len(p) > spoolSize || !s.reserve(int64(len(s.kept)+len(p))) {
		s.lost = true
		return
	}
	s.kept = append(s.kept, p...)
}

// Close ends the view. It never waits for a Read in progress.
func (v *spoolView) Close() error {
	v.closed.Store(true)
	return nil
}

// complete reports whether the whole body is in memory.
func (s *spool) complete() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Is(s.ended, io.EOF) && !s.lost
}

// finished reports whether the client has sent all of the body. A nil spool
// has not looked.
func (s *spool) finished() bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Is(s.ended, io.EOF)
}
