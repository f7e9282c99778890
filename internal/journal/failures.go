package journal

import "container/list"

const (
	keptFirst  = 10 // of each group
	keptLast   = 10
	maxGroups  = 1024
	groupBytes = 256 // what an empty group takes
	blobBytes  = 32  // what a record takes beside its bytes
)

// failures keeps the first and the last failures of each (cause, endpoint), so
// that neither successes nor a flood of one failure push out the one that
// matters. When they take more than their limit, the group that takes most
// gives up its oldest; only when every group is down to one, whole groups go,
// the one first that was silent longest. Its owner guards it.
type failures struct {
	limit  int64
	size   int64
	groups map[groupKey]*group
	silent *list.List // of *group, the one that failed last in front
}

type groupKey struct{ cause, endpoint string }

type group struct {
	key         groupKey
	count       int64 // all that were seen
	size        int64
	first, last []kept
	place       *list.Element
}

type kept struct {
	stored  []byte
	excerpt *Excerpt
}

func (k kept) bytes() int64 { return int64(cap(k.stored)) + blobBytes + k.excerpt.bytes() }

func newFailures(limit int64) failures {
	return failures{limit: limit, groups: make(map[groupKey]*group), silent: list.New()}
}

// early reports whether the next failure of this key is one of its first.
func (f *failures) early(key groupKey) bool {
	g := f.groups[key]
	return g == nil || len(g.first) < keptFirst && g.count < keptFirst
}

// add counts a failure. An abridged one is kept only where nothing better is:
// among the first.
func (f *failures) add(key groupKey, stored []byte, excerpt *Excerpt, whole bool) {
	g := f.groups[key]
	if g == nil {
		g = &group{key: key}
		g.place = f.silent.PushFront(g)
		f.groups[key] = g
		f.grow(g, groupBytes+int64(len(key.endpoint)))
	}
	f.silent.MoveToFront(g.place)
	g.count++
	early := g.count <= keptFirst
	if !early && !whole {
		return
	}
	k := kept{stored: append([]byte(nil), stored...), excerpt: excerpt}
	f.grow(g, k.bytes())
	if early {
		g.first = append(g.first, k)
	} else {
		if len(g.last) == keptLast {
			f.dropLast(g)
		}
		g.last = append(g.last, k)
	}
	f.shrink()
}

func (f *failures) grow(g *group, n int64) {
	g.size += n
	f.size += n
}

// dropLast forgets the oldest of the last ones.
func (f *failures) dropLast(g *group) {
	f.grow(g, -g.last[0].bytes())
	copy(g.last, g.last[1:])
	g.last[len(g.last)-1] = kept{}
	g.last = g.last[:len(g.last)-1]
}

func (f *failures) resize(limit int64) {
	f.limit = limit
	f.shrink()
}

func (f *failures) shrink() {
	for f.size > f.limit || len(f.groups) > maxGroups {
		var fattest *group
		if len(f.groups) <= maxGroups {
			for _, g := range f.groups {
				if len(g.first)+len(g.last) > 1 && (fattest == nil || g.size > fattest.size) {
					fattest = g
				}
			}
		}
		switch {
		case fattest == nil && f.silent.Len() == 0:
			return
		case fattest == nil:
			f.forget(f.silent.Back())
		case len(fattest.last) > 1 || len(fattest.first) < 2:
			f.dropLast(fattest)
		default: // the very first stays to the end
			n := len(fattest.first) - 1
			f.grow(fattest, -fattest.first[n].bytes())
			fattest.first[n] = kept{}
			fattest.first = fattest.first[:n]
		}
	}
}

func (f *failures) forget(e *list.Element) {
	g, ok := f.silent.Remove(e).(*group)
	if !ok {
		return
	}
	delete(f.groups, g.key)
	f.size -= g.size
}

// each shows every record that is kept, in no order.
func (f *failures) each(visit func(k kept)) {
	for _, g := range f.groups {
		for _, k := range g.first {
			visit(k)
		}
		for _, k := range g.last {
			visit(k)
		}
	}
}
