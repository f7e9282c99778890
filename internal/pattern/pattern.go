// Package pattern finds wasteful habits in a stream of calls while it passes by.
//
// A [Detector] is shown every finished call and remembers, in a fixed amount of
// memory, which it has seen lately. It counts four habits:
//
//   - identical: a read that the same caller made less than [IdenticalWithin] before.
//   - cacheable: a read that a cache with the endpoint's lifetime would have answered.
//   - polled: a read that comes back at a regular interval, from the seventh
//     sighting on.
//   - bulk: a run of calls that one list or one batch would replace.
//
// # Memory and error
//
// Calls are remembered by their digest in two lists by recency: those seen once,
// and those seen again. A call that is seen again moves to the second list, so that a
// flood of calls that never repeat cannot push out one that does (the idea of
// 2Q, Johnson and Shasha, VLDB 1994). Each list holds as many as the detector's
// capacity. It follows that a repeat is recognised whenever fewer different calls
// than the capacity were seen since the call was seen last; else it may be taken
// for a new one. Nothing is ever taken for a repeat that is none, as far as
// digests differ. So identical and cacheable are lower bounds, and exact while the
// different calls at work fit. A forgotten call begins its rhythm anew, so polled is
// exact under the same condition. A run whose calls repeat within it, with more
// different ones in between than fit, may count such a repeat as one more of the run.
// Runs in different names at the same moment break each other up and are missed.
package pattern

import "time"

const (
	// IdenticalWithin is how long after a call the same one is taken for redundant,
	// whatever its endpoint: a caller that still has the answer need not ask.
	IdenticalWithin = 10 * time.Second
	// Forgotten is the gap after which a call is new again.
	Forgotten = time.Hour

	// A rhythm is a run of gaps that each differ from the mean of those before by
	// at most a fifth. Of random arrivals one in some ten thousand begins a run of
	// six.
	regularGaps = 6
	shortestGap = 500 * time.Millisecond
	deviation   = 5 // gap/deviation is allowed
)

// Bulk says what could replace many calls of a kind.
type Bulk uint8

// The kinds. The zero value is that nothing could.
const (
	Single Bulk = iota // nothing replaces it
	List               // a read whose endpoint has a list beside it
	Batch              // a JSON-RPC call sent alone
)

// runs are so many calls within span. One that is as long as a page or batch ends
// there, and another begins.
var runs = [...]struct {
	span     time.Duration
	min, max uint16
}{
	List:  {10 * time.Second, 10, 100}, // the longest page that Cleeng documents
	Batch: {time.Second, 5, 25},        // what Cleeng's own PHP client puts in one
}

// Call is one finished call that went upstream.
type Call struct {
	// At is when it arrived, on a clock that does not jump.
	At time.Duration
	// Digest tells it from others: caller, endpoint, identity and all that makes
	// the answer. 0 is a call that cannot be compared, such as a write.
	Digest uint64
	// Lifetime is how long an answer of its endpoint may be reused; 0 is not at all.
	Lifetime time.Duration
	Bulk     Bulk
	// Identity is in whose name it was made. Many customers' reads, which may come
	// under one caller's name, are no run that a list would replace.
	Identity uint64
}

// Counts is what was found among the calls of one endpoint and caller.
type Counts struct {
	Identical int64 `json:"identical,omitempty"`
	Cacheable int64 `json:"cacheable,omitempty"`
	Polled    int64 `json:"polled,omitempty"`
	// PollSeconds is the sum of the intervals of those polled.
	PollSeconds float64 `json:"poll_seconds,omitempty"`
	Bulk        int64   `json:"bulk,omitempty"` // calls in runs
	Runs        int64   `json:"runs,omitempty"`
	// Found counts the calls that are in any of the above, each once.
	Found int64 `json:"found,omitempty"`
}

// Add adds o to c.
func (c *Counts) Add(o *Counts) {
	c.Identical += o.Identical
	c.Cacheable += o.Cacheable
	c.Polled += o.Polled
	c.PollSeconds += o.PollSeconds
	c.Bulk += o.Bulk
	c.Runs += o.Runs
	c.Found += o.Found
}

// Window is the run that is under way for one endpoint and caller. The zero value
// is ready for use.
type Window struct {
	start    time.Duration
	identity uint64
	n        uint16 // calls in the run
	others   uint16 // of them, how many are in no other habit
}

// Detector recognises calls. It is not safe for concurrent use.
type Detector struct {
	capacity int
	index    map[uint64]int32 // by digest, into entries
	entries  []entry
	free     []int32
	once     recency // seen once
	again    recency // seen again
}

// New makes a detector that remembers up to capacity calls seen once and as many
// seen again, each in about 100 bytes. capacity must be positive.
func New(capacity int) *Detector {
	d := &Detector{capacity: capacity, index: make(map[uint64]int32)}
	d.once.reset()
	d.again.reset()
	return d
}

// See takes a call into account. w and into belong to its endpoint and caller.
func (d *Detector) See(c *Call, w *Window, into *Counts) {
	e, s := d.recall(c)
	found := s.seen && e.repeat(c, s.gap, into)
	if w.lengthen(c, s, found, into) || found {
		into.Found++
	}
}

// lengthen counts c if it is in a run, and reports whether it is. found tells that
// it is in another habit.
func (w *Window) lengthen(c *Call, s sighting, found bool, into *Counts) bool {
	if c.Bulk == Single || c.Bulk == List && c.Digest == 0 {
		return false
	}
	rule := &runs[c.Bulk]
	if since := c.At - w.start; w.n == 0 || w.n >= rule.max || w.identity != c.Identity || since >= rule.span || since <= -rule.span {
		*w = Window{start: c.At, identity: c.Identity}
	} else if c.Bulk == List && s.seen && s.last >= w.start {
		return false // the run has it already
	}
	w.n++
	if !found {
		w.others++
	}
	if w.n < rule.min {
		return false
	}
	into.Bulk++
	if w.n == rule.min { // those before it are in the run as well
		into.Runs++
		into.Bulk += int64(rule.min - 1)
		into.Found += int64(w.others)
		if !found {
			into.Found-- // this one is counted by See
		}
	}
	return true
}
