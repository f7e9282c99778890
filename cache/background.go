package cache

import (
	"context"
	"sync"
)

// maxBackground bounds the validations that run on nobody's behalf. A stale
// answer that finds no room is served all the same; a later one tries again.
const maxBackground = 16

// background runs validations that no caller waits for.
type background struct {
	ctx     context.Context //nolint:containedctx // ends with the cache, not with a call
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex // guards what follows
	keys   map[Key]struct{}
	closed bool
}

func (b *background) open() {
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.keys = make(map[Key]struct{})
}

// run starts work for a key unless there is some already, or too much. It
// reports whether it did.
func (b *background) run(key Key, work func(ctx context.Context)) bool {
	b.mu.Lock()
	_, runs := b.keys[key]
	if runs || b.closed || len(b.keys) >= maxBackground {
		b.mu.Unlock()
		return false
	}
	b.keys[key] = struct{}{}
	b.running.Add(1)
	b.mu.Unlock()
	go func() {
		defer b.running.Done()
		defer func() {
			b.mu.Lock()
			delete(b.keys, key)
			b.mu.Unlock()
		}()
		work(b.ctx)
	}()
	return true
}

// close cancels what runs and waits for it.
func (b *background) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.cancel()
	b.running.Wait()
}
