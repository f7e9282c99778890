package recall

import (
	"sync"
	"testing"
)

type word struct {
	text string
	n    int
}

func find(t *Table[word], hash uint64, text string) *word {
	return t.Find(hash, func(v *word) bool { return v.text == text })
}

// What has the same hash is told apart by whoever asks.
func TestFindsWhatWasPutAndNothingElse(t *testing.T) {
	table := New[word](4)
	if v := find(table, 7, "a"); v != nil {
		t.Errorf("an empty table has %v", v)
	}
	table.Put(7, &word{"a", 1})
	if v := find(table, 7, "a"); v == nil || v.n != 1 {
		t.Errorf("found %v", v)
	}
	if v := find(table, 7, "b"); v != nil {
		t.Errorf("found %v for another word of the same hash", v)
	}
	if v := find(table, 8, "a"); v != nil {
		t.Errorf("found %v in another place", v)
	}
}

// Two that share a place stay, and a third takes that of the older one.
func TestTwoShareAPlace(t *testing.T) {
	table := New[word](4)
	table.Put(3, &word{"a", 1})
	table.Put(7, &word{"b", 2}) // 3 and 7 lead to the same place of four
	for range 10 {
		if find(table, 3, "a") == nil || find(table, 7, "b") == nil {
			t.Fatal("one pushed the other out")
		}
	}
	table.Put(11, &word{"c", 3})
	if find(table, 3, "a") != nil || find(table, 7, "b") == nil || find(table, 11, "c") == nil {
		t.Error("the third did not take the place of the first")
	}
}

// What comes once is not worth a value, nor is what comes again only after two others.
func TestOnlyWhatRecursIsWorthAValue(t *testing.T) {
	table := New[word](1)
	a, b, c := uint64(2)<<32, uint64(4)<<32, uint64(6)<<32
	for _, step := range []struct {
		hash uint64
		want bool
	}{{a, false}, {a, true}, {b, false}, {a, true}, {c, false}, {a, false}, {b, false}, {b, true}} {
		if got := table.Recurs(step.hash); got != step.want {
			t.Errorf("%x: %v", step.hash, got)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	table := New[word](2)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			text := string(rune('a' + i))
			for n := range 1000 {
				if v := find(table, uint64(i), text); v != nil && v.text != text {
					t.Errorf("found %v for %s", v, text)
				}
				if table.Recurs(uint64(i)) || n%3 == 0 {
					table.Put(uint64(i), &word{text, n})
				}
			}
		})
	}
	wg.Wait()
}
