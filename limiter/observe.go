package limiter

import "time"

// Action is something that would have been done if the bucket did not only observe.
type Action string

// The actions.
const (
	WouldDelay  Action = "delay"
	WouldRefuse Action = "refuse"
)

// observe lets a call go at once and counts what would have become of it. The
// pacer's schedule runs ahead as the line would have grown.
func (b *Bucket) observe(call *Call, deadline, now time.Duration) *Place {
	b.advance(now)
	at := b.earliest(now)
	p := &Place{bucket: b, endpoint: call.Endpoint, since: now, login: call.Login}
	line := int((at - now) / b.pace.interval)
	switch {
	case at > deadline, call.NoWait && at > now, line > b.cfg.Queue:
		b.totals.observe(WouldRefuse)
		b.depart(p, now)
		b.pace.refund() // it would not have taken anybody's turn
		p.observed = WouldRefuse
	case at > now:
		b.totals.observe(WouldDelay)
		b.depart(p, now)
		p.observed = WouldDelay
	default:
		b.depart(p, now)
	}
	if p.observed != "" {
		p.wouldWait = at - now
	}
	return p
}

// release lets everybody go who still waits when observing begins.
func (b *Bucket) release(now time.Duration) {
	var all []*waiter
	b.line.each(func(w *waiter) { all = append(all, w) })
	for _, w := range all {
		b.line.remove(w)
		b.depart(&w.place, now)
		close(w.ready)
	}
}

// Observed is what would have been done to the call, empty if nothing or if the
// bucket does not observe, and how long it would have waited.
func (p *Place) Observed() (action Action, wait time.Duration) { return p.observed, p.wouldWait }
