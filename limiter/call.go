package limiter

import (
	"fmt"
	"time"
)

// Urgencies of RFC 9218, section 4.1: 0 is the most urgent.
const (
	DefaultUrgency    = 3
	BackgroundUrgency = 7
)

// Call describes a call that asks for a place.
type Call struct {
	// Caller is the name that fairness is counted by. Empty is a name like any other.
	Caller string
	// Own gives the caller a queue of its own however many others there are. It is
	// for names that cannot be minted at will. Of other names at most 64 own a
	// queue at a time; the rest share one.
	Own bool
	// Share weighs the caller against others. 0 means 1.
	Share int
	// Urgency is 0 (most urgent) to 7 (background), see RFC 9218; the usual value
	// is [DefaultUrgency]. Values outside are clamped. Urgent calls go first, but
	// a caller can run ahead of its share by a bounded number of calls only.
	// Background calls leave when nothing else waits.
	Urgency int
	// Deadline is when the call must have left at the latest. The zero time is no
	// deadline.
	Deadline time.Time
	// Endpoint names what is called, from a small closed set, for pauses of one
	// endpoint and the choice of a probe.
	Endpoint string
	// Head puts the call at the head of its caller's line instead of the end: it
	// has waited before, and came back.
	Head bool
	// Login takes the bucket's next place, does not count as concurrent, and is
	// admitted to a full queue.
	Login bool
	// Claim lets the call use the reserve. Where there is one it is admitted to a full
	// queue, too.
	Claim bool
	// Persist lets a [Transport] send the call again after a throttle as often as its
	// deadline allows. Without a deadline it means nothing.
	Persist bool
	// NoWait starts the call now or refuses it.
	NoWait bool
}

func (c *Call) normalise() {
	c.Share = min(max(c.Share, 1), maxShare)
	c.Urgency = min(max(c.Urgency, 0), BackgroundUrgency)
}

// maxShare keeps one caller's turn short enough for the others.
const maxShare = 100

// Reason says why a call was refused.
type Reason string

// The reasons.
const (
	QueueFull        Reason = "queue_full"
	PatienceExceeded Reason = "patience_exceeded"
	Paused           Reason = "paused"
	Draining         Reason = "draining"
)

// Refused is the error of a call whose turn will come too late, or never.
type Refused struct {
	// Limit and Credential name the bucket.
	Limit, Credential string
	Reason            Reason
	// RetryAfter is how long it will take until a call like this one can leave, as
	// far as can be told now. It is above zero.
	RetryAfter time.Duration
}

func (r *Refused) Error() string {
	var why string
	switch r.Reason {
	case QueueFull:
		why = "its queue is full"
	case PatienceExceeded:
		why = "the call's turn would come after its deadline"
	case Paused:
		why = "the provider asked for a pause that ends after the call's deadline"
	case Draining:
		why = "it is shutting down"
	}
	return fmt.Sprintf("limit %q refused the call: %s (%s); retry in %v", r.Limit, why, r.Reason, r.RetryAfter.Round(time.Millisecond))
}
