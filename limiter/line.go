package limiter

// line holds all calls that wait for a place of one bucket.
type line struct {
	logins     waitList
	foreground roster
	background roster // urgency 7: leaves when nothing else waits
	parked     map[string]*waitList
	deadlines  deadlines
	n          int // all waiters

	// claim is the reserve's account in calls: every departure pays the reserved
	// share in, a claim takes one out.
	claim float64
}

func (l *line) push(w *waiter, head, reserve bool) {
	l.n++
	if w.deadline != forever {
		l.deadlines.push(w)
	}
	l.place(w, head, reserve)
}

// place puts w where calls of its kind wait.
func (l *line) place(w *waiter, head, reserve bool) {
	parked := l.parked[w.place.endpoint]
	switch {
	case w.call.login:
		l.logins.push(w, head)
	case parked != nil:
		parked.push(w, head)
	case w.call.claim && reserve:
		w.call.name, w.call.own, w.call.share = reserveName, true, 1
		w.call.urgency = min(w.call.urgency, BackgroundUrgency-1)
		l.foreground.push(w, head)
	default:
		l.rosterOf(&w.call).push(w, head)
	}
}

func (l *line) rosterOf(call *callInLine) *roster {
	if call.urgency >= BackgroundUrgency {
		return &l.background
	}
	return &l.foreground
}

// remove takes w out of the line, wherever it waits.
func (l *line) remove(w *waiter) {
	l.n--
	if w.heapAt >= 0 {
		l.deadlines.remove(w)
	}
	l.unplace(w)
}

func (l *line) unplace(w *waiter) {
	if w.caller == nil {
		w.list.remove(w)
		return
	}
	l.rosterOf(&w.call).remove(w)
}

// ready tells whether any call may be picked now; free says that a concurrent
// slot is free.
func (l *line) ready(free bool) bool {
	return l.logins.n > 0 || free && l.foreground.n+l.background.n > 0
}

// pick chooses who leaves next and charges its caller. It needs ready.
func (l *line) pick(free bool) *waiter {
	switch {
	case l.logins.n > 0:
		return l.logins.head
	case !free:
		return nil
	}
	if l.claim >= 1 {
		if c := l.foreground.callers[reserveName]; c != nil && c.n > 0 {
			l.claim--
			return c.head()
		}
	}
	if l.foreground.n > 0 {
		return l.foreground.choose().head()
	}
	return l.background.choose().head()
}

// pickOther chooses a call of another endpoint, if one waits.
func (l *line) pickOther(endpoint string, free bool) *waiter {
	for w := l.logins.head; w != nil; w = w.next {
		if w.place.endpoint != endpoint {
			return w
		}
	}
	if !free {
		return nil
	}
	for _, r := range []*roster{&l.foreground, &l.background} {
		for _, c := range r.active {
			for level := range c.queues {
				for w := c.queues[level].head; w != nil; w = w.next {
					if w.place.endpoint != endpoint {
						return w
					}
				}
			}
		}
	}
	return nil
}

// deposit pays a departure's share into the reserve's account. It holds what a
// second of departures pays in, at least one call.
func (l *line) deposit(reserve, rate float64) {
	if reserve > 0 {
		l.claim = min(l.claim+reserve, max(1, reserve*rate))
	}
}

// fill fills the account.
func (l *line) fill(reserve, rate float64) { l.claim = max(1, reserve*rate) }

// claims counts the claims on the reserve that wait.
func (l *line) claims() int {
	if c := l.foreground.callers[reserveName]; c != nil {
		return c.n
	}
	return 0
}

