package journal

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// manyCalls adds n exchanges from several goroutines, of all kinds and sizes,
// and reports the most that the journal said it held.
func manyCalls(j *Journal, n int) (most int64) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for worker := range 4 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(worker), 7))
			body := strings.Repeat(`{"offerId":"S1_US"},`, 2000)
			for i := range n / 4 {
				c := plainCall(fmt.Sprint("id-", worker, "-", i))
				c.answerBody = "[" + body[:rng.IntN(len(body)>>rng.IntN(8))]
				switch rng.IntN(20) {
				case 0:
					c.status, c.diagnosis = 401, "credential_invalid"
				case 1:
					c.status = 503
				case 2:
					c.statuses = []int{429}
				case 3:
					c.status, c.template = 404, fmt.Sprint("/endpoint/", rng.IntN(300))
				}
				x := c.open(j)
				held := j.Bytes()
				j.Add(x, false)
				held = max(held, j.Bytes())
				x.Release()
				mu.Lock()
				most = max(most, held)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return most
}

// TestMemoryIsBounded: journal.max_size bounds the whole, messages that are
// passing by included.
func TestMemoryIsBounded(t *testing.T) {
	const size = 1 << 20
	j := newJournal(t, size, 16<<10)
	most := manyCalls(j, 20_000)
	if most > size || most < size/2 {
		t.Errorf("it held up to %d bytes; bound %d", most, size)
	}
	if j.passing.Load() != 0 {
		t.Errorf("%d bytes of messages are left", j.passing.Load())
	}
	j.Resize(0, 0)
	if j.Bytes() != 0 {
		t.Errorf("%d bytes are left of a journal of size 0", j.Bytes())
	}
}

// TestMessagesPassingByAreBounded: when many long bodies pass at once, those
// that find no room are cut, and the rest goes on.
func TestMessagesPassingByAreBounded(t *testing.T) {
	j := newJournal(t, 256<<10, 32<<10)
	var open []*Exchange
	for range 100 {
		c := plainCall("id")
		c.answerBody = strings.Repeat("x", 30<<10)
		open = append(open, c.open(j))
	}
	if j.passing.Load() > 64<<10 {
		t.Errorf("%d bytes pass by", j.passing.Load())
	}
	for _, x := range open {
		j.Add(x, true)
		x.Release()
	}
	r, _ := j.Get("id")
	if b := r.Response.Body; !b.Cut || b.Size != 30<<10 {
		t.Errorf("a body that found no room: %+v", b)
	}
	if j.passing.Load() != 0 {
		t.Errorf("%d bytes are left", j.passing.Load())
	}
}

// BenchmarkMillionExchanges shows the heap that 10^6 exchanges leave, against
// the bound.
func BenchmarkMillionExchanges(b *testing.B) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		j := newJournal(b, 32<<20, 16<<10)
		most := manyCalls(j, 1_000_000)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(most)/(32<<20), "said/bound")
		b.ReportMetric(float64(after.HeapAlloc-min(before.HeapAlloc, after.HeapAlloc))/(32<<20), "heap/bound")
		runtime.KeepAlive(j)
	}
}
