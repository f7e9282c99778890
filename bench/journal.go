package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const journalPairs = 20

// journalCost compares the CPU of a forwarded call with the journal as it is by
// default with that without one, in two processes in front of the same
// simulator, in interleaved pairs.
func journalCost(ctx context.Context, b *bench, _ settings) (err error) {
	quiet := map[string]any{"quota": map[string]any{"limits": []any{}, "dialects": []string{}}}
	with, err := b.start(ctx, quiet, forwardConfig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, with.close()) }()
	without, err := b.startGate(ctx, with.simulator.url, forwardConfig+"journal: {max_size: 0}\n")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, without.stop()) }()
	direct := newLoad(offerURL(without))
	defer direct.close()

	costs, ratios, err := pairs(ctx, journalPairs, [2]side{{with.gate, with.load}, {without, direct}})
	if err != nil {
		return err
	}
	var more []time.Duration
	for i := range ratios {
		more = append(more, costs[0][i]-costs[1][i])
	}
	r := median(ratios)
	b.line("journal", fmt.Sprintf("CPU with / without, median of %d pairs", journalPairs),
		fmt.Sprintf("%.3f (%.3f to %.3f)", r, slices.Min(ratios), slices.Max(ratios)), "≤ 1.05", r <= 1.05)
	fmt.Fprintf(b.out, "%-22s %-46s %v\n", "journal", "more CPU of a call, median", median(more).Round(100*time.Nanosecond))
	return nil
}
