package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

const (
	forwardPairs   = 21
	forwardCalls   = 12000 // of each half of a pair
	forwardCallers = 8
	idleAfter      = 2 * time.Second // from ready to the memory that counts as idle
	starts         = 7               // of which the median is told

	// A rate that no run reaches: every call passes the whole limiter, and none waits.
	forwardConfig = uncached + unlimited
	unlimited     = "limits:\n  publisher: {rate: 100000/s, burst: 1000}\n"
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
	bare, err := b.startBare(ctx, "-upstream", up.simulator.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.stop()) }()
	direct := newLoad(bare.url + "/3.1/offers/" + simulator.MonthlyOfferID)
	defer direct.close()
	direct.key = simulator.PublisherKey

	if err := b.compare(ctx, "forward", "bare ReverseProxy", 1.25, [2]side{{up.gate, up.load}, {bare, direct}}); err != nil {
		return err
	}
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
