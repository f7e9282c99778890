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
	up, err := b.start(ctx, knobs, "")
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
	steepest, before, over := 0, 0, 0
	slots := counters.ArrivalsPer100ms
	for i, n := range slots {
		last := 0
		if i > 0 {
			last = slots[i-1]
		}
		if n > 2*last+5 {
			over++
		}
		if n-2*last > steepest-2*before {
			steepest, before = n, last
		}
	}
	b.line("cold", "100 ms with more than twice those before + 5", fmt.Sprintf("%d of %d", over, len(slots)), "0", over == 0)
	fmt.Fprintf(b.out, "%-22s %-46s %d after %d\n", "cold", "steepest step between them", steepest, before)
	fmt.Fprintf(b.out, "%-22s %-46s %d of %d, %.1f s in all\n", "cold", "429 upstream while the limit was looked for", counters.Throttled, counters.Arrivals, wall.Seconds())
	return nil
}
