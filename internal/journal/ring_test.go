package journal

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// contents lists a ring, the newest first.
func contents(r *ring) []string {
	var out []string
	for n := r.newest; r.segment(n) != nil; n-- {
		r.segment(n).backwards(func(stored []byte, _ *Excerpt) bool {
			out = append(out, string(stored))
			return true
		})
	}
	return out
}

// realBytes is what a ring holds, counted anew.
func realBytes(r *ring) int64 {
	var n int64
	for _, s := range r.segments {
		n += int64(cap(s.data)) + int64(cap(s.entries))*entrySize
	}
	return n
}

// TestRingKeepsTheLatest holds the ring against a plain list: what it has is
// the end of that list, within its limit at all times.
func TestRingKeepsTheLatest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(100, 64<<10).Draw(t, "limit")
		r := &ring{limit: limit}
		var all []string
		for i := range rapid.IntRange(1, 200).Draw(t, "records") {
			n := rapid.IntRange(1, 6000).Draw(t, "size")
			record := fmt.Sprint(i, " ", string(bytes.Repeat([]byte{'x'}, n)))
			r.add([]byte(record), nil)
			if int64(len(record))+entrySize <= limit {
				all = append(all, record)
			}
			if rapid.IntRange(0, 30).Draw(t, "resize") == 0 {
				limit = rapid.Int64Range(100, 64<<10).Draw(t, "limit")
				r.resize(limit)
			}
			if r.size != realBytes(r) {
				t.Fatalf("it says %d bytes and has %d", r.size, realBytes(r))
			}
			if len(r.segments) > 1 && r.size > limit {
				t.Fatalf("%d bytes, limit %d", r.size, limit)
			}
		}
		got := contents(r)
		for i, record := range got {
			if want := all[len(all)-1-i]; record != want {
				t.Fatalf("record %d from the end is %.10q, want %.10q", i, record, want)
			}
		}
	})
}

func TestRingUsesItsMemory(t *testing.T) {
	r := &ring{limit: 1 << 20}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		r.add(make([]byte, 200+rng.IntN(2000)), nil)
	}
	if r.size < r.limit*8/10 || r.size > r.limit {
		t.Errorf("%d of %d bytes are in use", r.size, r.limit)
	}
}

func TestRingCountsExcerptsOnce(t *testing.T) {
	r := &ring{limit: 64 << 10}
	e := &Excerpt{stored: make([]byte, 1000)}
	for range 10 {
		r.add(make([]byte, 100), e)
	}
	if r.pinned != e.bytes() {
		t.Errorf("%d bytes for one excerpt of %d", r.pinned, e.bytes())
	}
	for range 1000 {
		r.add(make([]byte, 100), nil)
	}
	if r.pinned != 0 || e.refs != 0 {
		t.Errorf("%d bytes and %d references are left of a forgotten excerpt", r.pinned, e.refs)
	}
}
