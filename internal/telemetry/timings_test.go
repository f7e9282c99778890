package telemetry

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"
)

// told is what a registry of one family of histograms tells: all series as text, and
// the number of observations.
func told(tb testing.TB, g prometheus.Gatherer) (series []string, n uint64) {
	tb.Helper()
	families, err := g.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			m.Histogram.CreatedTimestamp = nil
			series = append(series, m.String())
			n += m.GetHistogram().GetSampleCount()
		}
	}
	return series, n
}

// TestScrapesMissNothing: whatever is held back, a scrape tells what histograms tell
// that take everything in at once.
func TestScrapesMissNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m, plain := &Metrics{registry: prometheus.NewRegistry()}, prometheus.NewRegistry()
		reference := newHistogram("waits_seconds", "x", "limit")
		plain.MustRegister(reference)
		held := m.timings("waits_seconds", "x", "limit")
		for range rapid.IntRange(1, 5).Draw(rt, "scrapes") {
			for range rapid.IntRange(0, 3*heldTimings).Draw(rt, "calls") {
				limit := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "limit")
				took := time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(rt, "took"))
				held.of(limit).observe(took)
				reference.WithLabelValues(limit).Observe(took.Seconds())
			}
			want, _ := told(t, plain)
			got, _ := told(t, m.Registry())
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("(-at once +held back)\n%s", diff)
			}
		}
	})
}

func TestCallersAndScrapesAtOnce(t *testing.T) {
	const callers, each = 8, 1001
	m := &Metrics{registry: prometheus.NewRegistry()}
	held := m.timings("waits_seconds", "x", "limit")
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range each {
				held.of("a").observe(time.Millisecond)
			}
		})
	}
	last := uint64(0)
	for range 20 {
		_, n := told(t, m.Registry())
		if n < last {
			t.Errorf("%d observations after %d", n, last)
		}
		last = n
	}
	wg.Wait()
	if _, n := told(t, m.Registry()); n != callers*each {
		t.Errorf("%d observations, want %d", n, callers*each)
	}
}
