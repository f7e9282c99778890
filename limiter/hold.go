package limiter

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

// maxKept bounds how much of a refusal's body is kept in memory while its call
// waits. A longer one keeps its connection.
const maxKept = 64 << 10

// Peek reads up to n bytes of an answer's body and puts them back, so that a later
// reader gets the same bytes and the same error.
func Peek(resp *http.Response, n int64) []byte {
	if resp.Body == nil || resp.Body == http.NoBody {
		return nil
	}
	var head bytes.Buffer
	_, err := io.CopyN(&head, resp.Body, n)
	rest := io.Reader(resp.Body)
	if err != nil {
		rest = failing{err} // io.EOF where that was all
	}
	resp.Body = &putBack{Reader: io.MultiReader(bytes.NewReader(head.Bytes()), rest), Closer: resp.Body}
	return head.Bytes()
}

// putBack reads from one place and closes another.
type putBack struct {
	io.Reader
	io.Closer
}

// failing is a reader that has come to its end.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// keep reads a refusal's body into memory so that its connection is free while the
// call waits, and the answer is whole should it go back after all. One that does not
// come within a second, or by the deadline, keeps its connection.
func keep(resp *http.Response, deadline time.Time) {
	within := keepWithin
	if !deadline.IsZero() {
		within = min(within, time.Until(deadline))
	}
	body := resp.Body
	if head, came := PeekWithin(resp, maxKept, within); came && int64(len(head)) < maxKept {
		_ = body.Close() // all of it is in memory
	}
}

// discardWithin is how long the rest of an answer that nobody will read may take to
// come, for the sake of its connection.
const discardWithin = 100 * time.Millisecond

// discard ends an answer that nobody will read. One whose rest comes soon lets its
// connection be used again.
func discard(resp *http.Response) {
	_, _ = PeekWithin(resp, maxKept, discardWithin)
	_ = resp.Body.Close()
}
