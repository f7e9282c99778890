package limiter

import (
	"net/http"
	"time"
)

// maxKept bounds how much of a refusal's body is kept in memory while its call
// waits. A longer one keeps its connection.
const maxKept = 64 << 10

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
