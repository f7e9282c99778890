package limiter_test

import (
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/cleengate/cleengate/limiter"
)

// TestHandleFindsWhatGetFinds: through changes of the configuration a handle and the
// set never tell of different buckets.
func TestHandleFindsWhatGetFinds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		configs := rapid.Custom(func(rt *rapid.T) (list []limiter.Config) {
			for _, name := range []string{"a", "b"} {
				if rapid.Bool().Draw(rt, "configured") {
					list = append(list, limiter.Config{Name: name, Rate: rapid.Float64Range(1, 9).Draw(rt, "rate")})
				}
			}
			return list
		})
		set, err := limiter.NewSet(configs.Draw(rt, "limits"), "", nil)
		if err != nil {
			rt.Fatal(err)
		}
		a, b := set.Handle("a", "key"), set.Handle("b", "")
		rt.Repeat(map[string]func(*rapid.T){
			"reconfigure": func(rt *rapid.T) {
				if err := set.Reconfigure(configs.Draw(rt, "limits")); err != nil {
					rt.Error(err)
				}
			},
			"ask a": func(*rapid.T) { a.Bucket() },
			"ask b": func(*rapid.T) { b.Bucket() },
			"": func(rt *rapid.T) {
				if rapid.Bool().Draw(rt, "compare") && (a.Bucket() != set.Get("a", "key") || b.Bucket() != set.Get("b", "")) {
					rt.Error("a handle found another bucket")
				}
			},
		})
	})
}

// Once a limit is gone, nobody is led to its bucket any more.
func TestHandleWhileTheSetChanges(t *testing.T) {
	with := []limiter.Config{{Name: "a", Rate: 1}}
	set, err := limiter.NewSet(with, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	h := set.Handle("a", "key")
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					h.Bucket()
				}
			}
		})
	}
	for range 200 {
		before := h.Bucket()
		if err := set.Reconfigure(nil); err != nil {
			t.Fatal(err)
		}
		if b := h.Bucket(); b != nil {
			t.Fatal("a bucket of a limit that is gone")
		}
		if err := set.Reconfigure(with); err != nil {
			t.Fatal(err)
		}
		if b := h.Bucket(); b == nil || b == before {
			t.Fatal("the limit came back without a bucket of its own")
		}
	}
	close(done)
	wg.Wait()
}
