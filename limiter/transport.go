package limiter

import (
	"errors"
	"net/http"
	"time"
)

// ErrNotSent marks an error of [Transport.Next] that says that the call did not
// leave, for instance because its credential died in the queue. Place and departure
// are refunded, and the error is returned.
var ErrNotSent = errors.New("the call was not sent")

// Transport is a [http.RoundTripper] that waits for a place, sends, and learns from
// the answer. A throttled call keeps its place at the head of its caller's line and
// goes again; where the wait is longer than its deadline allows, the provider's own
// answer goes back at once with its body intact. Refusals are [*Refused] errors.
//
// The fields must not change while it is used. Hooks may be nil; they are called on
// the request's goroutine.
type Transport struct {
	// Next sends. It is required.
	Next http.RoundTripper
	// Bucket finds the request's bucket; nil for none.
	Bucket func(*http.Request) *Bucket
	// Describe tells what is known of the call. Nil describes every call alike.
	Describe func(*http.Request) Call
	// Throttle tells a throttle from other answers; it is asked about each 429. It
	// may read the body if it leaves it as it was, see [PeekWithin]. Nil takes every 429
	// for a throttle.
	Throttle func(*http.Response) bool
	// Again makes a fresh request to send a throttled one again, or says that it
	// cannot be. Nil means that none can.
	Again func(*http.Request) (*http.Request, bool)
	// Retries is how many times a throttled call goes again, if it does not persist.
	Retries int

	// Departed is told that a request leaves, after its wait, right before Next is
	// called with it. net/http repeats some requests by itself when a kept connection
	// turns out to be dead: whoever sends over it tells the place of each further
	// departure, with [Place.DepartedAgain].
	Departed func(r *http.Request, p *Place)
	// Refused is told that a request got no place.
	Refused func(r *http.Request, refused *Refused)
	// Throttled is told of each throttle.
	Throttled func(r *http.Request, resp *http.Response, o Outcome)
}

var _ http.RoundTripper = (*Transport)(nil)

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var b *Bucket
	if t.Bucket != nil {
		b = t.Bucket(r)
	}
	if b == nil {
		return t.Next.RoundTrip(r)
	}
	call := Call{Urgency: DefaultUrgency}
	if t.Describe != nil {
		call = t.Describe(r)
	}
	place, err := b.Acquire(r.Context(), call)
	if err != nil {
		t.tellRefused(r, err)
		closeBody(r)
		return nil, err
	}
	call.Head = true
	for left := t.Retries; ; left-- {
		resp, out, err := t.send(r, place)
		if err != nil || !out.Throttled {
			return resp, err
		}
		if t.Throttled != nil {
			t.Throttled(r, resp, out)
		}
		var again *http.Request
		persists := call.Persist && !call.Deadline.IsZero()
		if (left > 0 || persists) && t.Again != nil && !b.observing() {
			again, _ = t.Again(r)
		}
		if again == nil {
			b.Surfaced()
			return resp, nil
		}
		keep(resp, call.Deadline)
		place, err = b.Acquire(r.Context(), call)
		if err != nil {
			closeBody(again)
			if r.Context().Err() != nil {
				return nil, errors.Join(err, resp.Body.Close())
			}
			b.Surfaced() // the provider's word is truer than ours
			return resp, nil
		}
		discard(resp)
		r = again
	}
}

// send makes one departure and takes in what became of it.
func (t *Transport) send(r *http.Request, place *Place) (*http.Response, Outcome, error) {
	if t.Departed != nil {
		t.Departed(r, place)
	}
	answered := false
	defer func() {
		if !answered {
			place.Failed() // ignored if it was refunded
		}
	}()
	resp, err := t.Next.RoundTrip(r)
	if err != nil {
		if errors.Is(err, ErrNotSent) {
			place.Refund()
		}
		return nil, Outcome{}, err
	}
	throttle := resp.StatusCode == http.StatusTooManyRequests && (t.Throttle == nil || t.Throttle(resp))
	answered = true
	return resp, place.Answered(Feedback{Status: resp.StatusCode, Header: resp.Header, Throttle: throttle}), nil
}

func (t *Transport) tellRefused(r *http.Request, err error) {
	if refused, ok := errors.AsType[*Refused](err); ok && t.Refused != nil {
		t.Refused(r, refused)
	}
}

func (b *Bucket) observing() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cfg.Observe
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close() // a RoundTripper must close it; nobody is left to hear of an error
	}
}

// keepWithin bounds the time that reading a refusal's body may take.
const keepWithin = time.Second
