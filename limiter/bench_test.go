package limiter

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// BenchmarkUncontended compares a place that is free, taken and given back, with what
// any limiter must do: x/time/rate.Allow, and a mutex locked twice.
func BenchmarkUncontended(b *testing.B) {
	bucket, err := NewBucket(Config{Name: "a", Rate: 1e9, Concurrency: 1000}, "key", nil)
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	call := Call{Caller: "shop", Urgency: DefaultUrgency}
	ok := Feedback{Status: http.StatusOK, Header: http.Header{}}
	limiter := rate.NewLimiter(rate.Inf, 1)
	limiter.SetLimit(1e9)
	var mu sync.Mutex
	var ours, reference time.Duration
	const batch = 1000
	b.ReportAllocs()
	for b.Loop() {
		begin := time.Now()
		for range batch {
			p, err := bucket.Acquire(ctx, call)
			if err != nil {
				b.Fatal(err)
			}
			p.Answered(ok)
		}
		middle := time.Now()
		for range batch {
			limiter.Allow()
			mu.Lock()
			mu.Unlock() //nolint:staticcheck // only its cost is wanted
			mu.Lock()
			mu.Unlock() //nolint:staticcheck // only its cost is wanted
		}
		ours += middle.Sub(begin)
		reference += time.Since(middle)
	}
	b.ReportMetric(float64(ours)/float64(reference), "times-Allow+mutex")
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N)/batch, "ns/place")
}

// BenchmarkLearning is the same with an answer that tells its limit.
func BenchmarkLearning(b *testing.B) {
	bucket, err := NewBucket(Config{Name: "a", Rate: 1e9, Concurrency: 1000}, "key", nil)
	if err != nil {
		b.Fatal(err)
	}
	h := http.Header{
		"X-Ratelimit-Limit": {"1000000000"}, "X-Ratelimit-Remaining": {"999999999"}, "X-Ratelimit-Reset": {"60"},
		"Date": {time.Now().UTC().Format(http.TimeFormat)},
	}
	b.ReportAllocs()
	for b.Loop() {
		p, err := bucket.Acquire(b.Context(), Call{Urgency: DefaultUrgency})
		if err != nil {
			b.Fatal(err)
		}
		p.Answered(Feedback{Status: http.StatusOK, Header: h})
	}
}

// BenchmarkCancel takes one call out of a line of many and puts it back. The cost
// must not grow with the line as it would if the line were searched.
func BenchmarkCancel(b *testing.B) {
	lines := map[int]*line{}
	waiters := map[int][]*waiter{}
	sizes := []int{1000, 100000}
	bucket, err := NewBucket(Config{Name: "a"}, "key", nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range sizes {
		lines[n] = &line{}
		for i := range n {
			call := Call{Caller: fmt.Sprint(i % 10), Urgency: i % 7, Share: 1}
			w := newWaiter(bucket, &call, time.Duration(i*7919%n)*time.Second, 0)
			lines[n].push(w, false, false)
			waiters[n] = append(waiters[n], w)
		}
	}
	took := map[int]time.Duration{}
	i := 0
	for b.Loop() {
		for _, n := range sizes {
			begin := time.Now()
			for k := range 100 {
				w := waiters[n][(i*104729+k*611)%n]
				lines[n].remove(w)
				lines[n].push(w, false, false)
			}
			took[n] += time.Since(begin)
		}
		i++
	}
	b.ReportMetric(float64(took[100000])/float64(took[1000]), "times-at-100-fold")
	b.ReportMetric(float64(took[100000].Nanoseconds())/float64(b.N)/100, "ns/cancel+queue")
}

// BenchmarkReconsider judges a line of 4,000 calls anew, as a pause or a lower rate
// makes necessary.
func BenchmarkReconsider(b *testing.B) {
	bucket, err := NewBucket(Config{Name: "a", Rate: 100, Queue: 4000}, "key", nil)
	if err != nil {
		b.Fatal(err)
	}
	for i := range 4000 {
		call := Call{Caller: fmt.Sprint(i % 40), Urgency: DefaultUrgency, Share: 1}
		bucket.line.push(newWaiter(bucket, &call, time.Hour, 0), false, false)
	}
	for b.Loop() {
		bucket.reconsider(bucket.now())
	}
	if bucket.line.n != 4000 {
		b.Fatal("a call in time was refused")
	}
}
