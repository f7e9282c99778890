package simulator

import (
	"slices"
	"time"
)

// Arrival records one call that reached the server. It holds no credential
// value and no body.
type Arrival struct {
	Seq        int           `json:"seq"` // place in the order of arrival, from 1
	At         time.Time     `json:"at"`  // when it was counted, on the caller's clock
	Method     string        `json:"method"`
	URI        string        `json:"uri"` // raw request target
	Endpoint   string        `json:"endpoint"`
	Credential string        `json:"credential"`
	RequestID  string        `json:"request_id,omitempty"` // X-Request-Id
	Status     int           `json:"status"`               // 0: no answer was sent
	Fault      string        `json:"fault,omitempty"`
	Handled    bool          `json:"handled"`
	Took       time.Duration `json:"took_ns"` // until the answer's header
}

func (t *tally) record(a Arrival) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.logMax <= 0:
		return
	case len(t.log) < t.logMax:
		t.log = append(t.log, a)
	default:
		t.log[t.logged%t.logMax] = a
	}
	t.logged++
}

// arrivals returns the recorded calls in the order in which they ended.
func (t *tally) arrivals() []Arrival {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.logged <= len(t.log) {
		return slices.Clone(t.log)
	}
	at := t.logged % t.logMax
	return slices.Concat(t.log[at:], t.log[:at])
}

func (t *tally) carried(key string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.keys[key]
}
