package pattern

import (
	"math/rand/v2"
	"testing"
	"time"
)

// shown runs calls through a detector of ample capacity.
func shown(calls ...Call) Counts {
	d := New(1000)
	var w Window
	var counts Counts
	for i := range calls {
		d.See(&calls[i], &w, &counts)
	}
	return counts
}

func every(step time.Duration, n int, digest func(i int) uint64, c Call) []Call {
	calls := make([]Call, n)
	for i := range calls {
		calls[i] = c
		calls[i].At, calls[i].Digest = time.Duration(i)*step, digest(i)
	}
	return calls
}

func same(int) uint64         { return 7 }
func different(i int) uint64  { return uint64(i) + 1 }
func incomparable(int) uint64 { return 0 }

func TestHabits(t *testing.T) {
	for name, c := range map[string]struct {
		calls []Call
		want  Counts
	}{
		"nothing":                        {nil, Counts{}},
		"different calls, far apart":     {every(time.Minute, 100, different, Call{Bulk: List, Lifetime: time.Hour}), Counts{}},
		"identical ones at once":         {every(0, 50, same, Call{}), Counts{Identical: 49, Found: 49}},
		"within ten seconds":             {[]Call{{Digest: 7}, {At: 10 * time.Second, Digest: 7}, {At: 20*time.Second + 1, Digest: 7}}, Counts{Identical: 1, Found: 1}},
		"every minute":                   {every(time.Minute, 20, same, Call{}), Counts{Polled: 14, PollSeconds: 14 * 60, Found: 14}},
		"a lifetime covers three":        {every(30*time.Second, 9, same, Call{Lifetime: time.Minute}), Counts{Cacheable: 6, Polled: 3, PollSeconds: 90, Found: 7}},
		"a run of one list":              {every(time.Millisecond, 50, different, Call{Bulk: List}), Counts{Bulk: 50, Runs: 1, Found: 50}},
		"more than a page":               {every(time.Millisecond, 215, different, Call{Bulk: List}), Counts{Bulk: 215, Runs: 3, Found: 215}},
		"a remainder that is no run":     {every(time.Millisecond, 109, different, Call{Bulk: List}), Counts{Bulk: 100, Runs: 1, Found: 100}},
		"too few":                        {every(time.Millisecond, 9, different, Call{Bulk: List}), Counts{}},
		"one id again and again":         {every(time.Millisecond, 50, same, Call{Bulk: List}), Counts{Identical: 49, Found: 49}},
		"writes in single JSON-RPC":      {every(time.Millisecond, 30, incomparable, Call{Bulk: Batch}), Counts{Bulk: 30, Runs: 2, Found: 30}},
		"writes have no list":            {every(time.Millisecond, 30, incomparable, Call{Bulk: List}), Counts{}},
		"a batch needs a second at most": {every(300*time.Millisecond, 50, different, Call{Bulk: Batch}), Counts{}},
	} {
		if got := shown(c.calls...); !equal(&got, &c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestReadsInManyNamesAreNoRun(t *testing.T) {
	calls := every(time.Millisecond, 100, different, Call{Bulk: List})
	for i := range calls {
		calls[i].Identity = uint64(i % 7)
	}
	if got := shown(calls...); got != (Counts{}) {
		t.Errorf("%+v", got)
	}
	for i := range calls {
		calls[i].Identity = uint64(i / 20)
	}
	if got := shown(calls...); got.Bulk != 100 || got.Runs != 5 {
		t.Errorf("one after the other: %+v", got)
	}
}

func TestRandomArrivalsAreNoPolling(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	d := New(10)
	var w Window
	var counts Counts
	const n = 100_000
	at := time.Duration(0)
	for range n {
		at += time.Duration(r.ExpFloat64() * float64(20*time.Second))
		d.See(&Call{At: at, Digest: 1}, &w, &counts)
	}
	if counts.Polled > n/1000 {
		t.Errorf("%d of %d random calls are taken for polling", counts.Polled, n)
	}
}

func TestJitteredPollingIsSeen(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	d := New(10)
	var w Window
	var counts Counts
	const n = 1000
	at := time.Duration(0)
	for range n {
		at += 30*time.Second + time.Duration(r.Float64()*float64(4*time.Second))
		d.See(&Call{At: at, Digest: 1}, &w, &counts)
	}
	if mean := counts.PollSeconds / float64(counts.Polled); counts.Polled < n-10 || mean < 31.5 || mean > 32.5 {
		t.Errorf("%d of %d, every %v s", counts.Polled, n, mean)
	}
}

func TestAGapIsComparedWithAllOfItsRhythm(t *testing.T) {
	var calls []Call
	at := time.Duration(0)
	for _, gap := range []time.Duration{0, 20, 20, 20, 20, 20, 24, 26} {
		at += gap * time.Second
		calls = append(calls, Call{At: at, Digest: 7})
	}
	// 24 is within a fifth of the mean of 20; 26 is not within a fifth of 20.67.
	if got := shown(calls...); got.Polled != 1 || got.PollSeconds != 24 {
		t.Errorf("%+v", got)
	}
}

func TestAnHourIsRemembered(t *testing.T) {
	if got := shown(every(time.Hour, 10, same, Call{})...); got.Polled != 4 {
		t.Errorf("every hour: %+v", got)
	}
	if got := shown(every(time.Hour+1, 10, same, Call{})...); got != (Counts{}) {
		t.Errorf("more than an hour apart: %+v", got)
	}
}

// TestFloodDoesNotHidePolling: what comes once must not push out what comes back.
func TestFloodDoesNotHidePolling(t *testing.T) {
	const capacity = 100
	d := New(capacity)
	var w Window
	var polled, flood Counts
	digest := uint64(1000)
	for i := range 100 { // seen twice before the flood begins
		d.See(&Call{At: time.Duration(i) * time.Minute, Digest: 1}, &w, &polled)
		if i < 2 {
			continue
		}
		for range 5 * capacity {
			digest++
			d.See(&Call{At: time.Duration(i) * time.Minute, Digest: digest}, &w, &flood)
		}
	}
	if polled.Polled != 100-regularGaps || flood != (Counts{}) {
		t.Errorf("polled %+v, flood %+v", polled, flood)
	}
}

func TestClocksThatJump(t *testing.T) {
	calls := every(time.Minute, 10, same, Call{Lifetime: 5 * time.Second})
	calls[4].At = -200 * time.Hour
	calls[5].At = 1 << 62
	if got := shown(calls...); got != (Counts{}) {
		t.Errorf("%+v", got)
	}
	// Told out of order by less than an hour, they are taken to come together.
	if got := shown(Call{At: time.Minute, Digest: 7}, Call{At: 58 * time.Second, Digest: 7}); got.Identical != 1 {
		t.Errorf("%+v", got)
	}
}

func TestPromise09_DetectorIsBounded(t *testing.T) {
	d := New(1000)
	var w Window
	var counts Counts
	for i := range 1_000_000 {
		d.See(&Call{At: time.Duration(i), Digest: uint64(i%100_000) + 1, Bulk: List}, &w, &counts)
	}
	if len(d.index) > 2000 || len(d.entries) > 2001 || len(d.free) > 2001 {
		t.Errorf("%d in the index, %d entries, %d free", len(d.index), len(d.entries), len(d.free))
	}
}

func TestSeeDoesNotAllocateOnceFull(t *testing.T) {
	d := New(100)
	var w Window
	var counts Counts
	i := uint64(0)
	next := func() {
		i++
		d.See(&Call{At: time.Duration(i) * time.Second, Digest: i % 1000}, &w, &counts)
	}
	for range 5000 {
		next()
	}
	if n := testing.AllocsPerRun(5000, next); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSee(b *testing.B) {
	d := New(8192)
	var w Window
	var counts Counts
	i := uint64(0)
	for b.Loop() {
		i++
		d.See(&Call{At: time.Duration(i) * time.Millisecond, Digest: i%20_000 + 1, Lifetime: time.Minute, Bulk: List}, &w, &counts)
	}
}
