package store_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/cleengate/cleengate/cache/store"
)

// liveHeap is what is reachable after a full collection.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // what the first one only put aside (sync.Pool)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// load puts n entries of size bytes with tags as the cache gives them: one of
// the endpoint, one of a customer.
func load(s *store.Store[*[]byte], n, size int) {
	for i := range n {
		b := make([]byte, size)
		s.Put(store.Item[*[]byte]{Key: key(i), Value: &b, Bytes: int64(size) + 24, Tags: []string{
			fmt.Sprintf("endpoint:%d", i%40), fmt.Sprintf("customer:%d", i/4),
		}})
	}
}

func count(s *store.Store[*[]byte], n int) (found int) {
	for i := range n {
		if _, ok := s.Get(key(i)); ok {
			found++
		}
	}
	return found
}

func TestHeapStaysNearWhatIsStored(t *testing.T) {
	const n, size = 100_000, 1 << 10
	before := liveHeap()
	s := open[*[]byte](t, store.Options{MaxBytes: 160 << 20})
	load(s, n, size)
	heap, st := liveHeap()-before, s.Stat()
	if found := count(s, n); found < n*99/100 {
		t.Errorf("%d of %d entries found", found, n)
	}
	ratio := float64(heap) / (n * size)
	t.Logf("live heap / stored bytes: %.3f; charged / live heap: %.3f", ratio, float64(st.Bytes)/float64(heap))
	if ratio > 1.35 {
		t.Errorf("the heap is %.3f times what is stored", ratio)
	}
	if float64(st.Bytes) < 0.95*float64(heap) {
		t.Errorf("%d bytes are charged for a heap of %d", st.Bytes, heap)
	}
}

func TestHeapStaysWithinTheBudget(t *testing.T) {
	for _, size := range []int{100, 1 << 10, 20 << 10} {
		before := liveHeap()
		s := open[*[]byte](t, store.Options{MaxBytes: 16 << 20, MaxEntryBytes: 1 << 20})
		load(s, 3*(16<<20)/size/2, size)
		heap, st := liveHeap()-before, s.Stat()
		t.Logf("entries of %d bytes: live heap / MaxBytes %.3f, %d entries, %d evicted, %d refused",
			size, float64(heap)/(16<<20), st.Entries, st.Evictions, st.Refusals)
		if st.Bytes > st.MaxBytes {
			t.Errorf("%d bytes stored of %d", st.Bytes, st.MaxBytes)
		}
		if heap > (16<<20)*11/10 {
			t.Errorf("entries of %d bytes: a heap of %d for a budget of %d", size, heap, 16<<20)
		}
	}
}

func TestChurnDoesNotGrowTheHeap(t *testing.T) {
	s := open[*[]byte](t, store.Options{MaxBytes: 4 << 20})
	grown := churn(s, 20_000, 100_000)
	t.Logf("heap after / before 100,000 operations: %.3f", grown)
	if grown > 1.1 {
		t.Errorf("the heap grew %.3f times", grown)
	}
}

// churn replaces, removes and purges, and returns by what factor the heap is
// larger after ops operations than after warm.
func churn(s *store.Store[*[]byte], warm, ops int) float64 {
	r := rand.New(rand.NewPCG(1, 2))
	step := func(i int) {
		k := r.IntN(20_000)
		switch x := r.IntN(100); {
		case x < 60:
			b := make([]byte, 100+r.IntN(1000))
			s.Put(store.Item[*[]byte]{Key: key(k), Value: &b, Bytes: int64(len(b)) + 24, Tags: []string{
				fmt.Sprintf("endpoint:%d", k%40), fmt.Sprintf("call:%d", i),
			}})
		case x < 90:
			s.Get(key(k))
		case x < 99:
			s.Delete(key(k))
		default:
			s.PurgeTag(fmt.Sprintf("call:%d", i-r.IntN(1000)))
		}
	}
	for i := range warm {
		step(i)
	}
	base := liveHeap()
	for i := range ops {
		step(warm + i)
	}
	return float64(liveHeap()) / float64(base)
}
