package main

import (
	"context"
	"errors"
	"fmt"
)

// cold sends all calls at once to a proxy that knows nothing, at a provider that
// says nothing, and looks at how fast it goes up: what arrives in 100 ms, of a
// network without latency, is what departed.
func cold(ctx context.Context, b *bench, s settings) (err error) {
	knobs := window(burstLimit, map[string]any{"dialects": []string{}})
	delete(knobs, "latency")
	up, err := b.start(ctx, knobs, uncached)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, up.close()) }()
	answers, wall := up.load.burst(ctx, s.calls)
	counters, err := up.sim.counters(ctx)
	if err != nil {
		return err
	}
	b.all200("cold", answers)
	slots := counters.ArrivalsPer100ms
	var over []int // the slots that rose too fast
	before := 0
	for i, n := range slots {
		if n > 2*before+5 {
			over = append(over, i)
		}
		before = n
	}
	b.line("cold", "100 ms with more than twice those before + 5", fmt.Sprintf("%d of %d", len(over), len(slots)), "0", len(over) == 0)
	for _, i := range over[:min(len(over), 5)] {
		fmt.Fprintf(b.out, "%-22s %-46s %v\n", "cold", fmt.Sprintf("calls each 100 ms up to %.1f s", float64(i+1)/10), slots[max(i-5, 0):i+1])
	}
	fmt.Fprintf(b.out, "%-22s %-46s %d of %d, %.1f s in all\n", "cold", "429 upstream while the limit was looked for", counters.Throttled, counters.Arrivals, wall.Seconds())
	return nil
}
