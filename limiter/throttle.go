package limiter

import "time"

// Cause says why a call was throttled.
type Cause string

// The causes.
const (
	// ForeignConsumer: somebody else uses the quota, since what remains falls
	// faster than we send.
	ForeignConsumer Cause = "foreign_consumer"
	// LimitExceeded: we sent more than the known limit.
	LimitExceeded Cause = "limit_exceeded"
	// BurstRefused: we kept the known limit on average.
	BurstRefused Cause = "burst"
	// UnknownCause: no limit is known to compare with.
	UnknownCause Cause = "unknown"
)

// Diagnosis is why a call was throttled, with the facts.
type Diagnosis struct {
	Cause Cause `json:"cause"`
	// Limit calls per Window were known to be allowed; 0 if nothing was known.
	Limit  int64         `json:"limit,omitempty"`
	Window time.Duration `json:"-"`
	// Sent is how many calls left in the window before the refusal, or in the last
	// second if no window is known.
	Sent int `json:"sent"`
	// Foreign is how many calls others were seen to use in a window; 0 if none.
	Foreign int64 `json:"foreign,omitempty"`
	// Told says that the provider told how long to wait.
	Told bool `json:"told"`
}

// throttled takes in a refusal: its header, its cause, the pause, and what it means
// for the rate.
func (b *Bucket) throttled(p *Place, f *Feedback, now time.Duration) Outcome {
	p.refused = true
	b.history.accepted.remove(p.departed)
	hint, changed := b.learn(p, f.Header, now)
	if hint != unknown {
		for _, w := range b.windows {
			if w.level.ordinal == p.ordinal {
				w.level.expires = min(w.level.expires, now+hint) // the provider itself says when to come back
			}
		}
	}
	diagnosis := b.diagnose(now)
	diagnosis.Told = hint != unknown
	b.totals.throttled++
	fresh := !b.pause.on && p.departed >= b.pause.resumed && b.pause.parked[p.endpoint] == nil
	if fresh {
		b.cut(p, now, changed)
		b.log.Info("the provider throttles", "limit", b.cfg.Name, "credential", b.credential, "endpoint", p.endpoint,
			"cause", string(diagnosis.Cause), "sent", diagnosis.Sent, "known_limit", diagnosis.Limit, "window_seconds", diagnosis.Window.Seconds(), "told_wait_seconds", max(hint, 0).Seconds())
	}
	b.throttle(p, hint, now)
	b.changed()
	return Outcome{Throttled: true, PausedUntil: b.pausedUntil(p.endpoint, now), Diagnosis: diagnosis}
}

// pausedUntil is when calls to the endpoint may leave again; zero if they may now.
func (b *Bucket) pausedUntil(endpoint string, now time.Duration) time.Time {
	until := time.Duration(0)
	if b.pause.on {
		until = b.pause.until
	}
	if k := b.pause.parked[endpoint]; k != nil {
		until = max(until, k.until)
	}
	if until <= now {
		return time.Time{}
	}
	return b.base.Add(until)
}

// cut lowers the learned rate. Where a limit is told or pinned, that is the answer to
// one throttle, which may be chance: only a second one within a minute says that
// there is another limit that nobody tells, or that the pinned rate is too high.
func (b *Bucket) cut(p *Place, now time.Duration, changed bool) {
	if len(b.windows) > 0 {
		if changed || p.departed < b.known {
			return
		}
		for _, w := range b.windows {
			if full := float64(w.log.count(now)); full <= float64(w.limit) && full >= 0.9*float64(w.limit) {
				w.widen(now)
			}
		}
	}
	if len(b.windows) > 0 || b.cfg.Rate > 0 {
		struck := b.struck
		b.struck = now
		if struck == 0 || now-struck > time.Minute {
			return
		}
		b.capped = true
	}
	b.rate.rate = b.pace.rate
	sent := b.history.count(now, p.departed-time.Second) - int(b.departed-p.ordinal)
	demand := b.backlogged(now) && p.departed-b.rate.calm >= time.Second
	b.rate.throttled(sent, demand)
}

// diagnose compares what we sent with what is known.
func (b *Bucket) diagnose(now time.Duration) Diagnosis {
	d := Diagnosis{Cause: UnknownCause, Sent: b.history.count(now, now-time.Second)}
	fullest := -1.0
	for _, w := range b.windows {
		sent := w.log.count(now)
		if full := float64(sent) / float64(w.limit); full > fullest {
			fullest = full
			d.Limit, d.Window, d.Sent = w.limit, w.log.span, sent
		}
	}
	span := max(d.Window, time.Minute)
	switch {
	case b.foreign.seen > 0 && now-b.foreign.seen <= span:
		d.Cause, d.Foreign = ForeignConsumer, b.foreign.calls
	case fullest > 1:
		d.Cause = LimitExceeded
	case fullest >= 0:
		d.Cause = BurstRefused
	}
	return d
}
