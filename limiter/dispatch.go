package limiter

import (
	"math"
	"time"
)

// Source says where a bucket's rate comes from.
type Source string

// The sources.
const (
	Configured Source = "configured"
	Header     Source = "header"
	Learned    Source = "learned"
)

// settle brings everything up to date after a change: rate, waiters that are too
// late now, departures, timer.
func (b *Bucket) settle(now time.Duration) {
	if b.repace(now) || b.later {
		b.reconsider(now)
	}
	b.dispatch(now)
}

// advance moves the learned rate on.
func (b *Bucket) advance(now time.Duration) {
	if b.capped && now-b.rate.used > decay {
		b.capped = false // what was learned besides the known limit is old by now
		b.repace(now)
	}
	if len(b.windows) == 0 || b.capped {
		before := b.rate.rate
		b.rate.advance(now, b.backlogged(now))
		if b.rate.rate != before {
			b.repace(now)
		}
	}
}

// backlogged tells whether calls wait, or would wait if the bucket did not only
// observe.
func (b *Bucket) backlogged(now time.Duration) bool {
	return b.line.n > 0 || b.cfg.Observe && b.pace.earliest() > now
}

// leap bounds the rate that is taken from a window whose span is only a guess,
// in multiples of the rate before.
const leap = 5

// repace computes the rate: the lowest of the pinned one, of what the known windows
// leave, and of the learned one where it counts. It reports whether that is
// noticeably slower than before.
func (b *Bucket) repace(now time.Duration) (slower bool) {
	rate, source, burst := math.Inf(1), Learned, startBurst
	asked := max(b.cfg.Burst, 1)
	if b.rate.cut {
		burst = asked // close to a limit a burst is what is refused
	}
	if b.cfg.Rate > 0 {
		rate, source, burst = b.cfg.Rate, Configured, asked
	}
	for _, w := range b.windows {
		fits := w.burst(asked)
		burst = min(burst, fits)
		told := w.rate(fits)
		if !w.sure && !w.told {
			told = min(told, leap*max(b.rate.rate, b.cfg.Start))
		}
		if told < rate {
			rate, source = told, Header
		}
	}
	if len(b.windows) == 0 && b.cfg.Burst > 0 {
		burst = b.cfg.Burst
	}
	switch {
	case b.capped && b.rate.rate >= rate:
		b.capped = false
	case b.capped, math.IsInf(rate, 1):
		rate, source = b.rate.rate, Learned
	}
	was := b.pace.rate
	if rate != was || burst != b.pace.burst {
		b.pace.set(now, rate, burst)
	}
	if source != b.source || math.Abs(rate-was) > was/20 {
		b.changed()
	}
	b.source = source
	return rate < was*0.98
}

// earliest is when the next call may leave, as far as rate, windows and pause
// decide.
func (b *Bucket) earliest(now time.Duration) time.Duration {
	t := max(b.pause.opens(), b.pace.earliest())
	for _, w := range b.windows {
		t = max(t, w.earliest(now, b.departed))
	}
	if b.gentle(now) {
		t = max(t, b.surge(now))
	}
	return t
}

// Bounds on how fast traffic may swell: in no tenth of a second more departures
// than twice those of the tenth before, plus five.
const (
	surgeSpan  = 100 * time.Millisecond
	surgeTimes = 2
	surgePlus  = startBurst
	// gentleFor is how long a bucket swells gently after a pause.
	gentleFor = 2 * time.Second
)

// gentle tells whether swelling is bounded: while the limit is unknown, since
// machine-like spikes are what gets addresses blocked, and after a pause.
func (b *Bucket) gentle(now time.Duration) bool {
	return b.source == Learned || b.pause.resumed > 0 && now-b.pause.resumed < gentleFor
}

// surge is when one departure more is no spike.
func (b *Bucket) surge(now time.Duration) time.Duration {
	fine := &b.history.fine
	recent := fine.since(now - surgeSpan)
	if recent < max(surgePlus, b.cfg.Burst) {
		return now
	}
	before := fine.within(now-2*surgeSpan, now-surgeSpan)
	if recent < surgeTimes*before+max(surgePlus, b.cfg.Burst) {
		return now
	}
	for i := range fine.n {
		if s := fine.at(i); s.last > now-surgeSpan {
			return s.last + surgeSpan
		}
	}
	return now
}

