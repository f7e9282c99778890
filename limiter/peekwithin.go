package limiter

import (
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// PeekWithin is [Peek] that waits no longer than d. came tells whether n bytes, or
// all there are, came in that time. What comes later is not lost: a later reader gets
// the same bytes and the same error. The body must be one whose Close ends a Read
// that is under way, as those of net/http are.
func PeekWithin(resp *http.Response, n int64, d time.Duration) (head []byte, came bool) {
	if resp.Body == nil || resp.Body == http.NoBody {
		return nil, true
	}
	late := &lateBody{body: resp.Body, read: make(chan struct{})}
	resp.Body = late
	go late.fill(n)
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-late.read:
		came = true
	case <-timer.C:
	}
	late.mu.Lock()
	defer late.mu.Unlock()
	late.enough = true
	return slices.Clip(late.head), came
}

// lateBody is a body whose beginning is being read ahead.
type lateBody struct {
	body io.ReadCloser
	read chan struct{} // closed when nobody reads ahead any more

	mu     sync.Mutex // guards what follows
	head   []byte     // what was read ahead
	given  int        // how much of it the reader has had
	err    error      // that reading ahead ended with
	enough bool       // nobody waits for more of it
}

// fill reads up to n bytes ahead.
func (l *lateBody) fill(n int64) {
	defer close(l.read)
	for left := n; left > 0; {
		part := make([]byte, min(left, 4<<10))
		got, err := l.body.Read(part)
		left -= int64(got)
		l.mu.Lock()
		l.head, l.err = append(l.head, part[:got]...), err
		over := err != nil || l.enough
		l.mu.Unlock()
		if over {
			return
		}
	}
}

// Read implements [io.Reader]. It waits for a read ahead that is under way.
func (l *lateBody) Read(p []byte) (int, error) {
	if n := l.give(p); n > 0 || len(p) == 0 {
		return n, nil
	}
	<-l.read
	if n := l.give(p); n > 0 {
		return n, nil
	}
	if l.err != nil { // nobody writes it any more
		return 0, l.err
	}
	return l.body.Read(p)
}

func (l *lateBody) give(p []byte) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := copy(p, l.head[l.given:])
	l.given += n
	return n
}

// Close implements [io.Closer] and ends reading ahead.
func (l *lateBody) Close() error {
	err := l.body.Close()
	<-l.read
	return err
}
