package flight

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"time"
)

// PanicError is a panic in one of a [Call]'s functions, or in reading its body.
type PanicError struct {
	Value any
	Stack []byte // of the panic; for logs
}

// Error names the panic without the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic in a joined call: %v", e.Value) }

// Unwrap returns the panic's value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// guarded runs fn and returns its panic as an error.
func guarded(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return fn()
}

// run is a flight's goroutine.
type run[K comparable] struct {
	g        *Group[K]
	key      K
	f        *Flight
	call     Call
	reserved int64
}

func (r *run[K]) fly() {
	f := r.f
	defer f.cancel(nil)
	defer r.g.remove(r.key, f)
	defer context.AfterFunc(r.g.stop, func() { f.cancel(ErrClosed) })()
	defer r.unreserve()

	var resp *http.Response
	err := guarded(func() (err error) {
		resp, err = r.call.Send(f.ctx, f) //nolint:bodyclose // closed below
		if resp == nil && err == nil {
			err = errors.New("the call returned neither an answer nor an error")
		}
		return err
	})
	f.landed()
	if resp != nil && resp.Body == nil {
		resp.Body = http.NoBody
	}
	if resp != nil {
		defer func() { _ = resp.Body.Close() }() // how reading ended is what counts
	}
	if err == nil && f.ctx.Err() != nil {
		err = context.Cause(f.ctx) // the body would break off
	}
	if err != nil {
		r.fail(err)
		return
	}

	share := Alone
	if err := guarded(func() error {
		if r.call.Admit != nil {
			share = r.call.Admit(resp)
		}
		return nil
	}); err != nil {
		r.finish(nil, nil, err)
		return
	}
	r.header(resp, share)
	r.pump(resp, share)
}

// fail gives the error of Send to all.
func (r *run[K]) fail(err error) {
	f := r.f
	if errors.Is(err, context.Canceled) && f.ctx.Err() != nil {
		err = context.Cause(f.ctx)
	}
	late := errors.Is(err, context.DeadlineExceeded)
	if r.call.Late != nil {
		late = r.call.Late(err)
	}
	r.g.remove(r.key, f)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.joinable = false
	for i, w := range f.waiters {
		w.out <- outcome{err: err, collapsed: i > 0, retry: late && later(w.Deadline, f.known)}
	}
	f.waiters = nil
}

// header gives the answer to the waiter that streams it, and decides who else
// may have it.
func (r *run[K]) header(resp *http.Response, share Share) {
	f := r.f
	if share != Everyone || r.g.o.Settle < 0 {
		defer r.g.remove(r.key, f)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if share != Everyone || r.g.o.Settle < 0 {
		f.joinable = false
	}
	if len(f.waiters) == 0 {
		return
	}
	mine := clone(resp) //nolint:bodyclose // the waiter's to close
	s := &stream{f: f, from: resp, to: mine}
	mine.Body = s
	f.streaming = f.waiters[0]
	f.waiters[0].out <- outcome{resp: mine, stream: s, collapsed: f.streaming != f.first}
	if share == Alone {
		f.release()
	}
}

// release sends away all but the streaming waiter.
func (f *Flight) release() {
	f.joinable = false
	f.waiters = slices.DeleteFunc(f.waiters, func(w *waiter) bool {
		if w == f.streaming {
			return false
		}
		w.out <- outcome{err: ErrReleased}
		return true
	})
	if len(f.waiters) == 0 {
		f.cancel(errAbandoned)
	}
}

// pump reads the body to its end.
func (r *run[K]) pump(resp *http.Response, share Share) {
	f := r.f
	var end error
	if share != Alone {
		settled := time.AfterFunc(max(0, r.g.o.Settle), func() {
			f.mu.Lock()
			f.joinable = false
			f.mu.Unlock()
			r.g.remove(r.key, f)
		})
		defer settled.Stop()
		if err := guarded(func() error {
			end = f.fill(resp, r.g.maxBody.Load(), r.reserve)
			return nil
		}); err != nil {
			end = fmt.Errorf("%w: %w", ErrTruncated, err)
		}
	}
	switch {
	case end == nil:
		r.handOver(resp)
	case !whole(end):
		if f.ctx.Err() != nil {
			end = fmt.Errorf("%w: %w", end, context.Cause(f.ctx))
		}
		r.finish(nil, nil, end)
	default:
		body := tight(f.whole)
		f.mu.Lock()
		f.complete = true
		f.mu.Unlock()
		var err error
		if share == Everyone && r.call.Store != nil {
			err = guarded(func() error { r.call.Store(resp, body); return nil })
		}
		f.mu.Lock()
		f.buf, f.ended = f.whole, io.EOF
		f.grown.Broadcast()
		f.mu.Unlock()
		r.finish(resp, body, err)
	}
}

// reserve takes n bytes of what all flights may buffer.
func (r *run[K]) reserve(n int64) bool {
	if r.g.buffered.Add(n) > r.g.maxBuffered.Load() {
		r.g.buffered.Add(-n)
		return false
	}
	r.reserved += n
	return true
}

func (r *run[K]) unreserve() {
	r.g.buffered.Add(-r.reserved)
	r.reserved = 0
}

// handOver leaves the rest of the body to the streaming waiter and waits for
// it to finish.
func (r *run[K]) handOver(resp *http.Response) {
	f := r.f
	r.g.remove(r.key, f)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.release()
	f.rest = resp.Body
	f.grown.Broadcast()
	defer context.AfterFunc(f.ctx, f.grown.Broadcast)()
	for len(f.waiters) > 0 && f.ctx.Err() == nil {
		if f.buf == nil {
			r.unreserve()
		}
		f.grown.Wait()
	}
}

// finish ends the flight with an answer or an error for those who still wait.
func (r *run[K]) finish(resp *http.Response, body []byte, err error) {
	f := r.f
	r.g.remove(r.key, f)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.joinable = false
	if f.ended == nil {
		f.ended = err
	}
	for _, w := range f.waiters {
		switch {
		case w == f.streaming:
		case err != nil:
			w.out <- outcome{err: err, collapsed: true}
		default:
			theirs := clone(resp) //nolint:bodyclose // the waiter's to close
			theirs.Body = io.NopCloser(bytes.NewReader(body))
			w.out <- outcome{resp: theirs, collapsed: true}
		}
	}
	f.waiters = nil
	f.grown.Broadcast()
}

// clone is a response that its receiver may change.
func clone(resp *http.Response) *http.Response {
	c := *resp
	c.Header = resp.Header.Clone()
	c.Trailer = resp.Trailer.Clone()
	c.TransferEncoding = slices.Clone(resp.TransferEncoding)
	return &c
}