// dispatch lets go whoever may leave now and sets the timer for the next.
func (b *Bucket) dispatch(now time.Duration) {
	b.refuseLate(now, now-1)
	for b.line.n > 0 {
		b.advance(now)
		if b.earliest(now) > now {
			break
		}
		w := b.choose(now)
		if w == nil {
			break
		}
		b.line.remove(w)
		b.depart(&w.place, now)
		close(w.ready)
	}
	b.refuseLate(now, now)
	b.arm(now)
}

// refuseLate turns away whoever had until then. A call whose turn comes with its
// last instant is in time, as its prediction said.
func (b *Bucket) refuseLate(now, until time.Duration) {
	for len(b.line.deadlines) > 0 && b.line.deadlines[0].deadline <= until {
		b.refuse(b.line.deadlines[0], now)
	}
}

// choose picks who leaves now, nil if nobody can.
func (b *Bucket) choose(now time.Duration) *waiter {
	free := b.flight.n < b.cfg.Concurrency
	if b.pause.on {
		return b.chooseProbe(now, free)
	}
	if w := b.chooseParked(now, free); w != nil {
		return w
	}
	if !b.line.ready(free) {
		return nil
	}
	return b.line.pick(free)
}

// chooseParked picks a probe of an endpoint that is held back, if one is due.
func (b *Bucket) chooseParked(now time.Duration, free bool) *waiter {
	if len(b.pause.parked) == 0 || !free {
		return nil
	}
	endpoint, _ := b.parkedReady(now)
	if endpoint == "" {
		return nil
	}
	k := b.pause.parked[endpoint]
	w := b.line.parked[endpoint].head
	w.place.probe = true
	k.probes, k.probeBy, k.began = k.probes+1, b.probeBy(now), now
	return w
}

// chooseProbe picks the one call that leaves after a pause, of another endpoint
// than the refused one if such a call waits.
func (b *Bucket) chooseProbe(now time.Duration, free bool) *waiter {
	w := b.line.pickOther(b.pause.endpoint, free)
	if w == nil && b.line.ready(free) {
		w = b.line.pick(free)
	}
	if w == nil {
		w = b.chooseParked(now, free)
	}
	if w == nil {
		return nil
	}
	w.place.probe = true
	b.pause.probes++
	b.pause.probeBy = b.probeBy(now)
	return w
}

// noBusyLoop is how soon a bucket looks again where it could have acted now and did
// not. That should not happen; if it does, it must not take a processor.
const noBusyLoop = time.Millisecond

// arm sets the timer to the next instant at which there is something to do.
func (b *Bucket) arm(now time.Duration) {
	if b.line.n == 0 {
		b.disarm()
		return
	}
	next := forever
	if len(b.line.deadlines) > 0 {
		next = b.line.deadlines[0].deadline
	}
	free := b.flight.n < b.cfg.Concurrency
	if b.line.ready(free) {
		next = min(next, max(b.earliest(now), now+noBusyLoop))
	}
	if len(b.pause.parked) > 0 && free {
		if endpoint, at := b.parkedReady(now); endpoint != "" {
			next = min(next, max(b.earliest(now), now+noBusyLoop))
		} else if at < forever {
			next = min(next, max(at, b.earliest(now)))
		}
	}
	if !free {
		due, lost := b.flight.expire(now)
		if lost > 0 {
			b.once(b.log.Warn, "lost", "places were held for five minutes without an answer and count no longer as concurrent", "places", lost)
			due = now + noBusyLoop
		}
		next = min(next, due)
	}
	if next == forever {
		b.disarm()
		return
	}
	if next == b.armed {
		return
	}
	b.armed = next
	if b.timer == nil {
		b.timer = time.AfterFunc(next-now, b.wake)
		return
	}
	b.timer.Reset(next - now)
}

func (b *Bucket) disarm() {
	if b.armed != 0 {
		b.timer.Stop()
		b.armed = 0
	}
}

// wake is what the timer calls.
func (b *Bucket) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.armed = 0
	b.dispatch(b.now())
}
