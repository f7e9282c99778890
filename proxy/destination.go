package proxy

import (
	"hash/maphash"
	"strings"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/recall"
)

// destination is what method and path of a request lead to.
type destination struct {
	to     layer // of the upstream
	path   string
	normal bool // the path is in normal form
	ep     *cleeng.Endpoint
	params cleeng.Params
}

// destinationOf finds out what an upstream's path means; raw is the path that the app
// asked for.
func destinationOf(up *upstream, to layer, method, raw string) destination {
	d := destination{to: to, path: up.target(raw)}
	d.normal = cleeng.Normal(d.path)
	d.ep, d.params = cleeng.Lookup(up.surface, method, d.path)
	return d
}

const (
	knownSets = 512 // of two destinations each
	maxKnown  = 256 // longest path that is remembered, in bytes
)

// destinations remembers those of the paths that come again: an app calls the same few.
// It is safe for concurrent use.
type destinations struct {
	seed  maphash.Seed
	table *recall.Table[knownDestination]
}

type knownDestination struct {
	method, raw string
	destination
}

func newDestinations() *destinations {
	return &destinations{seed: maphash.MakeSeed(), table: recall.New[knownDestination](knownSets)}
}

// find returns what is known of a method and a path, or asks work, which reports false
// where they lead nowhere.
func (m *destinations) find(method, raw string, work func(method, raw string) (destination, bool)) (destination, bool) {
	hash := maphash.String(m.seed, raw) + maphash.String(m.seed, method)
	if known := m.table.Find(hash, func(k *knownDestination) bool { return k.raw == raw && k.method == method }); known != nil {
		return known.destination, true
	}
	if len(raw)+len(method) > maxKnown || !m.table.Recurs(hash) {
		return work(method, raw)
	}
	// Of the request nothing is kept but these.
	method, raw = strings.Clone(method), strings.Clone(raw)
	d, ok := work(method, raw)
	if ok {
		m.table.Put(hash, &knownDestination{method, raw, d})
	}
	return d, ok
}
