package store_test

import (
	"container/list"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/cleengate/cleengate/cache/store"
)

// lru is the reference for hit ratios.
type lru struct {
	max, used int64
	order     list.List
	at        map[int]*list.Element
}

func (l *lru) get(k int) bool {
	e, ok := l.at[k]
	if ok {
		l.order.MoveToFront(e)
	}
	return ok
}

func (l *lru) put(k int, cost int64) {
	l.at[k] = l.order.PushFront([2]int64{int64(k), cost})
	for l.used += cost; l.used > l.max; {
		e := l.order.Back()
		old := l.order.Remove(e).([2]int64)
		delete(l.at, int(old[0]))
		l.used -= old[1]
	}
}

// hits plays a Zipf trace of n requests for keys of different size against
// both and returns the hit ratios.
func hits(tb testing.TB, n int, skew float64) (ours, reference float64) {
	const maxBytes = 2 << 20
	s := open[int](tb, store.Options{MaxBytes: maxBytes})
	l := &lru{max: maxBytes, at: make(map[int]*list.Element)}
	z := rand.NewZipf(rand.New(rand.NewPCG(3, 4)), skew, 1, 50_000)
	var a, b int
	for range n {
		// A request gives way to others many times, to the goroutine that
		// counts accesses too; this loop would not, on one processor.
		runtime.Gosched()
		k := int(z.Uint64())
		size := int64(500 + k%7*300)
		if _, ok := s.Get(key(k)); ok {
			a++
		} else {
			s.Put(store.Item[int]{Key: key(k), Value: k, Bytes: size})
		}
		if l.get(k) {
			b++
		} else {
			l.put(k, size+240)
		}
	}
	return float64(a) / float64(n), float64(b) / float64(n)
}
