package journal

import (
	"fmt"
	"slices"
	"testing"
)

func blob(number, size int) []byte {
	return append(appendUint(nil, uint64(number)), make([]byte, size)...)
}

func numbers(list []kept) []int {
	var out []int
	for _, k := range list {
		r := reader{b: k.stored}
		out = append(out, int(r.uint()))
	}
	return out
}

// TestFailuresKeepFirstAndLast: neither 200 throttles nor any number of other
// failures push out the one 401.
func TestFailuresKeepFirstAndLast(t *testing.T) {
	f := newFailures(1 << 20)
	one := groupKey{"credential_invalid", "/3.1/offers"}
	flood := groupKey{"burst", "/3.1/offers"}
	f.add(one, blob(1, 500), nil, true)
	for i := range 200 {
		f.add(flood, blob(2+i, 500), nil, true)
	}
	if g := f.groups[one]; !slices.Equal(numbers(g.first), []int{1}) {
		t.Errorf("the one 401: %v", numbers(g.first))
	}
	g := f.groups[flood]
	if got := numbers(g.first); !slices.Equal(got, []int{2, 3, 4, 5, 6, 7, 8, 9, 10, 11}) {
		t.Errorf("first: %v", got)
	}
	if got := numbers(g.last); !slices.Equal(got, []int{192, 193, 194, 195, 196, 197, 198, 199, 200, 201}) {
		t.Errorf("last: %v", got)
	}
	if g.count != 200 {
		t.Errorf("counted %d", g.count)
	}
}

func TestFailuresKeepWholeOnesAmongTheLast(t *testing.T) {
	f := newFailures(1 << 20)
	key := groupKey{"burst", "/3.1/offers"}
	for i := range 30 {
		f.add(key, blob(i, 10), nil, i < 15)
	}
	if got := numbers(f.groups[key].last); !slices.Equal(got, []int{10, 11, 12, 13, 14}) {
		t.Errorf("last: %v", got)
	}
	if f.early(key) || !f.early(groupKey{"burst", "/3.1/passes"}) {
		t.Error("early does not tell a new kind from an old one")
	}
}

func TestFailuresStayWithinTheirLimit(t *testing.T) {
	const limit = 64 << 10
	f := newFailures(limit)
	for i := range 5000 {
		key := groupKey{"5xx", fmt.Sprint("/endpoint/", i%400)}
		f.add(key, blob(i, 100+i%3000), nil, true)
		var real int64
		for _, g := range f.groups {
			real += groupBytes + int64(len(g.key.endpoint))
			for _, k := range append(slices.Clone(g.first), g.last...) {
				real += k.bytes()
			}
		}
		if f.size != real || f.size > limit {
			t.Fatalf("after %d: it says %d bytes, has %d, limit %d", i, f.size, real, limit)
		}
		if len(f.groups[key].first) == 0 {
			t.Fatalf("the failure that was just added is not there")
		}
	}
	f.resize(0)
	if f.size != 0 || len(f.groups) != 0 || f.silent.Len() != 0 {
		t.Errorf("%d bytes in %d groups are left", f.size, len(f.groups))
	}
}

// TestFloodGivesWayFirst: when memory is short, the group that takes most
// gives up its oldest before a rare failure has to go.
func TestFloodGivesWayFirst(t *testing.T) {
	f := newFailures(20 << 10)
	rare := groupKey{"credential_invalid", "/3.1/offers"}
	f.add(rare, blob(1, 1000), nil, true)
	for i := range 500 {
		f.add(groupKey{"burst", "/3.1/offers"}, blob(2+i, 2000), nil, true)
	}
	if g := f.groups[rare]; g == nil || len(g.first) != 1 {
		t.Error("the rare failure was pushed out")
	}
	if g := f.groups[groupKey{"burst", "/3.1/offers"}]; len(g.first) == 0 || !slices.Contains(numbers(g.last), 501) {
		t.Errorf("of the flood are left: first %v, last %v", numbers(g.first), numbers(g.last))
	}
}

func TestGroupsAreBounded(t *testing.T) {
	f := newFailures(64 << 20)
	for i := range 3 * maxGroups {
		f.add(groupKey{"4xx", fmt.Sprint(i)}, blob(i, 10), nil, true)
	}
	if len(f.groups) != maxGroups || f.groups[groupKey{"4xx", fmt.Sprint(3*maxGroups - 1)}] == nil {
		t.Errorf("%d groups", len(f.groups))
	}
}
