package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// watch samples how late timers of 10 ms, the distance of departures at 100 a
// second, fire on this machine until the returned function is called, which
// gives the mean and the 99th percentile. It tells a busy machine from a slow
// proxy: both sleep on the same clock.
func watch(ctx context.Context) (stop func() (mean, p99 time.Duration)) {
	const gap, most = 10 * time.Millisecond, 30000
	ctx, cancel := context.WithCancel(ctx)
	var late []time.Duration
	var wg sync.WaitGroup
	wg.Go(func() {
		timer := time.NewTimer(gap)
		defer timer.Stop()
		for asked := time.Now(); len(late) < most; asked = time.Now() {
			timer.Reset(gap)
			select {
			case <-timer.C:
				late = append(late, time.Since(asked)-gap)
			case <-ctx.Done():
				return
			}
		}
	})
	return func() (mean, p99 time.Duration) {
		cancel()
		wg.Wait()
		if len(late) == 0 {
			return 0, 0
		}
		for _, d := range late {
			mean += d
		}
		slices.Sort(late)
		return mean / time.Duration(len(late)), late[min(len(late)*99/100, len(late)-1)]
	}
}

// machine prints what the machine did to timers meanwhile; there is no target.
func (b *bench) machine(scenario string, mean, p99 time.Duration) {
	fmt.Fprintf(b.out, "%-22s %-46s %.2f ms on average, p99 %.2f ms\n", scenario, "timers of this machine fired late by", millis(mean), millis(p99))
}
