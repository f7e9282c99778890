package store

import (
	"strings"
	"sync"
	"sync/atomic"
)

// node is a stored entry.
type node[V any] struct {
	key   Key
	value V
	bytes int64
	// refs are its places in the index, and charged what it costs; both are
	// zero when it is not indexed. Guarded by index.mu.
	refs    []ref[V]
	charged int64
}

// ref is a node's place in the list of one tag.
type ref[V any] struct {
	tag *tag[V]
	at  int
}

// tag is a tag that at least one entry has.
type tag[V any] struct {
	name  string
	nodes []*node[V]
}

// The store's own bytes, measured with TestHeapStaysNearWhatIsStored: a node,
// its places in ristretto's two maps, and for each tag a ref, a place in the
// tag's list, and a share of the tag itself.
const (
	overhead    = 240
	tagOverhead = 48
)

func validTags(tags []string) bool {
	if len(tags) > MaxTags {
		return false
	}
	for _, t := range tags {
		if t == "" || len(t) > MaxTagBytes {
			return false
		}
	}
	return true
}

// index finds entries by tag. It holds exactly the entries that ristretto
// holds, and for the time of a Put the one that is being decided on.
type index[V any] struct {
	mu      sync.Mutex // guards what follows and the nodes' refs
	tags    map[string]*tag[V]
	entries int
	bytes   int64

	evictions atomic.Int64
}

// add indexes n and returns what it costs.
func (x *index[V]) add(n *node[V], tags []string) int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	n.charged = n.bytes + overhead
	if len(tags) > 0 {
		n.refs = make([]ref[V], 0, len(tags))
	}
	for _, name := range tags {
		t := x.tags[name]
		if t == nil {
			// A copy, since the caller's may be part of a long string.
			t = &tag[V]{name: strings.Clone(name)}
			x.tags[t.name] = t
		} else if n.at(t) >= 0 {
			continue
		}
		n.refs = append(n.refs, ref[V]{tag: t, at: len(t.nodes)})
		t.nodes = append(t.nodes, n)
		n.charged += int64(tagOverhead + len(name))
	}
	x.entries++
	x.bytes += n.charged
	return n.charged
}

// at is the position in refs of the one to t, or -1.
func (n *node[V]) at(t *tag[V]) int {
	for i := range n.refs {
		if n.refs[i].tag == t {
			return i
		}
	}
	return -1
}

// remove is called by ristretto for each value that leaves it, and with nil
// for deletions that found none.
func (x *index[V]) remove(n *node[V]) {
	if n == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if n.charged == 0 {
		return
	}
	for _, r := range n.refs {
		t, last := r.tag, len(r.tag.nodes)-1
		moved := t.nodes[last]
		t.nodes[r.at] = moved
		moved.refs[moved.at(t)].at = r.at
		t.nodes[last] = nil
		t.nodes = t.nodes[:last]
		switch {
		case last == 0:
			delete(x.tags, t.name)
		case cap(t.nodes) > 64 && last < cap(t.nodes)/4:
			t.nodes = append(make([]*node[V], 0, last*2), t.nodes...)
		}
	}
	x.entries--
	x.bytes -= n.charged
	n.refs, n.charged = nil, 0
}

func (x *index[V]) has(n *node[V]) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return n.charged > 0
}

// keys lists the keys under a tag.
func (x *index[V]) keys(name string) []Key {
	x.mu.Lock()
	defer x.mu.Unlock()
	t := x.tags[name]
	if t == nil {
		return nil
	}
	keys := make([]Key, len(t.nodes))
	for i, n := range t.nodes {
		keys[i] = n.key
	}
	return keys
}

// item is n as it is listed; false if it has left the store.
func (x *index[V]) item(n *node[V]) (Item[V], bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if n.charged == 0 {
		return Item[V]{}, false
	}
	it := Item[V]{Key: n.key, Value: n.value, Bytes: n.bytes}
	for _, r := range n.refs {
		it.Tags = append(it.Tags, r.tag.name)
	}
	return it, true
}
