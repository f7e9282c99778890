package tokens

import (
	"sync"
	"time"
)

const (
	loginBurst = 3                      // failing logins at once
	loginEvery = 500 * time.Millisecond // and one per so long after
)

// LoginGate keeps failing logins from becoming a flood, whatever the number of
// sessions: three at once, then two a second. A login that succeeds costs
// nothing. The zero value is ready; it is safe for concurrent use.
type LoginGate struct {
	mu   sync.Mutex // guards full
	full time.Time  // when the whole burst is available again
}

// take takes a place, or returns how long to wait before asking again.
func (g *LoginGate) take(now time.Time) (wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	full := g.full
	if full.Before(now) {
		full = now
	}
	if wait = full.Sub(now) - (loginBurst-1)*loginEvery; wait > 0 {
		return wait
	}
	g.full = full.Add(loginEvery)
	return 0
}

// giveBack returns the place of a login that succeeded.
func (g *LoginGate) giveBack() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.full = g.full.Add(-loginEvery)
}
