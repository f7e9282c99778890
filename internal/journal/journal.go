package journal

import (
	"sync"
	"sync/atomic"

	"github.com/cleengate/cleengate/internal/redact"
)

// Options configure a [Journal].
type Options struct {
	// Redactor masks everything before it is kept. It is required.
	Redactor *redact.Redactor
	// MaxSize bounds the memory of all records and of the messages that are
	// about to become some, in bytes. 0 keeps none; events are told all the same.
	MaxSize int64
	// Body is how much is kept of each body, in bytes. 0 keeps none.
	Body int64
}

// Journal keeps what happened to recent exchanges: the latest ones, and of
// each kind of failure the first and the last. Half of its memory is for the
// latest, a quarter for failures, and a quarter for messages that are passing
// by. It is safe for concurrent use.
//
// What is kept was masked when it was added, on the goroutine that served the
// request and before that returns: what is not masked stands in the exchange's
// own bounded buffers, and those are cleared by [Exchange.Release]. Masking
// takes time, and has its share of the processor: successes get a five-hundredth
// of one core, and failures of which the first were kept already a fiftieth.
// What comes beyond that is abridged, that is kept without headers and bodies.
// So everything is whole while the calls are not many, and when they are many
// the ring reaches further back.
type Journal struct {
	redactor *redact.Redactor
	clean    *redact.Clean
	body     atomic.Int64
	passing  atomic.Int64 // bytes of messages passing by
	maxSize  atomic.Int64
	buffers  sync.Pool // of *masking
	calm     share     // for successes
	flooded  share     // for failures beyond the first of their kind
	feed     feed

	number atomic.Uint64 // of the last record

	mu       sync.Mutex // guards what follows
	latest   ring
	failures failures
}

// Shares of one core that masking may take.
const (
	successShare = 0.002
	failureShare = 0.02
)

// New returns an empty journal.
func New(o Options) *Journal {
	j := &Journal{redactor: o.Redactor, clean: redact.NewClean(), failures: newFailures(0)}
	j.calm.rate, j.flooded.rate = successShare, failureShare
	j.buffers.New = func() any { return new(masking) }
	j.Resize(o.MaxSize, o.Body)
	return j
}

// Resize changes the bounds. What no longer fits is dropped.
func (j *Journal) Resize(maxSize, body int64) {
	j.maxSize.Store(maxSize)
	j.body.Store(min(body, maxSize/4))
	j.mu.Lock()
	defer j.mu.Unlock()
	j.latest.resize(maxSize / 2)
	j.failures.resize(maxSize / 4)
}

// Off reports whether no records are kept, as MaxSize 0 has it.
func (j *Journal) Off() bool { return !j.keeps() }

// keeps reports whether records are kept at all.
func (j *Journal) keeps() bool { return j.maxSize.Load() > 0 }

// take asks for room for n bytes of messages that pass by.
func (j *Journal) take(n int64) bool {
	if j.passing.Add(n) <= j.maxSize.Load()/4 {
		return true
	}
	j.passing.Add(-n)
	return false
}

func (j *Journal) give(n int64) {
	if n != 0 {
		j.passing.Add(-n)
	}
}

// Bytes is the memory in use, in bytes; never more than the bound.
func (j *Journal) Bytes() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.latest.size + j.latest.pinned + j.failures.size + j.passing.Load()
}

// Add masks a finished exchange, keeps it, and tells the subscribers. With
// whole its messages are masked whatever that costs, and the record is
// returned; else the result is nil. x must have been given to [Journal.Open],
// or it has no messages.
func (j *Journal) Add(x *Exchange, whole bool) *Record {
	followed := j.feed.count.Load() > 0
	if !whole && !followed && !j.keeps() {
		return nil
	}
	m, ok := j.buffers.Get().(*masking)
	if !ok {
		m = new(masking)
	}
	defer j.buffers.Put(m)
	x.mu.Lock()
	defer x.mu.Unlock()
	key, failed := x.failure()
	full := m.mask(j, x, key, failed, whole)
	j.mu.Lock()
	if j.keeps() {
		j.latest.add(m.b, x.Excerpt)
		if failed {
			j.failures.add(key, m.b, x.Excerpt, full)
		}
	}
	j.mu.Unlock()
	if followed {
		var s Summary
		readSummary(&reader{b: m.b}, &s)
		j.feed.publish(s)
	}
	if whole {
		return decode(m.b, x.Excerpt)
	}
	return nil
}

// mask writes the record into m.b and reports whether it has its messages.
func (m *masking) mask(j *Journal, x *Exchange, key groupKey, failed, whole bool) (full bool) {
	limit := j.maxSize.Load() / 8
	if limit == 0 {
		limit = 8 * j.body.Load()
	}
	*m = masking{journal: j, r: j.redactor, version: j.redactor.Version(), body: int(j.body.Load()), room: int(limit), b: m.b[:0]}
	if x.OwnID {
		m.madeID = x.RequestID
	}
	budget, number := &j.calm, j.number.Add(1)
	if failed {
		budget = &j.flooded
		whole = whole || j.early(key)
	}
	if full = x.capture.journal != nil && (whole || budget.has(x.Start.Add(x.Duration))); full {
		x.capture.open()
		if x.capture.app != nil {
			x.capture.app.Describe(x)
		}
	}
	m.write(x, number, full)
	if !full {
		return false
	}
	if m.hidden {
		if own := x.secrets(); len(own) > 0 {
			m.r, m.own, m.b = j.redactor.With(own...), true, m.b[:0]
			m.write(x, number, true)
		}
	}
	budget.spend(cost(len(m.b), m.hidden))
	return true
}

// early reports whether a failure is one of the first of its kind.
func (j *Journal) early(key groupKey) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failures.early(key)
}

// failure tells whether something failed, and which kind of failure it is. A
// failure that the app was spared is one too. x.mu is held.
func (x *Exchange) failure() (key groupKey, failed bool) {
	key.endpoint = x.Endpoint
	switch {
	case x.Diagnosis != "":
		key.cause = x.Diagnosis
	case x.Code != "":
		key.cause = x.Code
	case x.Status >= 500:
		key.cause = "5xx"
	case x.Status == StatusClientGone:
		key.cause = "client_gone"
	case x.Status >= 400:
		key.cause = "4xx"
	case x.RPCFailed:
		key.cause = "rpc_error"
	default:
		for i := range x.attempts {
			switch a := &x.attempts[i]; {
			case a.Status == 401:
				key.cause = "shielded_401"
			case a.Status == 429:
				key.cause = "shielded_429"
			case a.Status >= 500 || a.Err != "":
				key.cause = "shielded_5xx"
			}
		}
	}
	return key, key.cause != ""
}
