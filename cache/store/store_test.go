package store_test

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

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
