package telemetry

import (
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// TestChildrenAreThoseOfAMap: however bad the hash is, each key has its own child,
// made once, and beyond the limit that of the key it is folded into.
func TestChildrenAreThoseOfAMap(t *testing.T) {
	const limit, other = 40, -1
	rapid.Check(t, func(rt *rapid.T) {
		spread := rapid.IntRange(1, 100).Draw(rt, "spread")
		made := 0
		c := newChildren(limit, func(k int) int { return k % spread }, func(int) *int { made++; return new(int) }, func(int) int { return other })
		model := make(map[int]*int)
		for range rapid.IntRange(0, 300).Draw(rt, "calls") {
			key := rapid.IntRange(0, 60).Draw(rt, "key")
			child := c.get(key)
			if model[key] == nil && len(model) >= limit {
				key = other
			}
			if model[key] == nil {
				model[key] = child
			}
			if child != model[key] || made != len(model) {
				rt.Fatalf("key %d has another child than before, or there are %d for %d keys", key, made, len(model))
			}
		}
	})
}

func TestChildrenAskedForAtOnce(t *testing.T) {
	c := newChildren(1000, func(k int) int { return k % 3 }, func(int) *atomic.Int64 { return new(atomic.Int64) }, func(k int) int { return k })
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 2000 {
				c.get(i % 20).Add(1)
			}
		})
	}
	wg.Wait()
	for key := range 20 {
		if n := c.get(key).Load(); n != 400 {
			t.Errorf("child %d was counted %d times, want 400", key, n)
		}
	}
}
