package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// pairs makes the same calls through both sides in turn, as many times as asked,
// and returns the CPU of a call of each, and the ratios of the first side's to
// the second's.
func pairs(ctx context.Context, n int, sides [2]side) (costs [2][]time.Duration, ratios []float64, err error) {
	for i := range sides {
		if _, err := sides[i].round(ctx); err != nil { // connections and pools
			return costs, nil, err
		}
	}
	for pair := range n {
		var used [2]time.Duration
		for i := range 2 {
			at := (pair + i) % 2 // who goes first alternates
			if used[at], err = sides[at].round(ctx); err != nil {
				return costs, nil, err
			}
			costs[at] = append(costs[at], used[at]/forwardCalls)
		}
		ratios = append(ratios, float64(used[0])/float64(max(used[1], clockTick)))
	}
	return costs, ratios, nil
}

// compare prints the CPU of a call of the first side as a ratio to that of the
// second, the reference.
func (b *bench) compare(ctx context.Context, scenario, reference string, target float64, sides [2]side) error {
	costs, ratios, err := pairs(ctx, forwardPairs, sides)
	if err != nil {
		return err
	}
	r := median(ratios)
	b.line(scenario, fmt.Sprintf("CPU / %s, median of %d pairs", reference, forwardPairs),
		fmt.Sprintf("%.2f (%.2f to %.2f)", r, slices.Min(ratios), slices.Max(ratios)), fmt.Sprint("≤ ", target), r <= target)
	fmt.Fprintf(b.out, "%-22s %-46s %v and %v\n", scenario, "CPU of a call, medians, and bare",
		median(costs[0]).Round(time.Microsecond), median(costs[1]).Round(time.Microsecond))
	return nil
}

// side is a proxy and the load that goes through it.
type side struct {
	process *process
	load    *load
}

// round makes forwardCalls calls from a few callers and returns the CPU they cost the
// proxy.
func (s side) round(ctx context.Context) (time.Duration, error) {
	before, err := s.process.cpu()
	if err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	failed := make(chan int, forwardCallers)
	for range forwardCallers {
		wg.Go(func() {
			for range forwardCalls / forwardCallers {
				if a := s.load.call(ctx, "Forward/1"); a.status != 200 {
					failed <- a.status
					return
				}
			}
		})
	}
	wg.Wait()
	after, err := s.process.cpu()
	select {
	case status := <-failed:
		return 0, fmt.Errorf("a call through %s was answered with %d", s.process.name, status)
	default:
		return after - before, err
	}
}

func (b *bench) startBare(ctx context.Context, args ...string) (*process, error) {
	binary := filepath.Join(b.dir, "bare")
	if err := b.compile(ctx, binary, "bench/bare"); err != nil {
		return nil, err
	}
	return b.launchProgram(ctx, binary, nil, "bare listens on ", "bare", args...)
}

// median of a list that is not empty; the list is sorted by it.
func median[T int64 | float64 | time.Duration](list []T) T {
	slices.Sort(list)
	return list[len(list)/2]
}