// ahead estimates how many calls leave before one more of the given kind.
func (l *line) ahead(call *callInLine, head, reserve bool) int {
	n := l.logins.n
	switch {
	case call.login:
		return n
	case call.claim && reserve:
		waiting := l.claims()
		if l.claim >= float64(waiting+1) {
			return n + waiting
		}
		asReserve := *call
		asReserve.name, asReserve.own, asReserve.share = reserveName, true, 1
		return n + l.foreground.ahead(&asReserve, head)
	case call.urgency >= BackgroundUrgency:
		return n + l.foreground.n + l.background.ahead(call, head)
	default:
		return n + l.foreground.ahead(call, head)
	}
}

// park takes all calls of an endpoint out of their turns, keeping their order.
func (l *line) park(endpoint string) {
	if l.parked == nil {
		l.parked = make(map[string]*waitList)
	}
	list := l.parked[endpoint]
	if list == nil {
		list = &waitList{}
		l.parked[endpoint] = list
	}
	var found []*waiter
	l.each(func(w *waiter) {
		if w.place.endpoint == endpoint && w.caller != nil {
			found = append(found, w)
		}
	})
	for _, w := range found {
		l.unplace(w)
		list.pushBack(w)
	}
}

// unpark gives the calls of an endpoint their turns back, at the head of their
// callers' lines, because they came before most that wait there.
func (l *line) unpark(endpoint string, reserve bool) {
	list := l.parked[endpoint]
	if list == nil {
		return
	}
	delete(l.parked, endpoint)
	for list.n > 0 {
		w := list.tail
		list.remove(w)
		l.place(w, true, reserve)
	}
}

// each visits every waiter; visit must not change the line.
func (l *line) each(visit func(*waiter)) {
	walk := func(list *waitList) {
		for w := list.head; w != nil; w = w.next {
			visit(w)
		}
	}
	walk(&l.logins)
	for _, r := range []*roster{&l.foreground, &l.background} {
		for _, c := range r.active {
			for level := range c.queues {
				walk(&c.queues[level])
			}
		}
	}
	for _, list := range l.parked {
		walk(list)
	}
}

// waiting counts the waiters of each caller.
func (l *line) waiting() map[string]int {
	counts := make(map[string]int)
	l.each(func(w *waiter) {
		name := w.call.name
		switch {
		case w.caller != nil:
			name = w.caller.name
		case w.call.login:
			name = "login"
		case len(counts) >= maxUnnamed && counts[name] == 0:
			name = sharedName
		}
		counts[displayName(name)]++
	})
	return counts
}

func displayName(name string) string {
	switch name {
	case sharedName:
		return "(others)"
	case reserveName:
		return "(reserve)"
	default:
		return name
	}
}

// rehearsal plays the order in which calls would leave without moving them.
type rehearsal struct {
	login      *waiter
	foreground roster
	background roster
}

func (l *line) rehearse() rehearsal {
	return rehearsal{login: l.logins.head, foreground: l.foreground.copy(), background: l.background.copy()}
}

// next is who leaves next; nil at the end.
func (r *rehearsal) next() *waiter {
	if w := r.login; w != nil {
		r.login = w.next
		return w
	}
	if len(r.foreground.active) > 0 {
		return r.foreground.skim()
	}
	if len(r.background.active) > 0 {
		return r.background.skim()
	}
	return nil
}

// copy copies the turns, not the waiters.
func (r *roster) copy() roster {
	cp := roster{active: make([]*caller, len(r.active)), cursor: r.cursor, round: r.round}
	records := make([]caller, len(r.active))
	for i, c := range r.active {
		records[i] = *c
		cp.active[i] = &records[i]
	}
	return cp
}

// skim takes the next waiter off a copy.
func (r *roster) skim() *waiter {
	c := r.choose()
	u := c.urgency()
	list := &c.queues[u]
	w := list.head
	if list.head = w.next; list.head == nil {
		c.mask &^= 1 << u
	}
	if c.n--; c.n == 0 {
		for i, a := range r.active {
			if a == c {
				r.active = append(r.active[:i], r.active[i+1:]...)
				if i < r.cursor {
					r.cursor--
				}
				break
			}
		}
	}
	return w
}
