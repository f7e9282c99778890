package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

const (
	forwardPairs   = 11
	forwardCalls   = 4000 // of each half of a pair
	forwardCallers = 8
	idleAfter      = 2 * time.Second // from ready to the memory that counts as idle
	starts         = 7               // of which the median is told

	// A rate that no run reaches: every call passes the whole limiter, and none waits.
	forwardConfig = "limits:\n  publisher: {rate: 100000/s, burst: 1000}\n"
)

// forward compares the CPU that a forwarded call costs cleengate with what it
// costs a bare ReverseProxy, both in processes of their own and in front of the
// same simulator, in interleaved pairs. The access log is on, to a pipe that is
// read.
func forward(ctx context.Context, b *bench, _ settings) (err error) {
	quiet := map[string]any{"quota": map[string]any{"limits": []any{}, "dialects": []string{}}}
	up, err := b.start(ctx, quiet, forwardConfig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, up.close()) }()
	bare, err := b.startBare(ctx, up.simulator.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.stop()) }()
	direct := newLoad(bare.url + "/3.1/offers/" + simulator.MonthlyOfferID)
	defer direct.close()
	direct.key = simulator.PublisherKey

	sides := [2]side{{up.gate, up.load}, {bare, direct}}
	for i := range sides {
		if _, err := sides[i].round(ctx); err != nil { // connections and pools
			return err
		}
	}
	var costs [2][]time.Duration
	var ratios []float64
	for pair := range forwardPairs {
		var used [2]time.Duration
		for i := range 2 {
			at := (pair + i) % 2 // who goes first alternates
			if used[at], err = sides[at].round(ctx); err != nil {
				return err
			}
			costs[at] = append(costs[at], used[at]/forwardCalls)
		}
		ratios = append(ratios, float64(used[0])/float64(max(used[1], clockTick)))
	}
	r := median(ratios)
	b.line("forward", fmt.Sprintf("CPU / bare ReverseProxy, median of %d pairs", forwardPairs),
		fmt.Sprintf("%.2f (%.2f to %.2f)", r, slices.Min(ratios), slices.Max(ratios)), "≤ 1.25", r <= 1.25)
	fmt.Fprintf(b.out, "%-22s %-46s %v and %v\n", "forward", "CPU of a call, medians, and bare",
		median(costs[0]).Round(time.Microsecond), median(costs[1]).Round(time.Microsecond))
	return b.startUp(ctx)
}

// startUp measures fresh processes: until the first call is answered, and the
// memory that they hold when nothing goes on.
func (b *bench) startUp(ctx context.Context) error {
	var ready []time.Duration
	var memory []int64
	for range starts {
		up, err := b.start(ctx, map[string]any{}, "")
		if err != nil {
			return err
		}
		a := up.load.call(ctx, interactive)
		ready = append(ready, a.at().Sub(up.gate.started))
		err = wait(ctx, idleAfter)
		if a.status != 200 {
			err = errors.Join(err, fmt.Errorf("the first call was answered with %d", a.status))
		}
		rss, rssErr := up.gate.resident()
		memory = append(memory, rss)
		if err := errors.Join(err, rssErr, up.close()); err != nil {
			return err
		}
	}
	b.line("forward", fmt.Sprintf("first answer after exec, median of %d", starts),
		fmt.Sprintf("%.0f ms", millis(median(ready))), "≤ 300 ms", median(ready) <= 300*time.Millisecond)
	b.line("forward", "resident when idle, median", fmt.Sprintf("%.1f MiB", float64(median(memory))/(1<<20)), "≤ 30 MiB", median(memory) <= 30<<20)
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

func (b *bench) startBare(ctx context.Context, upstream string) (*process, error) {
	binary := filepath.Join(b.dir, "bare")
	if err := b.compile(ctx, binary, "bench/bare"); err != nil {
		return nil, err
	}
	return b.launchProgram(ctx, binary, nil, "bare listens on ", "bare", "-upstream", upstream)
}

// median of a list that is not empty; the list is sorted by it.
func median[T int64 | float64 | time.Duration](list []T) T {
	slices.Sort(list)
	return list[len(list)/2]
}
