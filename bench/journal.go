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

	sides := [2]side{{with.gate, with.load}, {without, direct}}
	for i := range sides {
		if _, err := sides[i].round(ctx); err != nil { // connections and pools
			return err
		}
	}
	var ratios []float64
	var more []time.Duration
	for pair := range journalPairs {
		var used [2]time.Duration
		for i := range 2 {
			at := (pair + i) % 2 // who goes first alternates
			if used[at], err = sides[at].round(ctx); err != nil {
				return err
			}
		}
		ratios = append(ratios, float64(used[0])/float64(max(used[1], clockTick)))
		more = append(more, (used[0]-used[1])/forwardCalls)
	}
	r := median(ratios)
	b.line("journal", fmt.Sprintf("CPU with / without, median of %d pairs", journalPairs),
		fmt.Sprintf("%.3f (%.3f to %.3f)", r, slices.Min(ratios), slices.Max(ratios)), "≤ 1.05", r <= 1.05)
	fmt.Fprintf(b.out, "%-22s %-46s %v\n", "journal", "more CPU of a call, median", median(more).Round(100*time.Nanosecond))
	return nil
}
