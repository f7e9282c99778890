package proxy

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/cleengate/cleengate/internal/config"
)

// TestCacheThatGrowsStoresLargerAnswers begins with the least of memory, as after
// a reload of cache.max_size.
func TestCacheThatGrowsStoresLargerAnswers(t *testing.T) {
	up := count(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 300<<10)) })
	r := newRig(t, up, func(cfg *config.Config) { cfg.Cache.MaxSize = 64 << 10 })
	stored := withCache(t, r, false)
	for range 2 {
		r.do(http.MethodGet, "/3.1/offers/S1", nil)
	}
	if n := up.calls.Load(); n != 2 {
		t.Fatalf("%d calls upstream before", n)
	}
	if err := stored.Resize(64 << 20); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		r.do(http.MethodGet, "/3.1/offers/S1", nil)
	}
	if n := up.calls.Load(); n != 3 {
		t.Errorf("%d calls upstream: the larger cache stores nothing larger", n)
	}
}

// TestResizeUnderLoad changes the memory, to none as well, while calls run and
// others purge. Each caller gets its own answer, and the bound holds in the end.
func TestResizeUnderLoad(t *testing.T) {
	up := count(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 8<<10)
		copy(body, r.URL.RequestURI())
		_, _ = w.Write(body)
	})
	r := newRig(t, up)
	r.sinkOff()
	stored := withCache(t, r, false)
	var load sync.WaitGroup
	for worker := range 8 {
		load.Go(func() {
			for i := range 150 {
				path := fmt.Sprintf("/3.1/offers/S%d?a=1", (i*7+worker)%40)
				if a := r.do(http.MethodGet, path, nil); a.StatusCode != 200 || len(a.body) != 8<<10 || a.body[:len(path)] != path || a.body[len(path)] != 0 {
					t.Errorf("%s: %d, %d bytes", path, a.StatusCode, len(a.body))
				}
			}
		})
	}
	load.Go(func() {
		for _, size := range []int64{1 << 20, 0, 128 << 10, 64 << 20, 64 << 10, 0, 32 << 20, 256 << 10} {
			if err := stored.Resize(size); err != nil {
				t.Error(err)
			}
			stored.Purge(purge{Tag: "offers"})
			_ = stored.Summary()
		}
	})
	load.Wait()
	if s := stored.Stat(); s.MaxBytes != 256<<10 || s.Bytes > s.MaxBytes {
		t.Errorf("%+v", s)
	}
	if stored.Purge(purge{All: true}); stored.Stat().Entries != 0 {
		t.Errorf("%+v is left", stored.Stat())
	}
}
