package pattern

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// model keeps every call of the whole stream and looks through all of them for
// each answer. It knows nothing of lists, indexes or capacities.
type model struct {
	past   []Call
	counts Counts
	flags  []bool // by call: whether it is in a habit
	run    []int  // the calls of the run under way
}

func (m *model) see(c Call) {
	me := len(m.past)
	m.past = append(m.past, c)
	m.flags = append(m.flags, false)
	same := m.sameBefore(me)
	if len(same) > 0 {
		m.repeats(me, same)
	}
	m.bulk(me)
	m.counts.Found = 0
	for _, f := range m.flags {
		if f {
			m.counts.Found++
		}
	}
}

// sameBefore are the calls like the one at me, back to where it was forgotten.
func (m *model) sameBefore(me int) []int {
	var same []int
	for i := range m.past[:me] {
		if m.past[i].Digest != 0 && m.past[i].Digest == m.past[me].Digest {
			if len(same) > 0 && m.past[i].At-m.past[same[len(same)-1]].At > Forgotten {
				same = nil
			}
			same = append(same, i)
		}
	}
	if len(same) > 0 && m.past[me].At-m.past[same[len(same)-1]].At > Forgotten {
		return nil
	}
	return same
}

func (m *model) repeats(me int, same []int) {
	at := m.past[me].At
	if at-m.past[same[len(same)-1]].At <= IdenticalWithin {
		m.counts.Identical++
		m.flags[me] = true
	}
	// The cache, played from the beginning.
	fetched := m.past[same[0]].At
	hit := false
	for _, i := range append(same[1:len(same):len(same)], me) {
		c := m.past[i]
		if hit = c.Lifetime > 0 && c.At-fetched <= c.Lifetime; !hit {
			fetched = c.At
		}
	}
	if hit {
		m.counts.Cacheable++
		m.flags[me] = true
	}
	// The longest rhythm that leads up to this call.
	var rhythm []time.Duration
	before := m.past[same[0]].At
	for _, i := range append(same[1:len(same):len(same)], me) {
		gap := m.past[i].At - before
		before = m.past[i].At
		switch mean := meanOf(rhythm); {
		case gap < shortestGap:
			rhythm = nil
		case len(rhythm) > 0 && math.Abs(float64(gap)-mean) <= mean/deviation:
			rhythm = append(rhythm, gap)
		default:
			rhythm = []time.Duration{gap}
		}
	}
	if len(rhythm) >= regularGaps {
		m.counts.Polled++
		m.counts.PollSeconds += rhythm[len(rhythm)-1].Seconds()
		m.flags[me] = true
	}
}

func meanOf(gaps []time.Duration) float64 {
	sum := 0.0
	for _, g := range gaps {
		sum += float64(g)
	}
	return sum / float64(max(len(gaps), 1))
}

func (m *model) bulk(me int) {
	c := m.past[me]
	if c.Bulk == Single || c.Bulk == List && c.Digest == 0 {
		return
	}
	rule := runs[c.Bulk]
	if len(m.run) == 0 || len(m.run) == int(rule.max) || m.past[m.run[0]].Identity != c.Identity || c.At-m.past[m.run[0]].At >= rule.span {
		m.run = nil
	}
	if c.Bulk == List && len(m.run) > 0 {
		for i := m.run[0]; i < me; i++ {
			if m.past[i].Digest == c.Digest {
				return
			}
		}
	}
	m.run = append(m.run, me)
	switch {
	case len(m.run) == int(rule.min):
		m.counts.Runs++
		m.counts.Bulk += int64(len(m.run))
		for _, i := range m.run {
			m.flags[i] = true
		}
	case len(m.run) > int(rule.min):
		m.counts.Bulk++
		m.flags[me] = true
	}
}

// drawCalls makes a stream in order of time: bursts, steps that repeat and stray ones.
func drawCalls(t *rapid.T, kinds int) []Call {
	bulk := Bulk(rapid.IntRange(0, 2).Draw(t, "bulk"))
	lifetime := rapid.SampledFrom([]time.Duration{0, time.Second, 10 * time.Second, time.Minute}).Draw(t, "lifetime")
	steps := []time.Duration{0, time.Millisecond, 100 * time.Millisecond, 400 * time.Millisecond, time.Second, 1100 * time.Millisecond, 3 * time.Second, 11 * time.Second, 40 * time.Second, 61 * time.Minute}
	n := rapid.IntRange(1, 300).Draw(t, "n")
	names := rapid.SampledFrom([]int{1, 1, 2}).Draw(t, "names")
	// A stream keeps to few steps at a time, or nothing would ever be regular.
	var at time.Duration
	step := steps[0]
	calls := make([]Call, 0, n)
	for range n {
		if rapid.IntRange(0, 9).Draw(t, "turn") == 0 {
			step = rapid.SampledFrom(steps).Draw(t, "step")
		}
		at += step
		digest := uint64(rapid.IntRange(0, kinds).Draw(t, "digest"))
		calls = append(calls, Call{At: at, Digest: digest, Lifetime: lifetime, Bulk: bulk, Identity: digest % uint64(names)})
	}
	return calls
}

func TestExactWhileAllCallsFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kinds := rapid.SampledFrom([]int{1, 2, 5, 40, 300}).Draw(t, "kinds")
		d, m := New(max(kinds, 1)), &model{}
		var w Window
		var got Counts
		for i, c := range drawCalls(t, kinds) {
			d.See(&c, &w, &got)
			m.see(c)
			if !equal(&got, &m.counts) {
				t.Fatalf("after call %d (%+v): %+v, the model has %+v", i, c, got, m.counts)
			}
		}
	})
}

func equal(a, b *Counts) bool {
	x, y := *a, *b
	x.PollSeconds, y.PollSeconds = 0, 0
	return x == y && math.Abs(a.PollSeconds-b.PollSeconds) < 1e-6
}

// TestErrorBound holds what the package promises where the calls do not fit.
func TestErrorBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, 20).Draw(t, "capacity")
		d, m := New(capacity), &model{}
		var w Window
		var got Counts
		for i, c := range drawCalls(t, 50) {
			_, remembered := d.index[c.Digest]
			if between, seen := m.between(c.Digest); seen && between < capacity && !remembered {
				t.Fatalf("call %d was forgotten with %d others in between, of a capacity of %d", i, between, capacity)
			}
			d.See(&c, &w, &got)
			m.see(c)
			if len(d.index) > 2*capacity || len(d.entries) > 2*capacity+1 {
				t.Fatalf("%d calls are remembered in %d entries, of a capacity of twice %d", len(d.index), len(d.entries), capacity)
			}
			if got.Identical > m.counts.Identical || got.Cacheable > m.counts.Cacheable {
				t.Fatalf("after call %d: %+v is no lower bound of %+v", i, got, m.counts)
			}
			if got.Found > int64(i+1) || got.Bulk > int64(i+1) {
				t.Fatalf("after %d calls: %+v", i+1, got)
			}
		}
	})
}

// between counts the different calls since a digest was seen last.
func (m *model) between(digest uint64) (n int, seen bool) {
	others := make(map[uint64]bool)
	for _, c := range slices.Backward(m.past) {
		if d := c.Digest; d == digest {
			return len(others), digest != 0
		} else if d != 0 {
			others[d] = true
		}
	}
	return 0, false
}
