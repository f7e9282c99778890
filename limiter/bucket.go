package limiter

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// Bucket hands out the places of one limit, as one credential sees it. A mutex
// owns its state and one timer its future: whenever something changes it computes
// the next instant at which a call may leave or must be refused, and sleeps until
// then. A bucket without waiting calls has neither a timer nor a goroutine.
//
// All methods may be called from any goroutine.
type Bucket struct {
	base       time.Time // instants inside are counted from here
	credential string
	log        *slog.Logger
	changed    func() // told, with mu held, that there is something new to save; must not block
	random     func() float64

	mu       sync.Mutex // guards everything below
	cfg      Config
	line     line
	pace     pacer
	source   Source
	windows  []*window
	known    time.Duration // since when there have been windows; 0 never
	rate     adaptive
	capped   bool          // the adaptive rate holds although a limit is known
	struck   time.Duration // when a throttle last came although a limit was known
	pause    pause
	history  history
	clock    serverClock
	foreign  foreignConsumer
	departed int64 // departures so far
	flight   flight
	latency  time.Duration // from departure to header, about the longest of late
	timer    *time.Timer
	armed    time.Duration // what timer is set to; 0 if stopped
	later    bool          // something happened that makes departures later than predicted
	totals   totals
	told     map[string]bool // kinds of log lines that were written
	draining bool
}

// NewBucket makes a bucket for a limit as one credential sees it; the credential's
// name only tells it apart. log may be nil. The bucket need not be closed, but
// [Bucket.Close] refuses what still waits.
func NewBucket(cfg Config, credential string, log *slog.Logger) (*Bucket, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	// An instant of zero means never, so the bucket was made a moment ago.
	b := &Bucket{
		base: time.Now().Add(-time.Nanosecond), credential: credential, log: log,
		changed: func() {}, random: rand.Float64, history: newHistory(),
	}
	b.cfg = cfg.withDefaults()
	b.rate = newAdaptive(b.cfg.Start, b.now())
	b.repace(b.now())
	b.line.fill(b.cfg.Reserve, b.pace.rate)
	return b, nil
}

// now is the present instant.
func (b *Bucket) now() time.Duration { return time.Since(b.base) }

// Acquire waits for a place. It returns a [*Refused] at once where the call's turn
// will come too late, whenever that becomes known, and the cause of ctx where ctx
// ends first; a caller that leaves takes its place in the line with it. The call
// counts as departed when Acquire returns.
func (b *Bucket) Acquire(ctx context.Context, call Call) (*Place, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	call.normalise()
	deadline := b.deadlineOf(ctx, call.Deadline)
	b.mu.Lock()
	now := b.now()
	if b.cfg.Observe {
		defer b.mu.Unlock()
		return b.observe(&call, deadline, now), nil
	}
	if place := b.pass(&call, now); place != nil {
		b.mu.Unlock()
		return place, nil
	}
	if refused := b.judge(&call, deadline, now); refused != nil {
		b.mu.Unlock()
		return nil, refused
	}
	w := newWaiter(b, &call, deadline, now)
	b.line.push(w, call.Head, b.cfg.Reserve > 0)
	b.settle(now)
	b.mu.Unlock()
	return b.wait(ctx, w)
}

// wait waits until w is granted or refused, or its caller leaves.
func (b *Bucket) wait(ctx context.Context, w *waiter) (*Place, error) {
	for {
		select {
		case <-w.ready:
		case <-ctx.Done():
		}
		b.mu.Lock()
		switch {
		case w.err != nil:
			b.mu.Unlock()
			return nil, w.err
		case ctx.Err() != nil:
			b.leave(w)
			b.mu.Unlock()
			return nil, context.Cause(ctx)
		case b.overtaken(&w.place):
			// A throttle came between the grant and now: nothing may leave any more.
			b.recall(w)
			b.mu.Unlock()
			continue
		}
		b.mu.Unlock()
		return &w.place, nil
	}
}

// leave takes a caller that gave up out of the line. If it was granted a place in
// the meantime that is given back.
func (b *Bucket) leave(w *waiter) {
	if w.list != nil {
		b.line.remove(w)
		b.settle(b.now())
		return
	}
	b.end(&w.place)
	b.unanswered(&w.place)
	b.uncount(&w.place)
	b.settle(b.now())
}

// overtaken tells whether a pause began after the place was granted.
func (b *Bucket) overtaken(p *Place) bool {
	if b.cfg.Observe {
		return false
	}
	if k := b.pause.parked[p.endpoint]; k != nil && !k.trial && k.began > p.departed {
		return true
	}
	return b.pause.on && b.pause.began > p.departed
}

