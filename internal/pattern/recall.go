package pattern

import "time"

// entry is what is remembered of one call.
type entry struct {
	digest uint64
	last   time.Duration // latest arrival
	// fetched is when a cache would have asked for the answer that it still has.
	fetched time.Duration
	mean    time.Duration // of the gaps of the rhythm
	gaps    uint16        // in the rhythm
	repeats bool          // in which list it is

	newer, older int32
}

// sighting is what a call has to do with the one before that was the same.
type sighting struct {
	seen bool
	last time.Duration // when that arrived
	gap  time.Duration // since then; 0 if the two are told out of order
}

// recall finds the entry of a call, or makes one, and moves it to the front. A call
// without a digest has none.
func (d *Detector) recall(c *Call) (*entry, sighting) {
	if c.Digest == 0 {
		return nil, sighting{}
	}
	i, known := d.index[c.Digest]
	if !known {
		i = d.place()
		d.entries[i] = entry{digest: c.Digest, last: c.At, fetched: c.At}
		d.index[c.Digest] = i
		d.push(&d.once, i)
		return &d.entries[i], sighting{}
	}
	e := &d.entries[i]
	s := sighting{seen: true, last: e.last, gap: max(c.At-e.last, 0)}
	if e.repeats {
		d.again.remove(d.entries, i)
	} else {
		d.once.remove(d.entries, i)
	}
	d.push(&d.again, i)
	e.repeats = true
	if gap := c.At - e.last; gap > Forgotten || gap < -Forgotten {
		e.last, e.fetched, e.mean, e.gaps = c.At, c.At, 0, 0
		return e, sighting{}
	}
	e.last = max(e.last, c.At)
	return e, s
}

// place is a free entry. There are at most two full lists and one more, as push
// drops after it has inserted.
func (d *Detector) place() int32 {
	if n := len(d.free); n > 0 {
		i := d.free[n-1]
		d.free = d.free[:n-1]
		return i
	}
	d.entries = append(d.entries, entry{})
	return int32(len(d.entries) - 1) //nolint:gosec // bounded by the capacity
}

// push puts an entry in front, and drops the oldest of a list that is too long.
func (d *Detector) push(l *recency, i int32) {
	l.pushFront(d.entries, i)
	if l.n <= d.capacity {
		return
	}
	last := l.oldest
	l.remove(d.entries, last)
	delete(d.index, d.entries[last].digest)
	d.free = append(d.free, last)
}

// repeat counts a call that was seen before, and reports whether it is in a habit.
func (e *entry) repeat(c *Call, gap time.Duration, into *Counts) bool {
	found := false
	if gap <= IdenticalWithin {
		into.Identical++
		found = true
	}
	if c.Lifetime > 0 && c.At-e.fetched <= c.Lifetime {
		into.Cacheable++
		found = true
	} else {
		e.fetched = max(e.fetched, c.At)
	}
	if e.rhythm(gap) {
		into.Polled++
		into.PollSeconds += gap.Seconds()
		found = true
	}
	return found
}

// rhythm takes a gap into account and reports whether it continues a rhythm that was
// there before it.
func (e *entry) rhythm(gap time.Duration) bool {
	if off := gap - e.mean; gap < shortestGap || e.gaps == 0 || max(off, -off) > e.mean/deviation {
		e.mean, e.gaps = gap, 1
		if gap < shortestGap {
			e.gaps = 0
		}
		return false
	}
	e.gaps = min(e.gaps+1, 1000)
	e.mean += (gap - e.mean) / time.Duration(e.gaps)
	return e.gaps >= regularGaps
}

// recency is a list of entries by when they were seen last.
type recency struct {
	newest, oldest int32
	n              int
}

const none = -1

func (l *recency) reset() { *l = recency{newest: none, oldest: none} }

func (l *recency) pushFront(entries []entry, i int32) {
	entries[i].newer, entries[i].older = none, l.newest
	if l.newest != none {
		entries[l.newest].newer = i
	} else {
		l.oldest = i
	}
	l.newest = i
	l.n++
}

func (l *recency) remove(entries []entry, i int32) {
	e := &entries[i]
	if e.newer != none {
		entries[e.newer].older = e.older
	} else {
		l.newest = e.older
	}
	if e.older != none {
		entries[e.older].newer = e.newer
	} else {
		l.oldest = e.newer
	}
	l.n--
}
