package journal

import (
	"cmp"
	"slices"
)

// Get returns the latest record with this request id, as it was masked when it
// was captured. Whoever exports it looks for what became a secret since.
func (j *Journal) Get(requestID string) (*Record, bool) { return j.get(requestID, decode) }

// Show is Get for a reader: what became a secret since is masked too.
func (j *Journal) Show(requestID string) (*Record, bool) { return j.get(requestID, j.decodeNow) }

func (j *Journal) get(requestID string, decode func([]byte, *Excerpt) *Record) (*Record, bool) {
	var found *Record
	j.scan(func(stored []byte, excerpt *Excerpt) bool {
		if isOf(stored, requestID) {
			found = decode(stored, excerpt)
		}
		return found == nil
	})
	if found != nil {
		return found, true
	}
	var latest uint64
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failures.each(func(k kept) {
		r := reader{b: k.stored}
		if number := r.uint(); number > latest && isOf(k.stored, requestID) {
			latest, found = number, decode(k.stored, k.excerpt)
		}
	})
	return found, found != nil
}

// scan shows the records of the ring, the newest first, until visit returns
// false. It holds the lock for a segment at a time only, so that no exchange
// waits for a long search.
func (j *Journal) scan(visit func(stored []byte, excerpt *Excerpt) bool) {
	j.mu.Lock()
	number := j.latest.newest
	j.mu.Unlock()
	for ; number > 0; number-- {
		j.mu.Lock()
		s := j.latest.segment(number)
		more := s != nil && s.backwards(visit)
		j.mu.Unlock()
		if !more {
			return
		}
	}
}

// found is a stored record that some filter chose.
type found struct {
	number  uint64
	stored  []byte
	excerpt *Excerpt
}

// choose copies up to limit chosen records, the newest first.
func (j *Journal) choose(f Filter, limit int) []found {
	var list []found
	take := func(stored []byte, excerpt *Excerpt) {
		r := reader{b: stored}
		list = append(list, found{number: r.uint(), stored: slices.Clone(stored), excerpt: excerpt})
	}
	j.scan(func(stored []byte, excerpt *Excerpt) bool {
		if f.matches(stored) {
			take(stored, excerpt)
		}
		return len(list) < limit
	})
	j.mu.Lock()
	j.failures.each(func(k kept) {
		if f.matches(k.stored) {
			take(k.stored, k.excerpt)
		}
	})
	j.mu.Unlock()
	slices.SortFunc(list, func(a, b found) int { return cmp.Compare(b.number, a.number) })
	list = slices.CompactFunc(list, func(a, b found) bool { return a.number == b.number })
	return list[:min(len(list), limit)]
}

// Recent returns up to limit records that f chooses, the newest first; among
// them failures that the latest ones have long pushed out of the ring.
func (j *Journal) Recent(f Filter, limit int) []*Record {
	chosen := j.choose(f, limit)
	out := make([]*Record, len(chosen))
	for i, c := range chosen {
		out[i] = decode(c.stored, c.excerpt)
	}
	return out
}

// Summaries is Recent in one line each, with what became a secret since masked.
func (j *Journal) Summaries(f Filter, limit int) []Summary {
	chosen := j.choose(f, limit)
	out := make([]Summary, len(chosen))
	for i, c := range chosen {
		readSummary(&reader{b: c.stored, scrub: j.scrub(version(c.stored))}, &out[i])
	}
	return out
}

// FailureGroup is what is kept of one kind of failure.
type FailureGroup struct {
	Cause    string // diagnosis, else code of ours, else status class such as 5xx; shielded_401 for one that the app did not see
	Endpoint string
	Count    int64     // since the start, or since the group was last forgotten
	First    []*Record // the oldest first
	Last     []*Record // the oldest first; none of them is in First
}

// Failures returns what is kept of failures, the kind that came last in front.
func (j *Journal) Failures() []FailureGroup {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []FailureGroup
	for e := j.failures.silent.Front(); e != nil; e = e.Next() {
		g, ok := e.Value.(*group)
		if !ok {
			continue
		}
		of := FailureGroup{Cause: g.key.cause, Endpoint: g.key.endpoint, Count: g.count}
		for _, k := range g.first {
			of.First = append(of.First, decode(k.stored, k.excerpt))
		}
		for _, k := range g.last {
			of.Last = append(of.Last, decode(k.stored, k.excerpt))
		}
		out = append(out, of)
	}
	return out
}
