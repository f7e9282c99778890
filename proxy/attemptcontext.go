package proxy

import (
	"context"
	"slices"
	"sync"
	"time"
)

// attemptContext is the context of one attempt. It ends when the attempt does,
// and not with the app's request; whoever makes it decides what else ends it.
// It does what context.WithCancelCause and context.AfterFunc would do together,
// as one part of what an attempt allocates anyway.
//
// It implements [context.Context], and the AfterFunc method by which the package
// context derives from a context that is not its own without a goroutine.
type attemptContext struct {
	x      *exchange
	values context.Context //nolint:containedctx // where values are looked up; its end is nothing to us
	done   chan struct{}

	mu    sync.Mutex // guards what follows
	cause error      // nil until it ends
	after []*func()  // to be called at the end
	room  [2]*func()
}

// init prepares the context of a call; values must be set before it is used.
func (c *attemptContext) init(x *exchange) {
	c.x, c.done = x, make(chan struct{})
	c.after = c.room[:0]
}

// Deadline implements [context.Context]: timeouts are kept by [sending], which
// knows what each of them means.
func (c *attemptContext) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements [context.Context].
func (c *attemptContext) Done() <-chan struct{} { return c.done }

// Err implements [context.Context].
func (c *attemptContext) Err() error {
	if c.ended() != nil {
		return context.Canceled
	}
	return nil
}

// Value implements [context.Context].
func (c *attemptContext) Value(key any) any {
	if key == (exchangeKey{}) {
		return c.x
	}
	return c.values.Value(key)
}

// ended is why the context ended, nil before.
func (c *attemptContext) ended() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// cancel ends the context; the first cause counts.
func (c *attemptContext) cancel(cause error) {
	c.mu.Lock()
	if c.cause != nil {
		c.mu.Unlock()
		return
	}
	c.cause = cause
	after := c.after
	c.after = nil
	c.mu.Unlock()
	close(c.done)
	for _, f := range after {
		(*f)()
	}
}

// AfterFunc calls f when the context has ended, on the goroutine that ends it: it
// is for the package context, whose functions do not block. stop reports whether it
// kept f from being called.
func (c *attemptContext) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		go f() // the caller holds locks that f takes
		return func() bool { return false }
	}
	mine := &f
	c.after = append(c.after, mine)
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		i := slices.Index(c.after, mine)
		if i < 0 {
			return false
		}
		c.after = slices.Delete(c.after, i, i+1)
		return true
	}
}
