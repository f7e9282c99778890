package limiter

import (
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// PeekWithin reads up to n bytes of an answer's body and puts them back, so that a
// later reader gets the same bytes and the same error. It waits no longer than d; came
// tells whether n bytes, or all there are, came in that time. The body must be one
// whose Close ends a Read that is under way, as those of net/http are. The caller must
// not change what it gets.
func PeekWithin(resp *http.Response, n int64, d time.Duration) (head []byte, came bool) {
	if resp.Body == nil || resp.Body == http.NoBody {
		return nil, true
	}
	if late, ok := resp.Body.(*lateBody); ok {
		if head, all := late.all(n); all {
			return head, true
		}
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
	var head []byte
	for over := false; !over && int64(len(head)) < n; {
		head = slices.Grow(head, int(min(n-int64(len(head)), 4<<10)))
		room := head[len(head):min(int64(cap(head)), n)]
		got, err := l.body.Read(room) // beyond what others may see
		head = head[:len(head)+got]
		l.mu.Lock()
		l.head, l.err = head, err
		over = err != nil || l.enough
		l.mu.Unlock()
	}
}

// all is the whole body, if it has been read ahead to its end, fits into n bytes and
// nobody has had any of it.
func (l *lateBody) all(n int64) (head []byte, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.head), l.err == io.EOF && l.given == 0 && int64(len(l.head)) <= n //nolint:errorlint // as Read returned it
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
