package main

import (
	"context"
	"errors"
	"fmt"
)

// silent measures a burst at a provider that says nothing, after the limit has
// been looked for under demand, from an empty state directory.
func silent(ctx context.Context, b *bench, s settings) (err error) {
	up, err := b.start(ctx, window(burstLimit, map[string]any{"dialects": []string{}}), uncached)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, up.close()) }()

	demand, cancel := context.WithTimeout(ctx, s.demand)
	up.load.flood(demand, 300, "Demand/1", func(answer) {})
	cancel()
	if err := ctx.Err(); err != nil {
		return err
	}
	before, err := up.sim.counters(ctx)
	if err != nil {
		return err
	}
	stop := watch(ctx)
	answers, wall := up.load.burst(ctx, s.calls)
	mean, late := stop()
	after, err := up.sim.counters(ctx)
	if err != nil {
		return err
	}
	b.all200("silent", answers)
	b.wall("silent", fmt.Sprintf("wall time / ideal after %v of demand", s.demand), wall, ideal(s.calls, burstLimit), 1.15)
	throttled, arrivals := after.Throttled-before.Throttled, after.Arrivals-before.Arrivals
	share := float64(throttled) / float64(max(arrivals, 1))
	b.line("silent", "share of 429 upstream", fmt.Sprintf("%.2f %% (%d of %d)", 100*share, throttled, arrivals), "< 2 %", share < 0.02)
	fmt.Fprintf(b.out, "%-22s %-46s %d of %d\n", "silent", "429 upstream during the demand before", before.Throttled, before.Arrivals)
	b.machine("silent", mean, late)
	return nil
}
