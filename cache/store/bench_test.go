package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cleengate/cleengate/cache/store"
)

// perOp is the time of an iteration in ns.
func perOp(b *testing.B) float64 { return float64(b.Elapsed()) / float64(b.N) }

// BenchmarkGet looks up beside a map with a lock.
func BenchmarkGet(b *testing.B) {
	const n = 10_000
	keys := make([]store.Key, n)
	s := open[int](b, store.Options{MaxBytes: 64 << 20})
	m := make(map[store.Key]int)
	var mu sync.RWMutex
	for i := range n {
		keys[i] = key(i)
		s.Put(store.Item[int]{Key: keys[i], Value: i, Bytes: 1000})
		m[keys[i]] = i
	}
	var reference float64
	b.Run("map", func(b *testing.B) { // the reference
		for i := 0; b.Loop(); i++ {
			mu.RLock()
			_ = m[keys[i%n]]
			mu.RUnlock()
		}
		reference = perOp(b)
	})
	b.Run("store", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			s.Get(keys[i%n])
		}
		b.ReportMetric(perOp(b)/reference, "times-map")
	})
}

func BenchmarkPut(b *testing.B) {
	s := open[int](b, store.Options{MaxBytes: 64 << 20})
	tags := []string{"endpoint:1", "customer:2"}
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			s.Put(store.Item[int]{Key: key(i), Value: i, Bytes: 1000, Tags: tags})
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				s.Put(store.Item[int]{Key: key(i), Value: i, Bytes: 1000, Tags: tags})
			}
		})
	})
}

// BenchmarkHeap prints live heap per stored byte for 100,000 entries of 1 KiB.
func BenchmarkHeap(b *testing.B) {
	const n, size = 100_000, 1 << 10
	for b.Loop() {
		before := liveHeap()
		s := open[*[]byte](b, store.Options{MaxBytes: 160 << 20})
		load(s, n, size)
		b.ReportMetric(float64(liveHeap()-before)/(n*size), "heap/stored")
		b.ReportMetric(float64(count(s, n))/n, "found/put")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkZipf prints hit ratios beside those of an LRU of the same bytes.
func BenchmarkZipf(b *testing.B) {
	for _, skew := range []float64{1.01, 1.2} {
		b.Run(fmt.Sprint(skew), func(b *testing.B) {
			for b.Loop() {
				ours, reference := hits(b, 1_000_000, skew)
				b.ReportMetric(ours/reference, "hits/LRU's")
			}
		})
	}
}

// BenchmarkChurn prints how ten million operations change the heap. Run it
// with -benchtime 1x.
func BenchmarkChurn(b *testing.B) {
	for b.Loop() {
		s := open[*[]byte](b, store.Options{MaxBytes: 16 << 20})
		b.ReportMetric(churn(s, 100_000, 10_000_000), "heap/before")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPurge removes 100,000 entries by one tag, and prints how long that
// takes and what a lookup costs meanwhile beside one before: the median and the
// worst, in which the scheduler has its part.
func BenchmarkPurge(b *testing.B) {
	const n = 100_000
	s := open[int](b, store.Options{MaxBytes: 256 << 20})
	other := key(-1)
	s.Put(store.Item[int]{Key: other, Value: 1, Bytes: 100, Tags: []string{"other"}})
	lookups := func(until <-chan struct{}) (times []time.Duration) {
		for {
			select {
			case <-until:
				slices.Sort(times)
				return times
			default:
			}
			began := time.Now()
			if _, ok := s.Get(other); !ok {
				b.Fatal("an entry of another tag is gone")
			}
			times = append(times, time.Since(began))
		}
	}
	for b.Loop() {
		for i := range n {
			s.Put(store.Item[int]{Key: key(i), Value: i, Bytes: 1000, Tags: []string{"offers", fmt.Sprintf("offer:%d", i)}})
		}
		pause := make(chan struct{})
		time.AfterFunc(50*time.Millisecond, func() { close(pause) })
		reference := lookups(pause)
		done := make(chan struct{})
		var took time.Duration
		var removed int
		go func() {
			defer close(done)
			began := time.Now()
			removed = s.PurgeTag("offers")
			took = time.Since(began)
		}()
		meanwhile := lookups(done)
		if removed != n {
			b.Fatalf("%d entries purged", removed)
		}
		b.ReportMetric(took.Seconds()*1e3, "ms/purge")
		b.ReportMetric(float64(meanwhile[len(meanwhile)/2])/float64(reference[len(reference)/2]), "lookup/idle")
		b.ReportMetric(float64(meanwhile[len(meanwhile)-1].Microseconds())/1e3, "worst-ms")
		b.ReportMetric(float64(reference[len(reference)-1].Microseconds())/1e3, "worst-idle-ms")
	}
}
