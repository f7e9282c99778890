package limiter

import "math/bits"

const (
	// maxUnnamed is how many callers that could have minted their name own a
	// queue at a time.
	maxUnnamed = 64
	// sharedName is the caller that stands for all others. No caller can take it:
	// a zero byte does not occur in a header field.
	sharedName = "\x00shared"
	// reserveName is the caller that stands for claims on the reserve beyond it.
	reserveName = "\x00reserve"
	// overdraft is how many turns, times its share, a caller may run ahead of the
	// others because its calls are more urgent. It bounds what a flood of urgent
	// calls can take from others.
	overdraft = 32
	levels    = BackgroundUrgency // queues of a caller, one per urgency but the last
)

// caller is one name's part of the line.
type caller struct {
	name    string
	unnamed bool
	share   int
	deficit int // turns left in this round; below zero it is ahead of its share
	round   uint64
	queues  [levels]waitList
	mask    uint8 // queues that are not empty
	n       int
}

func (c *caller) urgency() int { return bits.TrailingZeros8(c.mask) }

func (c *caller) head() *waiter { return c.queues[c.urgency()].head }

// roster takes turns among callers by deficit round robin (Shreedhar and
// Varghese, SIGCOMM 1995) with calls as the unit: in a round each active caller
// may send as many calls as its share. Urgency decides who goes first within
// that: a caller with the most urgent call of all may overdraw its share by
// overdraft turns, which it pays back in later rounds.
type roster struct {
	callers map[string]*caller
	active  []*caller // in the order of turns, beginning at cursor
	cursor  int
	round   uint64
	unnamed int
	n       int // waiters
}

// caller finds or makes the record that w waits under.
func (r *roster) caller(call *callInLine) *caller {
	if c := r.callers[call.name]; c != nil {
		return c
	}
	name := call.name
	if !call.own {
		if r.unnamed >= maxUnnamed && !r.evict() {
			if c := r.callers[sharedName]; c != nil {
				return c
			}
			name = sharedName
		}
	}
	if r.callers == nil {
		r.callers = make(map[string]*caller)
	}
	c := &caller{name: name, share: call.share, unnamed: !call.own && name != sharedName}
	if c.unnamed {
		r.unnamed++
	}
	r.callers[name] = c
	return c
}

// evict forgets an unnamed caller that has nothing waiting.
func (r *roster) evict() bool {
	for name, c := range r.callers {
		if c.unnamed && c.n == 0 {
			delete(r.callers, name)
			r.unnamed--
			return true
		}
	}
	return false
}

func (r *roster) push(w *waiter, head bool) {
	c := r.caller(&w.call)
	w.caller = c
	if c.n == 0 {
		// A caller that went away in debt has it paid back by the rounds since.
		paid := min(r.round-c.round, overdraft+1)
		c.deficit = min(c.deficit+int(paid)*c.share, 0)
		if c.deficit == 0 {
			c.deficit = c.share
		}
		r.active = append(r.active, c)
	}
	if c.name != sharedName {
		c.share = w.call.share
	}
	if head {
		c.deficit++ // its turn was taken before
	}
	level := min(w.call.urgency, levels-1)
	c.queues[level].push(w, head)
	c.mask |= 1 << level
	c.n++
	r.n++
}

func (r *roster) remove(w *waiter) {
	c, list := w.caller, w.list
	list.remove(w)
	w.caller = nil
	if list.n == 0 {
		c.mask &^= 1 << min(w.call.urgency, levels-1)
	}
	r.n--
	if c.n--; c.n > 0 {
		return
	}
	c.round = r.round
	for i, a := range r.active {
		if a == c {
			r.active = append(r.active[:i], r.active[i+1:]...)
			if i < r.cursor {
				r.cursor--
			}
			break
		}
	}
	if len(r.active) == 0 {
		r.forget()
	}
}

// forget drops all records when nobody waits: fairness is about who waits together.
func (r *roster) forget() {
	r.callers, r.active, r.cursor, r.unnamed = nil, nil, 0, 0
}

// choose picks the caller whose turn it is and charges it. It needs at least one
// active caller.
func (r *roster) choose() *caller {
	best := r.best()
	if best == -1 || r.active[best].deficit < 1 && !r.credit() {
		r.renew()
		best = r.best()
	}
	c := r.active[best]
	if c.deficit--; c.deficit < 1 {
		r.cursor = best + 1
	} else {
		r.cursor = best
	}
	return c
}

// best is the index of the most urgent caller that may go, -1 if none may. Among
// equals it prefers one with turns left, then the order of turns.
func (r *roster) best() int {
	best, bestKey := -1, 0
	for i := range r.active {
		at := (r.cursor + i) % len(r.active)
		c := r.active[at]
		if c.deficit <= -overdraft*c.share {
			continue
		}
		key := 2 * c.urgency()
		if c.deficit < 1 {
			key++
		}
		if best == -1 || key < bestKey {
			best, bestKey = at, key
		}
	}
	return best
}

// credit tells whether anybody has turns left in this round.
func (r *roster) credit() bool {
	for _, c := range r.active {
		if c.deficit >= 1 {
			return true
		}
	}
	return false
}

// renew begins as many rounds as it takes for somebody to have turns.
func (r *roster) renew() {
	rounds := -1
	for _, c := range r.active {
		need := (1 - c.deficit + c.share - 1) / c.share
		if rounds == -1 || need < rounds {
			rounds = need
		}
	}
	for _, c := range r.active {
		c.deficit = min(c.deficit+rounds*c.share, c.share)
	}
	r.round += uint64(max(rounds, 0))
}

// ahead estimates how many calls of this roster leave before one more of the
// given kind does.
func (r *roster) ahead(call *callInLine, head bool) int {
	own := 0
	c := r.callers[call.name]
	if c == nil && !call.own && r.unnamed >= maxUnnamed {
		c = r.callers[sharedName]
	}
	if c != nil && !head {
		for level := range min(call.urgency, levels-1) + 1 {
			own += c.queues[level].n
		}
	}
	n := own
	for _, other := range r.active {
		if other != c {
			turns := ((own+1)*other.share + call.share - 1) / call.share
			n += min(other.n, turns)
		}
	}
	return n
}
