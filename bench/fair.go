package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	fairLimit    = 200 // calls a second
	batchCallers = 256
	interactive  = "Interactive/1"
	warmUp       = 5 * time.Second // in which the flood reaches the limit

	fairConfig = uncached + "clients:\n  interactive: {user_agent: \"Interactive/\"}\n"
)

// fair measures how much a flood delays an interactive caller, and how much of
// the limit the flood still gets. The unloaded figure is of the same process,
// with the same number of calls, just before.
func fair(ctx context.Context, b *bench, s settings) (err error) {
	up, err := b.start(ctx, window(fairLimit, map[string]any{"dialects": []string{"x-ratelimit"}}), fairConfig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, up.close()) }()

	samples := int(2 * s.fair.Seconds())
	up.load.steady(ctx, 5, 100*time.Millisecond) // connections and the limit
	alone := up.load.steady(ctx, samples, 100*time.Millisecond)

	flood, cancel := context.WithCancel(ctx)
	defer cancel()
	var served, refused atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		up.load.flood(flood, batchCallers, "Batch/1", func(a answer) {
			if a.status == 200 {
				served.Add(1)
			} else {
				refused.Add(1)
			}
		})
	})
	up.load.steady(ctx, int(2*warmUp.Seconds()), 500*time.Millisecond)
	stop := watch(ctx)
	begin, servedBefore := time.Now(), served.Load()
	loaded := up.load.steady(ctx, samples, 500*time.Millisecond)
	took, batch := time.Since(begin), served.Load()-servedBefore
	mean, late := stop()
	cancel()
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	counters, err := up.sim.counters(ctx)
	if err != nil {
		return err
	}

	b.all200("fair interactive", loaded)
	p99, p99Alone := percentile(loaded, 0.99), percentile(alone, 0.99)
	extra := p99 - p99Alone
	b.line("fair interactive", fmt.Sprintf("p99 of %d calls above the unloaded one", samples),
		fmt.Sprintf("%.1f ms (%.1f - %.1f)", millis(extra), millis(p99), millis(p99Alone)), "≤ 25 ms", extra <= 25*time.Millisecond)
	for _, side := range []struct {
		name    string
		answers []answer
	}{{"unloaded", alone}, {"beside the flood", loaded}} {
		fmt.Fprintf(b.out, "%-22s %-46s %.1f / %.1f / %.1f ms\n", "fair interactive", "median / p99 / slowest "+side.name,
			millis(percentile(side.answers, 0.5)), millis(percentile(side.answers, 0.99)), millis(percentile(side.answers, 1)))
	}
	share := float64(batch) / took.Seconds() / fairLimit
	b.line("fair batch", "share of the limit", fmt.Sprintf("%.2f %% (%d calls)", 100*share, batch), "≥ 97 %", share >= 0.97)
	b.line("fair batch", "answers other than 200", fmt.Sprint(refused.Load()), "0", refused.Load() == 0)
	b.line("fair", "upstream 429 for one limit to learn", fmt.Sprint(counters.Throttled), "≤ 1", counters.Throttled <= 1)
	b.machine("fair", mean, late)
	return nil
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
