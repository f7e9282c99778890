package store_test

import (
	"cmp"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/cleengate/cleengate/cache/store"
)

// model is what the store promises while nothing has to be pushed out.
type model map[store.Key]store.Item[int]

func (m model) tagged(tag string) (keys []store.Key) {
	for k, it := range m {
		if slices.Contains(it.Tags, tag) {
			keys = append(keys, k)
		}
	}
	return keys
}

func sorted(items []store.Item[int]) []store.Item[int] {
	for i := range items {
		items[i].Tags = slices.Compact(slices.Sorted(slices.Values(items[i].Tags)))
	}
	slices.SortFunc(items, func(a, b store.Item[int]) int { return slices.Compare(a.Key[:], b.Key[:]) })
	return items
}

// listed is all that the store lists.
func listed(s *store.Store[int]) []store.Item[int] {
	var got []store.Item[int]
	s.Each(func(it store.Item[int]) bool { got = append(got, it); return true })
	return sorted(got)
}

func TestStoreBehavesLikeAMap(t *testing.T) {
	tags := []string{"a", "b", "c", "d", "e"}
	rapid.Check(t, func(t *rapid.T) {
		s, err := store.New[int](store.Options{MaxBytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		m := model{}
		anyKey := rapid.IntRange(0, 20)
		next := 0
		remove := func(keys []store.Key) {
			for _, k := range keys {
				delete(m, k)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				next++
				it := store.Item[int]{
					Key: key(anyKey.Draw(t, "key")), Value: next,
					Bytes: int64(rapid.SampledFrom([]int{0, 10, 1000, 1 << 14, 1<<14 + 1}).Draw(t, "bytes")),
					Tags:  rapid.SliceOfN(rapid.SampledFrom(tags), 0, 6).Draw(t, "tags"),
				}
				if want := it.Bytes <= 1<<14; s.Put(it) != want {
					t.Fatalf("Put of %d bytes: not %v", it.Bytes, want)
				} else if want {
					m[it.Key] = it
				} else {
					delete(m, it.Key)
				}
			},
			"get": func(t *rapid.T) {
				k := key(anyKey.Draw(t, "key"))
				v, ok := s.Get(k)
				if want, there := m[k]; ok != there || v != want.Value {
					t.Fatalf("got %d, %v, want %d, %v", v, ok, want.Value, there)
				}
			},
			"delete": func(t *rapid.T) {
				k := key(anyKey.Draw(t, "key"))
				_, there := m[k]
				if got := s.Delete(k); got != there {
					t.Fatalf("deleted: %v, want %v", got, there)
				}
				delete(m, k)
			},
			"purge tag": func(t *rapid.T) {
				tag := rapid.SampledFrom(tags).Draw(t, "tag")
				keys := m.tagged(tag)
				if got := s.PurgeTag(tag); got != len(keys) {
					t.Fatalf("purged %d, want %d", got, len(keys))
				}
				remove(keys)
			},
			"purge all": func(t *rapid.T) {
				if got := s.PurgeAll(); got != len(m) {
					t.Fatalf("purged %d, want %d", got, len(m))
				}
				clear(m)
			},
			"": func(t *rapid.T) {
				var want []store.Item[int]
				for _, it := range m {
					want = append(want, it)
				}
				equal := gocmp.Comparer(func(a, b []string) bool { return slices.Equal(a, b) })
				if d := gocmp.Diff(sorted(want), listed(s), equal); d != "" {
					t.Fatal(d)
				}
				if n := s.Stat().Entries; n != len(m) {
					t.Fatalf("%d entries counted, want %d", n, len(m))
				}
			},
		})
	})
}

// Under pressure entries may leave, but what is there is right, the index
// agrees with it, and the budget holds.
func TestStoreUnderPressureIsASubsetOfAMap(t *testing.T) {
	const maxBytes = 64 << 10
	tags := []string{"a", "b", "c"}
	rapid.Check(t, func(t *rapid.T) {
		s, err := store.New[int](store.Options{MaxBytes: maxBytes, MaxEntryBytes: maxBytes / 4})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		m := model{}
		for i := range rapid.IntRange(1, 300).Draw(t, "steps") {
			it := store.Item[int]{
				Key: key(rapid.IntRange(0, 60).Draw(t, "key")), Value: i,
				Bytes: int64(rapid.IntRange(0, maxBytes/4).Draw(t, "bytes")),
				Tags:  rapid.SliceOfN(rapid.SampledFrom(tags), 0, 3).Draw(t, "tags"),
			}
			if s.Put(it) {
				m[it.Key] = it
			} else {
				delete(m, it.Key)
				if _, ok := s.Get(it.Key); ok {
					t.Fatal("refused, yet there")
				}
			}
			if i%50 == 0 {
				tag := rapid.SampledFrom(tags).Draw(t, "purged")
				s.PurgeTag(tag)
				for _, k := range m.tagged(tag) {
					delete(m, k)
				}
			}
			if st := s.Stat(); st.Bytes > maxBytes {
				t.Fatalf("%d bytes in a store of %d", st.Bytes, maxBytes)
			}
		}
		items := listed(s)
		for _, it := range items {
			if v, ok := s.Get(it.Key); !ok || v != it.Value || m[it.Key].Value != v {
				t.Fatalf("listed %d, got %d, %v, put %d", it.Value, v, ok, m[it.Key].Value)
			}
		}
		if st := s.Stat(); st.Entries != len(items) {
			t.Fatalf("%d entries counted, %d listed", st.Entries, len(items))
		}
		for _, tag := range tags {
			want := len(slices.DeleteFunc(slices.Clone(items), func(it store.Item[int]) bool {
				return !slices.Contains(it.Tags, tag)
			}))
			if got := s.PurgeTag(tag); got > want {
				t.Fatalf("tag %s: purged %d of %d", tag, got, want)
			}
			items = listed(s)
		}
		s.PurgeAll()
		if st := s.Stat(); st.Entries != 0 || st.Bytes != 0 {
			t.Fatalf("after a purge of all: %+v", st)
		}
	})
}

// naive remembers every bump.
type naive []struct {
	tag string
	at  int
}

func (n naive) stale(tags []string, since int) bool {
	for _, b := range n {
		if b.at > since && slices.Contains(tags, b.tag) {
			return true
		}
	}
	return false
}

func TestEpochsNeverCallStaleFresh(t *testing.T) {
	anyTag := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"})
	rapid.Check(t, func(t *rapid.T) {
		maxTags := rapid.SampledFrom([]int{2, 4, 1000}).Draw(t, "max")
		e := store.NewEpochs(maxTags)
		var n naive
		type read struct {
			mark store.Mark
			at   int
			tags []string
		}
		var reads []read
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			tags := rapid.SliceOfN(anyTag, 1, 3).Draw(t, "tags")
			if rapid.Bool().Draw(t, "write") {
				e.Bump(tags...)
				for _, tag := range tags {
					n = append(n, struct {
						tag string
						at  int
					}{tag, i})
				}
			} else {
				reads = append(reads, read{e.Mark(), i, tags})
			}
			for _, r := range reads {
				got, want := e.Stale(r.tags, r.mark), n.stale(r.tags, r.at)
				if want && !got || maxTags == 1000 && got != want {
					t.Fatalf("mark %d, tags %v: stale %v, want %v", r.mark, r.tags, got, want)
				}
				if cmp.Compare(e.Latest(r.tags), r.mark) > 0 != got {
					t.Fatal("Latest and Stale disagree")
				}
				if e.IfCurrent(r.tags, r.mark, func() {}) == got {
					t.Fatal("IfCurrent and Stale disagree")
				}
			}
			if m := e.Mark(); e.Stale(tags, m) {
				t.Fatal("a mark of now is stale")
			}
		}
	})
}
