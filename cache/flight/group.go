package flight

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Errors that [Group.Do] returns, wrapped or not; see there.
var (
	// ErrReleased says that the answer came but is not for this waiter, which
	// may make a call of its own.
	ErrReleased = errors.New("the joined call's answer cannot be shared")
	// ErrTruncated says that the answer's body ended early.
	ErrTruncated = errors.New("the answer's body ended early")
	// ErrClosed says that the group was closed.
	ErrClosed = errors.New("joined calls have ended: the cache is closed")

	errAbandoned = errors.New("nobody waits for this call any more")
)

// Options are the bounds of a [Group]. The zero value means the defaults.
type Options struct {
	// MaxBody is the largest body that is buffered and so shared and stored,
	// in bytes. Zero means 1 MiB.
	MaxBody int64
	// MaxBuffered bounds the buffers of all flights together, in bytes. A body
	// that would exceed it is treated as larger than MaxBody. Zero means
	// 64 times MaxBody.
	MaxBuffered int64
	// Settle is how long after the header an answer for [Everyone] can still
	// be joined. Zero means one second, negative not at all.
	Settle time.Duration
	// Grace is how long a waiter whose deadline is also the flight's waits for
	// the call to say why it failed. Zero means 100 ms.
	Grace time.Duration
}

// Group joins calls by keys. It is safe for concurrent use. Make it with [New]
// and end it with [Group.Close].
type Group[K comparable] struct {
	o Options // but for the bounds, which can be changed

	maxBody, maxBuffered atomic.Int64

	mu      sync.Mutex // guards closed and flights, and adding to running
	closed  bool
	flights map[K]*Flight // those that can be joined
	running sync.WaitGroup

	stop     context.Context // cancelled by Close
	close    context.CancelCauseFunc
	buffered atomic.Int64
}

// New returns a group without flights.
func New[K comparable](o Options) *Group[K] {
	if o.MaxBody <= 0 {
		o.MaxBody = 1 << 20
	}
	if o.MaxBuffered <= 0 {
		o.MaxBuffered = 64 * o.MaxBody
	}
	if o.Settle == 0 {
		o.Settle = time.Second
	}
	if o.Grace <= 0 {
		o.Grace = 100 * time.Millisecond
	}
	g := &Group[K]{o: o, flights: make(map[K]*Flight)}
	g.maxBody.Store(o.MaxBody)
	g.maxBuffered.Store(o.MaxBuffered)
	g.stop, g.close = context.WithCancelCause(context.Background())
	return g
}

// Resize changes the bounds of [Options] for bodies that begin from now on; what
// is not positive stays as it is.
func (g *Group[K]) Resize(maxBody, maxBuffered int64) {
	if maxBody > 0 {
		g.maxBody.Store(maxBody)
	}
	if maxBuffered > 0 {
		g.maxBuffered.Store(maxBuffered)
	}
}

// Waiter is one caller's patience.
type Waiter struct {
	// Deadline is when the caller stops waiting for an answer: for its header
	// if it streams the answer, else for the whole. Zero means never.
	Deadline time.Time
	// Urgency is that of RFC 9218 section 4.1: 0 the most urgent, 7 the least.
	Urgency int
}

// Share says who may have an answer.
type Share int

// The answers of [Call].Admit.
const (
	// Alone gives the answer to one waiter; the others get [ErrReleased].
	Alone Share = iota
	// Waiting gives it to those who were waiting when its header came.
	Waiting
	// Everyone gives it also to who comes until it is stored.
	Everyone
)

// Call is what a flight does. Of all who join one flight, the Call of the
// first is used. Its functions run in the group's goroutine and may outlive
// the Do that brought them; a panic in one is the flight's error.
type Call struct {
	// Send makes the call. Its context ends when nobody waits any more, at
	// the flight's deadline, or when the group is closed, and must be obeyed,
	// by reading the body too: it stays alive until that has ended. It carries
	// the values of the first waiter's.
	Send func(ctx context.Context, f *Flight) (*http.Response, error)
	// Admit looks at the header of the answer, and must not change it or read
	// the body. Nil means Alone.
	Admit func(*http.Response) Share
	// Store is called with a complete answer for Everyone, whose body is not
	// to be changed and takes at most an eighth more memory than its length.
	// The response's own Body is spent. Nil stores nothing.
	Store func(answer *http.Response, body []byte)
	// Late reports whether an error of Send says that the call would have
	// succeeded with a later deadline. Nil means that the error matches
	// context.DeadlineExceeded.
	Late func(error) bool
}

// Result is an answer.
type Result struct {
	// Response belongs to the caller, who must close its Body. Until then the
	// caller's context ends reading.
	Response *http.Response
	// Collapsed reports whether the answer is that of another waiter's call
	// (RFC 9211 section 2.7).
	Collapsed bool
}

// Do returns the answer to the call for key, its own or one that it joined. It
// fails with
//   - the error of Send, for all waiters; but one with a later deadline than
//     Send knew of when it ran out of time tries once more. A panic is a
//     [*PanicError];
//   - an error that matches [context.DeadlineExceeded] at w.Deadline;
//   - the cause of ctx when that is done;
//   - [ErrReleased], [ErrTruncated] or [ErrClosed].
func (g *Group[K]) Do(ctx context.Context, key K, w Waiter, c Call) (Result, error) {
	for again := true; ; again = false {
		f, me, err := g.join(ctx, key, w, c)
		if err != nil {
			return Result{}, err
		}
		out := f.wait(ctx, me, g.o.Grace)
		if out.retry && again {
			continue
		}
		return Result{Response: out.resp, Collapsed: out.collapsed}, out.err
	}
}

// join adds a waiter to the key's flight or starts one.
func (g *Group[K]) join(ctx context.Context, key K, w Waiter, c Call) (*Flight, *waiter, error) {
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	me := &waiter{Waiter: w, out: make(chan outcome, 1)}
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return nil, nil, ErrClosed
	}
	if f := g.flights[key]; f != nil && f.add(me) {
		g.mu.Unlock()
		f.tell()
		return f, me, nil
	}
	f := newFlight(ctx, me)
	g.flights[key] = f
	g.running.Go(func() {
		r := run[K]{g: g, key: key, f: f, call: c}
		r.fly()
	})
	g.mu.Unlock()
	return f, me, nil
}

// remove makes the flight one that nobody joins any more.
func (g *Group[K]) remove(key K, f *Flight) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.flights[key] == f {
		delete(g.flights, key)
	}
}

// Len returns the number of flights that can be joined.
func (g *Group[K]) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.flights)
}

// Close cancels all flights and waits for their goroutines. Waiters get
// [ErrClosed] unless Send says something else. It returns nil, at every call.
func (g *Group[K]) Close() error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.close(ErrClosed)
	g.running.Wait()
	return nil
}
