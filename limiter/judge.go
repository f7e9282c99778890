package limiter

import (
	"math"
	"time"
)

// maxLogins bounds the logins that wait, and maxClaims the claims on the reserve; they
// are admitted to a full queue.
const (
	maxLogins = 64
	maxClaims = 64
)

// judge refuses a call that would not be served in time. What cannot be told is
// decided in the call's favour.
func (b *Bucket) judge(call *Call, deadline, now time.Duration) *Refused {
	c := inLine(call)
	ahead := b.line.ahead(&c, call.Head, b.cfg.Reserve > 0)
	f := b.forecast(now)
	start := f.at(ahead)
	if k := b.pause.parked[call.Endpoint]; k != nil {
		start = max(start, k.until)
	}
	full := b.line.n >= b.cfg.Queue
	switch {
	case call.Login:
		full = b.line.logins.n >= maxLogins
	case call.Claim && b.cfg.Reserve > 0:
		full = full && b.line.claims() >= maxClaims
	}
	switch {
	case b.draining:
		return b.refusal(Draining, start, now)
	case full:
		return b.refusal(QueueFull, start, now)
	case call.NoWait || start > deadline:
		if b.pause.on && (call.NoWait || b.pause.until > deadline) {
			return b.refusal(Paused, start, now)
		}
		return b.refusal(PatienceExceeded, start, now)
	}
	return nil
}

// refusal makes the error and counts it.
func (b *Bucket) refusal(reason Reason, start, now time.Duration) *Refused {
	b.totals.refuse(reason)
	return &Refused{Limit: b.cfg.Name, Credential: b.credential, Reason: reason, RetryAfter: max(start-now, time.Millisecond)}
}

// refuse tells a waiter that its turn will come too late.
func (b *Bucket) refuse(w *waiter, now time.Duration) {
	reason := PatienceExceeded
	switch {
	case b.draining:
		reason = Draining
	case b.pause.on && b.pause.until > w.deadline:
		reason = Paused
	}
	b.line.remove(w)
	ahead := b.line.ahead(&w.call, false, b.cfg.Reserve > 0)
	f := b.forecast(now)
	w.err = b.refusal(reason, f.at(ahead), now)
	close(w.ready)
}

// reconsider goes through the line as it would leave from now on and refuses
// whoever is too late. It runs where a pause begins or grows or the rate falls.
func (b *Bucket) reconsider(now time.Duration) {
	b.later = false
	if len(b.line.deadlines) == 0 {
		return
	}
	f := b.forecast(now)
	r := b.line.rehearse()
	var late []*waiter
	k := 0
	for w := r.next(); w != nil; w = r.next() {
		if f.at(k) > w.deadline {
			late = append(late, w)
			continue
		}
		k++
	}
	for endpoint, list := range b.line.parked {
		if parking := b.pause.parked[endpoint]; parking != nil {
			for w := list.head; w != nil; w = w.next {
				if parking.until > w.deadline {
					late = append(late, w)
				}
			}
		}
	}
	for _, w := range late {
		b.refuse(w, now)
	}
}

// forecast predicts departures from what is known now, if nothing happens.
type forecast struct {
	b        *Bucket
	now      time.Duration
	opens    time.Duration
	expiries []expiry
	counts   []int
	free     int
}

func (b *Bucket) forecast(now time.Duration) forecast {
	f := forecast{b: b, now: now, opens: max(now, b.pause.opens()), free: b.cfg.Concurrency - b.flight.n}
	if b.pause.probes > 0 {
		f.opens = max(now, b.pause.until) // its answer is expected any moment
	}
	for _, w := range b.windows {
		f.expiries = append(f.expiries, expiry{l: &w.log})
		f.counts = append(f.counts, w.log.count(now))
	}
	return f
}

// at is when the call leaves that k others leave before. k must not fall from call
// to call.
func (f *forecast) at(k int) time.Duration {
	b := f.b
	t := f.opens
	if b.pause.on && k > 0 {
		t += b.latency // the probe's answer opens the bucket for the others
	}
	t = max(t, b.paceAfter(t, k))
	for i, w := range b.windows {
		t = max(t, f.window(w, i, k))
	}
	if over := k - f.free; over >= 0 {
		t = max(t, f.now+time.Duration(float64(b.latency)*float64(over)/float64(b.cfg.Concurrency)))
	}
	return t
}

// paceAfter is when the rate lets a call go that follows k others. While the rate
// is only a beginning it is taken to double every second, since a call must not be
// refused for want of knowledge.
func (b *Bucket) paceAfter(now time.Duration, k int) time.Duration {
	at := b.pace.after(now, k)
	if !b.guessing() {
		return at
	}
	begin := max(b.pace.rate, b.rate.start)
	seconds := math.Log2(1 + float64(k)*math.Ln2/begin)
	return min(at, now+time.Duration(seconds*float64(time.Second)))
}

// guessing tells whether the present rate is nothing but a beginning.
func (b *Bucket) guessing() bool {
	if b.source == Configured || b.capped {
		return false
	}
	for _, w := range b.windows {
		if w.sure || w.told {
			return false
		}
	}
	return len(b.windows) > 0 || !b.rate.cut
}

func (f *forecast) window(w *window, i, k int) time.Duration {
	t := f.now
	interval := float64(w.log.span) / float64(w.limit)
	if !w.sure && !w.told {
		interval = 0 // a guess refuses nobody
	} else if over := f.counts[i] + k + 1 - int(min(w.limit, math.MaxInt32)); over > 0 {
		if at, ok := f.expiries[i].at(over); ok {
			t = at
		} else {
			t += w.log.span + time.Duration(float64(over-f.counts[i]-1)*interval)
		}
	}
	if l := &w.level; l.known && f.now < l.expires && w.fixed() && (l.told || w.sure || w.told) {
		if over := float64(k) - l.credit(f.now, f.b.departed, 0) + 1; over > 0 {
			t = max(t, l.expires+time.Duration(over*interval))
		}
	} else if k == 0 {
		t = max(t, l.earliest(f.now, f.b.departed, w.replenish()))
	}
	return t
}
