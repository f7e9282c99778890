package store_test

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/cleengate/cleengate/cache/store"
)

func key(i int) store.Key {
	return sha256.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(i)))
}

func open[V any](tb testing.TB, o store.Options) *store.Store[V] {
	tb.Helper()
	s, err := store.New[V](o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func TestPutIsVisibleWhenItReturns(t *testing.T) {
	s := open[int](t, store.Options{MaxBytes: 1 << 20})
	for i := range 1000 {
		if !s.Put(store.Item[int]{Key: key(i), Value: i, Bytes: 100}) {
			t.Fatalf("entry %d was refused with room left", i)
		}
		if v, ok := s.Get(key(i)); !ok || v != i {
			t.Fatalf("entry %d: got %d, %v", i, v, ok)
		}
	}
}

func TestLookupsDoNotAllocate(t *testing.T) {
	s := open[int](t, store.Options{MaxBytes: 1 << 20})
	s.Put(store.Item[int]{Key: key(1), Value: 1, Bytes: 10})
	e := store.NewEpochs(10)
	e.Bump("a")
	hit, missing, tags := key(1), key(2), []string{"a", "b"}
	for name, f := range map[string]func(){
		"hit":    func() { s.Get(hit) },
		"miss":   func() { s.Get(missing) },
		"stale":  func() { e.Stale(tags, 0) },
		"latest": func() { e.Latest(tags) },
		"mark":   func() { e.Mark() },
	} {
		if n := testing.AllocsPerRun(1000, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// Keys that ristretto cannot tell apart.
func TestCollisionIsAMiss(t *testing.T) {
	s := open[string](t, store.Options{MaxBytes: 1 << 20})
	a, b := store.Key{0: 1, 31: 1}, store.Key{0: 1, 31: 2}
	s.Put(store.Item[string]{Key: a, Value: "a", Tags: []string{"of a"}})
	if v, ok := s.Get(b); ok {
		t.Fatalf("the other key answers %q", v)
	}
	if s.Delete(b) {
		t.Error("the other key was deleted")
	}
	if !s.Put(store.Item[string]{Key: b, Value: "b", Tags: []string{"of b"}}) {
		t.Fatal("the second was refused")
	}
	if _, ok := s.Get(a); ok {
		t.Error("the first is still there")
	}
	if n := s.PurgeTag("of a"); n != 0 {
		t.Errorf("the first's tag purged %d", n)
	}
	if v, ok := s.Get(b); !ok || v != "b" {
		t.Errorf("got %q, %v", v, ok)
	}
}

func TestBoundsOnTags(t *testing.T) {
	s := open[int](t, store.Options{MaxBytes: 1 << 20})
	many := make([]string, store.MaxTags+1)
	for i := range many {
		many[i] = string(rune('a' + i))
	}
	for name, c := range map[string]struct {
		tags []string
		want bool
	}{
		"none": {nil, true}, "most": {many[1:], true}, "too many": {many, false}, "empty": {[]string{""}, false},
		"longest":  {[]string{strings.Repeat("x", store.MaxTagBytes)}, true},
		"too long": {[]string{strings.Repeat("x", store.MaxTagBytes+1)}, false},
	} {
		if got := s.Put(store.Item[int]{Key: key(1), Tags: c.tags}); got != c.want {
			t.Errorf("%s: accepted %v", name, got)
		}
		if _, ok := s.Get(key(1)); ok != c.want {
			t.Errorf("%s: there %v", name, ok)
		}
	}
}

func TestReplacementsKeepToTheBudget(t *testing.T) {
	s := open[int](t, store.Options{MaxBytes: 1 << 20, MaxEntryBytes: 1 << 18})
	for i := range 100 {
		s.Put(store.Item[int]{Key: key(i), Bytes: 10})
	}
	for i := range 100 {
		if s.Put(store.Item[int]{Key: key(i), Value: 1, Bytes: 1 << 18}) {
			if v, ok := s.Get(key(i)); !ok || v != 1 {
				t.Fatalf("accepted, yet got %d, %v", v, ok)
			}
		}
		if st := s.Stat(); st.Bytes > st.MaxBytes {
			t.Fatalf("%d bytes in a store of %d", st.Bytes, st.MaxBytes)
		}
	}
}

func TestResize(t *testing.T) {
	s := open[int](t, store.Options{MaxBytes: 1 << 20})
	for i := range 1000 {
		s.Put(store.Item[int]{Key: key(i), Bytes: 500 + int64(i%2)*1000})
	}
	if err := s.Resize(store.Options{MaxBytes: 128 << 10, MaxEntryBytes: 1000}); err != nil {
		t.Fatal(err)
	}
	st := s.Stat()
	if st.Bytes > 128<<10 || st.Entries == 0 || st.Evictions == 0 {
		t.Errorf("after shrinking: %+v", st)
	}
	s.Each(func(it store.Item[int]) bool {
		if it.Bytes > 1000 {
			t.Errorf("an entry of %d bytes stayed", it.Bytes)
		}
		return true
	})
	if err := s.Resize(store.Options{MaxBytes: 1}); err == nil {
		t.Error("a store of one byte")
	}
	if got := s.Stat(); got.MaxBytes != 128<<10 {
		t.Errorf("a refused change left %+v", got)
	}
}

func TestOptionsThatContradictThemselves(t *testing.T) {
	for _, o := range []store.Options{
		{},
		{MaxBytes: -1},
		{MaxBytes: 1 << 20, MaxEntryBytes: -1},
		{MaxBytes: 1 << 20, MaxEntryBytes: 1 << 20},
	} {
		if s, err := store.New[int](o); err == nil {
			t.Errorf("%+v was accepted", o)
			s.Close()
		}
	}
}

func TestClosedStoreIsEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
		s, err := store.New[int](store.Options{MaxBytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		s.Put(store.Item[int]{Key: key(1), Tags: []string{"a"}})
		for range 2 {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, ok := s.Get(key(1)); ok {
			t.Error("an entry is found")
		}
		if s.Put(store.Item[int]{Key: key(1)}) || s.Delete(key(1)) || s.PurgeTag("a")+s.PurgeAll() != 0 {
			t.Error("a closed store changes")
		}
		s.Each(func(store.Item[int]) bool { t.Error("an entry is listed"); return true })
		if err := s.Resize(store.Options{MaxBytes: 1 << 20}); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Resize: %v", err)
		}
		if st := s.Stat(); st.Entries != 0 || st.Bytes != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// Everything at once, closing included; the race detector and the store's own
// counts are the judges.
func TestConcurrentUse(t *testing.T) {
	s := open[int](t, store.Options{MaxBytes: 256 << 10})
	var wg sync.WaitGroup
	work := func(rounds int) {
		for w := range 8 {
			wg.Go(func() {
				for i := range rounds {
					k := (i*7 + w*13) % 200
					tag := string(rune('a' + k%5))
					switch i % 10 {
					case 0, 1, 2, 3:
						s.Put(store.Item[int]{Key: key(k), Value: k, Bytes: int64(k * 20), Tags: []string{tag}})
					case 4:
						s.Delete(key(k))
					case 5:
						if i%50 == 5 {
							s.PurgeTag(tag)
						}
					case 6:
						if i%100 == 6 {
							s.Each(func(it store.Item[int]) bool { return it.Value >= 0 })
						}
					default:
						if v, ok := s.Get(key(k)); ok && v != k {
							t.Errorf("key %d answers %d", k, v)
						}
					}
				}
			})
		}
	}
	work(1000)
	wg.Wait()
	listed := 0
	s.Each(func(store.Item[int]) bool { listed++; return true })
	st := s.Stat()
	if listed != st.Entries || st.Bytes > st.MaxBytes {
		t.Errorf("%d listed, counted %+v", listed, st)
	}
	s.PurgeAll()
	if st := s.Stat(); st.Entries != 0 || st.Bytes != 0 {
		t.Errorf("after a purge of all: %+v", st)
	}
	work(200)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
}

// Two writes of one new key at once are both accepted while there is room.
func TestConcurrentPutsOfOneKeyAreAccepted(t *testing.T) {
	s := open[int](t, store.Options{MaxBytes: 1 << 20})
	for round := range 300 {
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				if !s.Put(store.Item[int]{Key: key(round), Value: w, Bytes: 10}) {
					t.Errorf("round %d: a write was refused", round)
				}
			})
		}
		wg.Wait()
		if _, ok := s.Get(key(round)); !ok {
			t.Fatalf("round %d: nothing is there", round)
		}
	}
}
