package limiter

import "time"

// Place is the permission for one departure. Whoever acquired it ends it exactly
// once: with [Place.Answered], [Place.Failed] or [Place.Refund]. Further endings
// are ignored. Its methods may be called from any goroutine.
type Place struct {
	bucket   *Bucket
	endpoint string
	ordinal  int64         // departures of the bucket up to and with this one
	since    time.Duration // when it began to wait
	departed time.Duration
	login    bool
	probe    bool
	ended    bool
	refused  bool // its call was throttled
	lost     bool // its slot was freed because it was held for too long

	observed  Action
	wouldWait time.Duration

	prev, next *Place // in the list of places without an answer
}

// Waited is how long the call waited for its place.
func (p *Place) Waited() time.Duration { return p.departed - p.since }

// Outcome is what an answer meant for the bucket.
type Outcome struct {
	// Throttled says that the bucket, or the endpoint, is paused now.
	Throttled bool
	// PausedUntil is when the pause ends; zero if there is none.
	PausedUntil time.Time
	// Diagnosis explains a throttle.
	Diagnosis Diagnosis
}

// Answered gives the place back, as the answer's header has come, and learns from it.
func (p *Place) Answered(f Feedback) Outcome {
	b := p.bucket
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.ended {
		return Outcome{}
	}
	now := b.now()
	b.end(p)
	b.timed(now - p.departed)
	var out Outcome
	switch {
	case f.otherwise():
		b.unanswered(p) // it says nothing about limits
	case f.Throttle:
		out = b.throttled(p, &f, now)
	default:
		b.rate.accepted++
		b.learn(p, f.Header, now)
		b.passed(p, now)
	}
	b.settle(now)
	return out
}

// timed takes in how long an answer took; slow ones count at once, fast ones slowly.
func (b *Bucket) timed(took time.Duration) {
	if took > b.latency {
		b.latency = min(took, 2*b.latency+100*time.Millisecond)
	} else {
		b.latency -= (b.latency - took) / 8
	}
}

// Failed gives the place back of a call that left and got no answer.
func (p *Place) Failed() {
	b := p.bucket
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.ended {
		return
	}
	b.end(p)
	b.unanswered(p)
	b.settle(b.now())
}

// Refund gives back the place of a call that was not sent, and its departure.
func (p *Place) Refund() {
	b := p.bucket
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.ended {
		return
	}
	b.end(p)
	b.unanswered(p)
	b.uncount(p)
	b.settle(b.now())
}

// DepartedAgain counts a departure more. net/http's transport repeats a request by
// itself when a kept connection turns out to be dead.
func (p *Place) DepartedAgain() {
	b := p.bucket
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.count(now, now, 1)
	b.settle(now)
}

// flight lists the places that wait for an answer, oldest first.
type flight struct {
	head, tail *Place
	n          int // without logins
}

func (f *flight) add(p *Place) {
	p.prev, p.next = f.tail, nil
	if f.tail != nil {
		f.tail.next = p
	} else {
		f.head = p
	}
	f.tail = p
	if !p.login {
		f.n++
	}
}

func (f *flight) remove(p *Place) {
	if p.prev != nil {
		p.prev.next = p.next
	} else {
		f.head = p.next
	}
	if p.next != nil {
		p.next.prev = p.prev
	} else {
		f.tail = p.prev
	}
	p.prev, p.next = nil, nil
	if !p.login {
		f.n--
	}
}

// maxHold is how long a place counts as concurrent at most, so that one whose
// ending was lost does not shrink the bucket for good.
const maxHold = 5 * time.Minute

// expire frees the slots of places that were held for too long, and says when the
// next one is due.
func (f *flight) expire(now time.Duration) (next time.Duration, lost int) {
	for p := f.head; p != nil; p = f.head {
		if now-p.departed < maxHold {
			return p.departed + maxHold, lost
		}
		f.remove(p)
		p.lost = true
		lost++
	}
	return forever, lost
}
