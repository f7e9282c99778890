package tokens

import (
	"context"
	"net/http"
	"sync"
	"time"
)

const (
	// maxGrace bounds the refreshes that are remembered or under way. Beyond
	// it a refresh goes alone, as it would without us.
	maxGrace = 4096
	// maxGraceBytes bounds the answers that are kept.
	maxGraceBytes = 16 << 20
)

// GraceKey stands for one refresh token at one upstream: a digest, from which
// the token cannot be told.
type GraceKey [32]byte

// Answer is an answer to a refresh, as the upstream sent it. It is immutable.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// Pair says that it holds a new pair of tokens.
	Pair bool
}

// Grace joins identical refreshes of customers' own tokens. A refresh token
// works once: of two tabs that send the same one, the second would be logged
// out. Here one call goes upstream, on a context of its own, and runs to its
// end whoever leaves; everybody who sends the same token while it runs, or
// within the grace time after its answer, gets that answer. Failures go to
// those who were waiting and are not kept.
//
// Answers are held in memory only. The zero value is ready. It is safe for
// concurrent use.
type Grace struct {
	mu      sync.Mutex // guards what follows
	entries map[GraceKey]*graceEntry
	bytes   int
	running sync.WaitGroup
}

type graceEntry struct {
	done   chan struct{} // closed when answer and err are set
	answer *Answer
	err    error
	until  time.Time // when the answer is forgotten; zero while it runs
}

// Do returns the answer to the refresh with this key: that of send, or of
// another caller's send. joined reports the latter. keep is the grace time,
// counted from the answer. It waits no longer than ctx, but send goes on.
func (g *Grace) Do(ctx context.Context, key GraceKey, keep time.Duration, send func() (*Answer, error)) (answer *Answer, joined bool, err error) {
	e, joined := g.join(key, keep, send)
	select {
	case <-e.done:
		return e.answer, joined, e.err
	case <-ctx.Done():
		return nil, joined, context.Cause(ctx)
	}
}

// join finds the entry of key or begins one.
func (g *Grace) join(key GraceKey, keep time.Duration, send func() (*Answer, error)) (e *graceEntry, joined bool) {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget(now)
	if e, ok := g.entries[key]; ok {
		return e, true
	}
	e = &graceEntry{done: make(chan struct{})}
	remembered := len(g.entries) < maxGrace
	if remembered {
		if g.entries == nil {
			g.entries = make(map[GraceKey]*graceEntry)
		}
		g.entries[key] = e
	}
	g.running.Go(func() {
		e.answer, e.err = send()
		if remembered {
			g.settle(key, e, keep)
		}
		close(e.done)
	})
	return e, false
}

// settle keeps an answer that holds a pair, and forgets anything else. Those
// who wait have the entry already.
func (g *Grace) settle(key GraceKey, e *graceEntry, keep time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if e.err != nil || !e.answer.Pair || keep <= 0 || g.bytes+len(e.answer.Body) > maxGraceBytes {
		delete(g.entries, key)
		return
	}
	e.until = time.Now().Add(keep)
	g.bytes += len(e.answer.Body)
}

// forget drops what is past its grace time.
func (g *Grace) forget(now time.Time) {
	for key, e := range g.entries {
		if !e.until.IsZero() && !now.Before(e.until) {
			g.bytes -= len(e.answer.Body)
			delete(g.entries, key)
		}
	}
}

// Wait returns when no refresh is under way. No Do may begin meanwhile.
func (g *Grace) Wait() { g.running.Wait() }
