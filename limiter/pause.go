package limiter

import "time"

// Bounds of a pause that no hint tells the length of, and of the jitter on one
// that is told.
const (
	firstPause = time.Second
	lastPause  = time.Minute
	jitterPart = 0.05
	maxJitter  = 500 * time.Millisecond
	// maxParked bounds the endpoints that are held back on their own.
	maxParked = 64
	// probePatience is how long a probe may stay unanswered before another is
	// sent, at least; a slow provider must not be taken for a refusing one.
	probePatience = 2 * time.Second
	// suspicion is how long an endpoint whose refusal paused the bucket is
	// watched after a probe elsewhere has passed.
	suspicion = time.Minute
)

// pause is what a throttle does to a bucket: nothing leaves until it is over, then
// one probe, and only its answer opens the bucket again.
type pause struct {
	on       bool
	since    time.Duration // of its first refusal
	began    time.Duration // of its latest one
	until    time.Duration
	endpoint string        // whose refusal began it
	probes   int           // under way
	probeBy  time.Duration // when another probe may be sent
	failures int           // probes that were refused; doubles a pause without a hint
	resumed  time.Duration // when the last pause ended
	parked   map[string]*parking
}

// parking holds one endpoint back while the others go on. It begins as a trial:
// one call, whose answer decides whether the pause was the endpoint's own.
type parking struct {
	until    time.Duration
	began    time.Duration
	probes   int
	probeBy  time.Duration
	failures int
	trial    bool
}

// opens is when the gate lets the next call through: now if it is open.
func (p *pause) opens() time.Duration {
	switch {
	case !p.on:
		return 0
	case p.probes > 0:
		return max(p.until, p.probeBy)
	default:
		return p.until
	}
}

// lengthOf is how long a pause lasts: the hint, or a second that doubles with every
// probe that fails. Jitter only lengthens, so that we never come back early.
func (b *Bucket) lengthOf(hint time.Duration, failures int) time.Duration {
	length := hint
	if hint == unknown {
		length = lastPause
		if failures < 6 {
			length = firstPause << failures
		}
	}
	jitter := min(time.Duration(b.random()*jitterPart*float64(length)), maxJitter)
	return min(length+jitter, b.cfg.MaxPause)
}

// throttle applies the refusal of a call.
func (b *Bucket) throttle(place *Place, hint, now time.Duration) {
	p := &b.pause
	b.later = true
	if k := p.parked[place.endpoint]; k != nil {
		b.throttleParked(place, k, hint, now)
		return
	}
	switch {
	case p.on && place.probe:
		p.failures++
		p.probes = max(0, p.probes-1)
		p.began, p.until = now, now+b.lengthOf(hint, p.failures)
	case p.on || place.departed < p.resumed:
		// It left before the pause and tells of the same excess, but its hint may
		// reach further.
		if p.on && (hint != unknown || p.failures == 0) {
			p.until = max(p.until, now+b.lengthOf(hint, p.failures))
		}
	default:
		*p = pause{on: true, since: now, began: now, until: now + b.lengthOf(hint, 0), endpoint: place.endpoint, resumed: p.resumed, parked: p.parked}
	}
}

// throttleParked applies the refusal of a call to an endpoint that is held back.
func (b *Bucket) throttleParked(place *Place, k *parking, hint, now time.Duration) {
	if place.departed < k.began {
		return // it left before
	}
	if !k.trial {
		k.failures++
	}
	if k.trial {
		b.log.Info("one endpoint is throttled on its own; the others go on", "limit", b.cfg.Name, "credential", b.credential, "endpoint", place.endpoint)
	}
	k.trial, k.probes = false, 0
	k.began, k.until = now, now+b.lengthOf(hint, k.failures)
}

// passed notes that a call was answered without a throttle.
func (b *Bucket) passed(place *Place, now time.Duration) {
	p := &b.pause
	if k := p.parked[place.endpoint]; k != nil && place.departed >= k.began {
		delete(p.parked, place.endpoint)
		b.line.unpark(place.endpoint, b.cfg.Reserve > 0)
	}
	if !p.on || !place.probe && place.departed < p.began {
		return // it left before the pause and tells nothing of its end
	}
	refused := p.endpoint
	b.rate.resume(now, now-p.since, p.failures)
	*p = pause{resumed: now, parked: p.parked}
	if place.endpoint != refused && len(p.parked) < maxParked {
		if p.parked == nil {
			p.parked = make(map[string]*parking)
		}
		p.parked[refused] = &parking{began: now, until: now, trial: true}
		b.line.park(refused)
	}
}

// unanswered notes that a call came back without an answer.
func (b *Bucket) unanswered(place *Place) {
	if k := b.pause.parked[place.endpoint]; k != nil && place.probe {
		k.probes = max(0, k.probes-1)
	}
	if b.pause.on && place.probe {
		b.pause.probes = max(0, b.pause.probes-1)
	}
}

// parkedReady is an endpoint that is held back and may send a probe now, and when
// the next one may if none.
func (b *Bucket) parkedReady(now time.Duration) (endpoint string, next time.Duration) {
	next = forever
	for name, k := range b.pause.parked {
		list := b.line.parked[name]
		if list == nil || list.n == 0 {
			if k.trial && now-k.began > suspicion {
				delete(b.pause.parked, name) // nobody asked for it since
				delete(b.line.parked, name)
			}
			continue
		}
		at := k.until
		if k.probes > 0 {
			at = max(at, k.probeBy)
		}
		if at <= now {
			return name, now
		}
		next = min(next, at)
	}
	return "", next
}

// probeBy is until when the answer of a probe is waited for before another is sent.
func (b *Bucket) probeBy(now time.Duration) time.Duration {
	return now + max(probePatience, 4*b.latency)
}
