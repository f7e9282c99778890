package limiter

import "time"

// waiter is one call in the line. Its place becomes the caller's when it is granted.
type waiter struct {
	place    Place
	call     callInLine
	deadline time.Duration // forever if none
	heapAt   int           // index in deadlines, -1 if not in it

	list       *waitList // where it waits; nil if it waits no more
	prev, next *waiter
	caller     *caller // nil for logins and parked calls

	ready chan struct{} // closed when place or err is set
	err   *Refused
}

// callInLine is what stays needed of a [Call] while it waits.
type callInLine struct {
	name    string // of the caller
	share   int
	urgency int
	own     bool
	login   bool
	claim   bool
}

// waitList is a doubly linked list, so that a call that leaves is gone at once.
type waitList struct {
	head, tail *waiter
	n          int
}

func (l *waitList) pushBack(w *waiter) {
	w.list, w.prev, w.next = l, l.tail, nil
	if l.tail != nil {
		l.tail.next = w
	} else {
		l.head = w
	}
	l.tail = w
	l.n++
}

func (l *waitList) pushFront(w *waiter) {
	w.list, w.prev, w.next = l, nil, l.head
	if l.head != nil {
		l.head.prev = w
	} else {
		l.tail = w
	}
	l.head = w
	l.n++
}

func (l *waitList) push(w *waiter, head bool) {
	if head {
		l.pushFront(w)
	} else {
		l.pushBack(w)
	}
}

func (l *waitList) remove(w *waiter) {
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		l.head = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		l.tail = w.prev
	}
	w.list, w.prev, w.next = nil, nil, nil
	l.n--
}

// deadlines is a binary heap of waiters by deadline that knows where each one is.
type deadlines []*waiter

func (d *deadlines) push(w *waiter) {
	*d = append(*d, w)
	w.heapAt = len(*d) - 1
	d.up(w.heapAt)
}

func (d *deadlines) remove(w *waiter) {
	i, last := w.heapAt, len(*d)-1
	d.swap(i, last)
	(*d)[last] = nil
	*d = (*d)[:last]
	w.heapAt = -1
	if i < last {
		d.down(i)
		d.up(i)
	}
	if last == 0 {
		*d = nil // an empty line gives its memory back
	}
}

func (d *deadlines) swap(i, j int) {
	h := *d
	h[i], h[j] = h[j], h[i]
	h[i].heapAt, h[j].heapAt = i, j
}

func (d *deadlines) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if (*d)[parent].deadline <= (*d)[i].deadline {
			return
		}
		d.swap(i, parent)
		i = parent
	}
}

func (d *deadlines) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(*d) {
			return
		}
		if child+1 < len(*d) && (*d)[child+1].deadline < (*d)[child].deadline {
			child++
		}
		if (*d)[i].deadline <= (*d)[child].deadline {
			return
		}
		d.swap(i, child)
		i = child
	}
}
