package flight

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Flight is a call under way, as its Send sees it. It is safe for concurrent
// use, and of no use after Send has returned.
type Flight struct {
	ctx    context.Context
	cancel context.CancelCauseFunc

	telling sync.Mutex // held while watch runs, so that it sees growing values

	mu        sync.Mutex // guards what follows
	waiters   []*waiter  // longest first; a streaming one stays until it closes
	first     *waiter    // whose Call it is
	streaming *waiter    // who reads along; it may have left
	joinable  bool
	airborne  bool      // the header has not come: the deadline counts
	deadline  time.Time // zero is never
	urgency   int
	known     time.Time // the latest deadline that Send knew of
	expiry    *time.Timer
	watch     func(time.Time, int)

	body
}

// waiter is one Do.
type waiter struct {
	Waiter
	out chan outcome // of capacity 1; written once, when it leaves waiters or begins to stream
}

// outcome is what a waiter gets.
type outcome struct {
	resp      *http.Response
	stream    *stream // resp.Body, for the waiter that streams
	collapsed bool
	retry     bool
	err       error
}

func newFlight(ctx context.Context, first *waiter) *Flight {
	f := &Flight{
		waiters: []*waiter{first}, first: first, joinable: true, airborne: true,
		deadline: first.Deadline, urgency: first.Urgency, known: first.Deadline,
	}
	f.grown = sync.NewCond(&f.mu)
	f.ctx, f.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	if !f.deadline.IsZero() {
		f.expiry = time.AfterFunc(time.Until(f.deadline), f.expire)
	}
	return f
}

// later reports whether a is after b, with zero as never.
func later(a, b time.Time) bool {
	return !b.IsZero() && (a.IsZero() || a.After(b))
}

// Deadline returns the latest deadline of those who have joined; the zero time
// if one of them has none.
func (f *Flight) Deadline() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known = f.deadline
	return f.deadline
}

// Urgency returns the most urgent, that is the smallest, of those who have
// joined.
func (f *Flight) Urgency() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.urgency
}

// Waiters returns how many wait now.
func (f *Flight) Waiters() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.waiters)
}

// OnChange makes fn be called, one call at a time and with no lock held that
// Flight's methods need, when the deadline or the urgency has grown, and once
// at once. A later OnChange replaces an earlier one; nil ends it.
func (f *Flight) OnChange(fn func(deadline time.Time, urgency int)) {
	f.mu.Lock()
	f.watch = fn
	f.mu.Unlock()
	f.tell()
}

func (f *Flight) tell() {
	f.telling.Lock()
	defer f.telling.Unlock()
	f.mu.Lock()
	fn, d, u := f.watch, f.deadline, f.urgency
	if fn != nil {
		f.known = d
	}
	f.mu.Unlock()
	if fn != nil {
		fn(d, u)
	}
}

// add joins w unless it is too late.
func (f *Flight) add(w *waiter) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.joinable || f.ctx.Err() != nil {
		return false
	}
	f.waiters = append(f.waiters, w)
	if later(w.Deadline, f.deadline) {
		f.deadline = w.Deadline // expire looks again
	}
	f.urgency = min(f.urgency, w.Urgency)
	return true
}

// expire runs when the deadline may have passed.
func (f *Flight) expire() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.airborne || f.deadline.IsZero() {
		return
	}
	if left := time.Until(f.deadline); left > 0 {
		f.expiry.Reset(left)
		return
	}
	f.known = f.deadline
	f.cancel(fmt.Errorf("no answer before the last waiter's deadline: %w", context.DeadlineExceeded))
}

// landed ends the deadline: Send has returned.
func (f *Flight) landed() {
	f.mu.Lock()
	f.airborne, f.watch = false, nil
	f.mu.Unlock()
	if f.expiry != nil {
		f.expiry.Stop()
	}
}

// leave removes w. The last one to leave ends a call that is not complete.
func (f *Flight) leave(w *waiter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.grown.Broadcast()
	i := slices.Index(f.waiters, w)
	if i < 0 {
		return
	}
	f.waiters = slices.Delete(f.waiters, i, i+1)
	if len(f.waiters) == 0 && !f.complete {
		f.joinable = false
		f.cancel(errAbandoned)
	}
}

// wait is the waiting part of Do.
func (f *Flight) wait(ctx context.Context, me *waiter, grace time.Duration) outcome {
	var expired <-chan time.Time
	if !me.Deadline.IsZero() {
		t := time.NewTimer(time.Until(me.Deadline))
		defer t.Stop()
		expired = t.C
	}
	select {
	case out := <-me.out:
		return f.accept(ctx, me, out)
	case <-ctx.Done():
		return f.giveUp(ctx, me)
	case <-expired:
	}
	if f.endsWith(me) {
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case out := <-me.out:
			return f.accept(ctx, me, out)
		case <-ctx.Done():
		case <-t.C:
		}
	}
	return f.giveUp(ctx, me)
}

// endsWith reports whether the flight has no more time than w.
func (f *Flight) endsWith(w *waiter) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.airborne && !later(f.deadline, w.Deadline)
}

// accept ties a streamed body to its reader's context.
func (f *Flight) accept(ctx context.Context, me *waiter, out outcome) outcome {
	if out.stream != nil {
		out.stream.attach(ctx, func() { f.leave(me) })
	}
	return out
}

// giveUp leaves. An outcome that came first still counts, but not for a caller
// that has left.
func (f *Flight) giveUp(ctx context.Context, me *waiter) outcome {
	if ctx.Err() != nil {
		f.leave(me)
		return outcome{err: context.Cause(ctx)}
	}
	f.mu.Lock()
	select {
	case out := <-me.out:
		f.mu.Unlock()
		return f.accept(ctx, me, out)
	default:
	}
	f.mu.Unlock()
	f.leave(me)
	select {
	case out := <-me.out: // it came just now; a streamed one is given back by leaving
		if out.stream == nil {
			return out
		}
	default:
	}
	return outcome{err: fmt.Errorf("no answer before the caller's deadline: %w", context.DeadlineExceeded)}
}