// recall puts a call that was granted a place back to the head of its line.
func (b *Bucket) recall(w *waiter) {
	b.end(&w.place)
	b.unanswered(&w.place)
	b.uncount(&w.place)
	w.place.ended, w.place.probe, w.place.lost = false, false, false
	w.ready = make(chan struct{})
	b.line.push(w, true, b.cfg.Reserve > 0)
	b.settle(b.now())
}

func newWaiter(b *Bucket, call *Call, deadline, now time.Duration) *waiter {
	return &waiter{
		place:    Place{bucket: b, endpoint: call.Endpoint, since: now, login: call.Login},
		call:     inLine(call),
		deadline: deadline,
		heapAt:   -1,
		ready:    make(chan struct{}),
	}
}

func inLine(call *Call) callInLine {
	return callInLine{name: call.Caller, share: call.Share, urgency: call.Urgency, own: call.Own, login: call.Login, claim: call.Claim}
}

// deadlineOf is the earlier one of the call's deadline and its context's.
func (b *Bucket) deadlineOf(ctx context.Context, t time.Time) time.Duration {
	if d, ok := ctx.Deadline(); ok && (t.IsZero() || d.Before(t)) {
		t = d
	}
	if t.IsZero() {
		return forever
	}
	return t.Sub(b.base)
}

// pass grants a place at once if nobody waits and one is free.
func (b *Bucket) pass(call *Call, now time.Duration) *Place {
	if b.draining || b.line.logins.n > 0 || !call.Login && (b.line.ready(true) || b.flight.n >= b.cfg.Concurrency) {
		return nil
	}
	if b.pause.on || len(b.pause.parked) > 0 && b.pause.parked[call.Endpoint] != nil {
		return nil // a probe is chosen among those who wait
	}
	b.advance(now)
	if b.earliest(now) > now {
		return nil
	}
	p := &Place{bucket: b, endpoint: call.Endpoint, since: now, login: call.Login}
	b.depart(p, now)
	return p
}

// depart counts a place's departure.
func (b *Bucket) depart(p *Place, now time.Duration) {
	p.departed = now
	b.count(now, p.since, 1)
	p.ordinal = b.departed
	b.flight.add(p)
	b.totals.departed++
}

// count records n departures of calls that have waited since then.
func (b *Bucket) count(now, since time.Duration, n int) {
	b.departed += int64(n)
	b.history.add(now, n)
	for _, w := range b.windows {
		w.log.add(now, n)
	}
	for range n {
		b.pace.depart(now, since)
		b.line.deposit(b.cfg.Reserve, b.pace.rate)
	}
	b.rate.used = now
}

// uncount takes a departure back. What the provider said to remain is not raised
// for it: the next answer says it better.
func (b *Bucket) uncount(p *Place) {
	b.history.remove(p.departed)
	for _, w := range b.windows {
		w.log.remove(p.departed)
	}
	b.pace.refund()
	b.totals.departed--
}

// end takes a place out of flight.
func (b *Bucket) end(p *Place) {
	p.ended = true
	if !p.lost {
		b.flight.remove(p)
	}
}

// Reconfigure replaces the configuration. What was learned, who waits and what is
// under way stays.
func (b *Bucket) Reconfigure(cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if b.cfg.Observe != cfg.Observe {
		b.pace.tat = min(b.pace.tat, now) // the line that would have been never was
	}
	b.cfg = cfg.withDefaults()
	if cfg.Observe {
		b.release(now)
	}
	b.rate.start = b.cfg.Start
	if len(b.windows) == 0 && !b.rate.cut {
		b.rate.rate = max(b.rate.rate, b.cfg.Start)
	}
	b.later = true
	b.settle(now)
	b.line.fill(b.cfg.Reserve, b.pace.rate)
	return nil
}

// Close refuses all waiting calls and any further ones. It is idempotent and never
// fails.
func (b *Bucket) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drain(b.now())
	return nil
}

// Drain refuses further calls, and those of the waiting that cannot leave by the
// given time.
func (b *Bucket) Drain(by time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drain(by.Sub(b.base))
}

func (b *Bucket) drain(by time.Duration) {
	b.draining = true
	now := b.now()
	var all []*waiter
	b.line.each(func(w *waiter) { all = append(all, w) })
	for _, w := range all {
		if w.heapAt >= 0 {
			b.line.deadlines.remove(w)
		}
		w.deadline = min(w.deadline, by)
		b.line.deadlines.push(w)
	}
	b.reconsider(now)
	b.dispatch(now)
}

// once logs a line of its kind the first time.
func (b *Bucket) once(write func(string, ...any), kind, message string, args ...any) {
	if b.told[kind] {
		return
	}
	if b.told == nil {
		b.told = make(map[string]bool)
	}
	b.told[kind] = true
	write(message, append([]any{"limit", b.cfg.Name, "credential", b.credential}, args...)...)
}
