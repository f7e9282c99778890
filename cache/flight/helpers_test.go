package flight_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleengate/cleengate/cache/flight"
)

// upstream answers after a delay, chunk by chunk, and counts.
type upstream struct {
	header time.Duration // until the header
	chunks []string
	pause  time.Duration // before each chunk
	end    error         // instead of io.EOF
	length int64
	share  flight.Share
	hang   bool // after the chunks, until cancelled

	mu        sync.Mutex
	calls     int
	cancelled int               // calls that ended before their header
	closed    int               // bodies
	before    []context.Context // of calls without a header
	most      int               // of them at once
	stored    []string
}

func newUpstream(share flight.Share, chunks ...string) *upstream {
	return &upstream{header: 500 * time.Millisecond, chunks: chunks, length: -1, share: share}
}

func (u *upstream) call() flight.Call {
	return flight.Call{
		Send:  u.send,
		Admit: func(*http.Response) flight.Share { return u.share },
		Store: func(_ *http.Response, b []byte) {
			u.mu.Lock()
			defer u.mu.Unlock()
			u.stored = append(u.stored, string(b))
		},
	}
}

func (u *upstream) send(ctx context.Context, _ *flight.Flight) (*http.Response, error) {
	u.mu.Lock()
	u.calls++
	u.before = slices.DeleteFunc(u.before, func(c context.Context) bool { return c.Err() != nil })
	u.before = append(u.before, ctx)
	u.most = max(u.most, len(u.before))
	u.mu.Unlock()
	err := sleep(ctx, u.header)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.before = slices.DeleteFunc(u.before, func(c context.Context) bool { return c == ctx })
	if err != nil {
		u.cancelled++
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Etag": {`"1"`}},
		Body: &chunked{u: u, ctx: ctx, left: slices.Clone(u.chunks)}, ContentLength: u.length,
	}, nil
}

// count is how many calls were made and bodies closed.
func (u *upstream) count() (calls, closed, stored int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.calls, u.closed, len(u.stored)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// chunked is an upstream's body.
type chunked struct {
	u    *upstream
	ctx  context.Context
	left []string
	mid  bool // within a chunk
	done bool
}

func (c *chunked) Read(p []byte) (int, error) {
	if len(c.left) == 0 {
		if c.u.hang {
			<-c.ctx.Done()
			return 0, context.Cause(c.ctx)
		}
		if c.u.end != nil {
			return 0, c.u.end
		}
		return 0, io.EOF
	}
	if !c.mid {
		if err := sleep(c.ctx, c.u.pause); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.left[0])
	c.left[0] = c.left[0][n:]
	if c.mid = c.left[0] != ""; !c.mid {
		c.left = c.left[1:]
	}
	return n, nil
}

func (c *chunked) Close() error {
	c.u.mu.Lock()
	defer c.u.mu.Unlock()
	if !c.done {
		c.done = true
		c.u.closed++
	}
	return nil
}

// got is what one Do came to.
type got struct {
	body      string
	collapsed bool
	err       error // of Do
	read      error // of the body
	header    time.Duration
	took      time.Duration
}

type waiting struct{ done chan got }

// do starts a Do that reads its answer.
func do(ctx context.Context, g *flight.Group[string], patience time.Duration, c flight.Call) waiting {
	w := waiting{make(chan got, 1)}
	start := time.Now()
	var waiter flight.Waiter
	if patience > 0 {
		waiter.Deadline = start.Add(patience)
	}
	go func() {
		var r got
		res, err := g.Do(ctx, "k", waiter, c)
		r.err, r.collapsed, r.header = err, res.Collapsed, time.Since(start)
		if err == nil {
			var b bytes.Buffer
			_, r.read = io.Copy(&b, res.Response.Body)
			r.body = b.String()
			res.Response.Body.Close()
		}
		r.took = time.Since(start)
		w.done <- r
	}()
	return w
}

func (w waiting) get() got { return <-w.done }

// whole checks that r is the body, whole.
func (r got) whole(t *testing.T, who, body string) {
	t.Helper()
	if r.err != nil || r.read != nil || r.body != body {
		t.Errorf("%s: got %d bytes, %v, %v; want %d", who, len(r.body), r.err, r.read, len(body))
	}
}

// failed checks that r failed like want before its header.
func (r got) failed(t *testing.T, who string, want error) {
	t.Helper()
	if !errors.Is(r.err, want) {
		t.Errorf("%s: got %q, %v; want %v", who, r.body, r.err, want)
	}
}

// answer is a response as a transport gives it.
func answer(body string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}
