package cache

import (
	"slices"
	"sync"
	"time"
)

const (
	// settleTime is how long a write whose outcome is unknown is taken to be
	// still under way upstream: as long as timeouts.write is by default.
	settleTime = 30 * time.Second
	// maxUnsettled bounds the names that are remembered. Beyond it nothing is
	// stored until the latest has settled.
	maxUnsettled = 1024
)

// unsettled remembers what writes of unknown outcome may change yet: a
// connection that broke does not end what the upstream has begun. Answers with
// such a name are not stored. It is safe for concurrent use.
type unsettled struct {
	mu    sync.Mutex // guards what follows
	names map[string]time.Time
	all   time.Time // everything is unsettled until then
}

func (u *unsettled) add(names []string) {
	until := time.Now().Add(settleTime)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.names == nil {
		u.names = make(map[string]time.Time)
	}
	for _, name := range names {
		u.names[name] = until
	}
	if len(u.names) > maxUnsettled {
		clear(u.names)
		u.all = until
	}
}

// touches reports whether one of the names is unsettled.
func (u *unsettled) touches(names []string, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now.Before(u.all) {
		return true
	}
	for name, until := range u.names {
		if !now.Before(until) {
			delete(u.names, name)
		} else if slices.Contains(names, name) {
			return true
		}
	}
	return false
}
