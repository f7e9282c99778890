package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	herdCalls  = 500
	herdRounds = 5
)

// herd sends identical calls for something that is not stored, all at once over
// connections that are open already: one call goes upstream, and nobody waits
// noticeably longer than it takes.
func herd(ctx context.Context, b *bench, _ settings) (err error) {
	knobs := map[string]any{"latency": map[string]any{"uplink": "250ms", "downlink": "250ms"}}
	up, err := b.start(ctx, knobs, unlimited)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, up.close()) }()
	base := up.load.url
	ask := func(key string, calls int) ([]answer, time.Duration) {
		up.load.url = base + "?" + key
		return up.load.burst(ctx, calls)
	}
	ask("warm=1", herdCalls)
	before, err := up.sim.counters(ctx)
	if err != nil {
		return err
	}
	var ratios []float64
	answered := 0
	for round := range herdRounds {
		_, one := ask(fmt.Sprint("one=", round), 1)
		answers, all := ask(fmt.Sprint("all=", round), herdCalls)
		answered += count(answers, 200)
		ratios = append(ratios, ratio(all, one))
	}
	after, err := up.sim.counters(ctx)
	if err != nil {
		return err
	}
	b.line("herd", "answers 200", fmt.Sprintf("%d of %d", answered, herdRounds*herdCalls), "all", answered == herdRounds*herdCalls)
	calls := after.Arrivals - before.Arrivals
	b.line("herd", "calls upstream for each herd and its pilot", fmt.Sprint(float64(calls)/herdRounds), "2", calls == 2*herdRounds)
	r := median(ratios)
	b.line("herd", fmt.Sprintf("time of %d calls / of one, median of %d", herdCalls, herdRounds), fmt.Sprintf("%.2f", r), "≤ 1.2", r <= 1.2)
	return nil
}
