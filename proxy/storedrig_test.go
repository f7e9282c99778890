package proxy

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/cleengate/cleengate/cache"
	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/limiter"
)

// Lookup makes a tally the metrics of a cache.
func (c *tally) Lookup(result string) { c.add("lookup " + result) }

// withCache puts a cache into a rig, and its limits if limited.
func withCache(t testing.TB, r *rig, limited bool) *cache.Cache {
	t.Helper()
	return withCounted(t, r, limited, &r.tally)
}

// quiet counts nothing.
type quiet struct{}

func (quiet) Lookup(string) {}

func withCounted(t testing.TB, r *rig, limited bool, metrics cache.Metrics) *cache.Cache {
	t.Helper()
	cfg := r.view.Load().cfg
	stored, err := cache.New(cache.Options{MaxBytes: int64(cfg.Cache.MaxSize), Metrics: metrics})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stored.Close() })
	parts := testParts(t, cfg)
	parts.Cache = stored
	if limited {
		set, err := limiter.NewSet(LimitConfigs(cfg), "", nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = set.Close() })
		parts.Limits = set
	}
	if err := r.Apply(cfg, parts); err != nil {
		t.Fatal(err)
	}
	return stored
}

// newCacheRig is newRig with a cache.
func newCacheRig(t testing.TB, upstream http.Handler, change ...func(*config.Config)) *rig {
	t.Helper()
	r := newRig(t, upstream, change...)
	withCache(t, r, false)
	return r
}

// newCacheBubble is newBubbleRig with a cache and limits, for synctest.
func newCacheBubble(t testing.TB, upstream http.Handler, change ...func(*config.Config)) *rig {
	t.Helper()
	r := newBubbleRig(t, upstream, change...)
	withCache(t, r, true)
	return r
}

// counting counts the calls that reach an upstream.
type counting struct {
	http.Handler
	calls atomic.Int64
}

func count(h http.HandlerFunc) *counting { return &counting{Handler: h} }

func (c *counting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.calls.Add(1)
	c.Handler.ServeHTTP(w, r)
}

type purge = cache.Purge
