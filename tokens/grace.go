package tokens

import (
	"context"
	"fmt"
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

// size is about what the answer takes in memory.
func (a *Answer) size() int {
	size := len(a.Body)
	for name, values := range a.Header {
		size += len(name)
		for _, value := range values {
			size += len(value)
		}
	}
	return size
}

// Grace joins identical refreshes of customers' own tokens. A refresh token
// works once: of two tabs that send the same one, the second would be logged
// out. Here one call goes upstream, on a context of its own, and runs to its
// end whoever leaves; everybody who sends the same token while it runs, or
// within the grace time after its answer, gets that answer. Failures go to
// those who were waiting and are not kept.
//
// Answers are held in memory only, and no longer than their grace time. The
// zero value is ready. It is safe for concurrent use.
type Grace struct {
	mu      sync.Mutex // guards what follows
	entries map[GraceKey]*graceEntry
	oldest  []GraceKey // kept answers in the order in which they came
	bytes   int
	running sync.WaitGroup
}

type graceEntry struct {
	done   chan struct{} // closed when answer and err are set
	answer *Answer
	err    error
	expiry *time.Timer // forgets the answer; nil while it runs
}

// Do returns the answer to the refresh with this key: that of send, or of
// another caller's send. joined reports the latter. keep is the grace time,
// counted from the answer. It waits no longer than ctx, but send goes on; send
// must end by itself. A send that panics gives an error.
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
	g.mu.Lock()
	defer g.mu.Unlock()
	if e, ok := g.entries[key]; ok {
		return e, true
	}
	if g.entries == nil {
		g.entries = make(map[GraceKey]*graceEntry)
	}
	e = &graceEntry{done: make(chan struct{})}
	if len(g.entries) >= maxGrace && len(g.oldest) > 0 {
		g.forget(g.oldest[0])
	}
	remembered := len(g.entries) < maxGrace
	if remembered {
		g.entries[key] = e
	}
	g.running.Go(func() {
		e.answer, e.err = guarded(send)
		if remembered {
			g.settle(key, e, keep)
		}
		close(e.done)
	})
	return e, false
}

// guarded calls send. A panic becomes an error: those who wait need an answer,
// and none of them is the one to blame. Its text may quote what was sent.
func guarded(send func() (*Answer, error)) (answer *Answer, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			answer, err = nil, fmt.Errorf("the refresh broke off with a panic of type %T", cause)
		}
	}()
	return send()
}

// settle keeps an answer that holds a pair, and forgets anything else. Those
// who wait have the entry already. Where there is no room the oldest goes: it
// has had most of its grace.
func (g *Grace) settle(key GraceKey, e *graceEntry, keep time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if e.err != nil || e.answer == nil || !e.answer.Pair || keep <= 0 || e.answer.size() > maxGraceBytes {
		delete(g.entries, key)
		return
	}
	for g.bytes+e.answer.size() > maxGraceBytes {
		g.forget(g.oldest[0])
	}
	g.bytes += e.answer.size()
	g.oldest = append(g.oldest, key)
	e.expiry = time.AfterFunc(keep, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.entries[key] == e {
			g.forget(key)
		}
	})
}

// forget drops a kept answer. It needs mu.
func (g *Grace) forget(key GraceKey) {
	e := g.entries[key]
	e.expiry.Stop()
	g.bytes -= e.answer.size()
	delete(g.entries, key)
	for i, kept := range g.oldest {
		if kept == key {
			g.oldest = append(g.oldest[:i], g.oldest[i+1:]...)
			break
		}
	}
}

// Wait returns when no refresh is under way. No Do may begin meanwhile.
func (g *Grace) Wait() { g.running.Wait() }
