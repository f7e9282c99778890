package store_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/cleengate/cleengate/cache/store"
)

func TestBumpAllMakesEveryMarkStale(t *testing.T) {
	e := store.NewEpochs(10)
	m := e.Mark()
	e.BumpAll()
	if !e.Stale([]string{"never bumped"}, m) || !e.Stale(nil, m) {
		t.Error("a mark from before is not stale")
	}
	if e.Stale([]string{"never bumped"}, e.Mark()) {
		t.Error("a mark from after is stale")
	}
}

func TestBumpOfAnOverlongTagErrsOnTheSafeSide(t *testing.T) {
	e := store.NewEpochs(10)
	m := e.Mark()
	e.Bump(strings.Repeat("x", store.MaxTagBytes+1))
	if !e.Stale([]string{"other"}, m) {
		t.Error("a mark from before is not stale")
	}
}

func TestEpochsAreBounded(t *testing.T) {
	e := store.NewEpochs(1000)
	before := liveHeap()
	for i := range 200_000 {
		e.Bump(fmt.Sprintf("customer:%d", i))
	}
	if grown := liveHeap() - before; grown > 1<<20 {
		t.Errorf("200,000 tags hold %d bytes", grown)
	}
	if !e.Stale([]string{"customer:5"}, 0) || !e.Stale([]string{"customer:199999"}, 0) {
		t.Error("a bump was forgotten without a trace")
	}
	if e.Stale([]string{"customer:5"}, e.Mark()) {
		t.Error("a mark of now is stale")
	}
}

// A write bumps and purges while reads of an older state arrive; whatever the
// order, nothing old stays.
func TestNoOldAnswerSurvivesAWrite(t *testing.T) {
	s := open[int](t, store.Options{MaxBytes: 1 << 20})
	e := store.NewEpochs(100)
	tags := []string{"offer:1"}
	var mu sync.Mutex
	origin := 0
	read := func() int { mu.Lock(); defer mu.Unlock(); return origin }
	for i := 1; i <= 300; i++ {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				mark := e.Mark()
				v := read()
				e.IfCurrent(tags, mark, func() { s.Put(store.Item[int]{Key: key(0), Value: v, Tags: tags}) })
			})
		}
		e.Bump(tags...)
		mu.Lock()
		origin = i
		mu.Unlock()
		e.Bump(tags...)
		s.PurgeTag(tags[0])
		if v, ok := s.Get(key(0)); ok && v != i {
			t.Fatalf("after write %d the store answers %d", i, v)
		}
		wg.Wait()
		if v, ok := s.Get(key(0)); ok && v != i {
			t.Fatalf("after write %d and all reads the store answers %d", i, v)
		}
	}
}

func TestBumpWaitsForWhatIsBeingStored(t *testing.T) {
	e := store.NewEpochs(10)
	bumped := make(chan struct{})
	current := e.IfCurrent([]string{"a"}, e.Mark(), func() {
		go func() {
			e.Bump("a")
			close(bumped)
		}()
		for range 1000 {
			runtime.Gosched()
			select {
			case <-bumped:
				t.Error("a write went by while an older answer was being stored")
				return
			default:
			}
		}
	})
	<-bumped
	if !current {
		t.Error("a mark of now was stale")
	}
}
