package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const burstLimit = 100 // calls a second

// closed is a path that the proxy refuses by itself.
const (
	closed     = "upstreams: {mediastore: {allow: [\"GET /none\"]}}\n"
	closedPath = "/closed"
)

// open opens so many connections to the proxy, as an app has them that is in use:
// opening 2,000 at once takes two processors a quarter of a second, in which
// nothing is learned.
func (s *setup) open(ctx context.Context, connections int) error {
	warm := &load{url: s.gate.url + closedPath, client: s.load.client}
	answers, _ := warm.burst(ctx, connections)
	if refused := count(answers, http.StatusForbidden); refused != connections {
		return fmt.Errorf("opening connections: %d of %d calls were refused as not allowed", refused, connections)
	}
	return nil
}

// burst sends all calls at once to a cold proxy that learns the limit from
// headers: of every answer in each dialect, then of throttles alone.
func burst(ctx context.Context, b *bench, s settings) error {
	for _, dialect := range s.dialects {
		if err := told(ctx, b, s, dialect); err != nil {
			return fmt.Errorf("%s: %w", dialect, err)
		}
	}
	return toldOn429(ctx, b, s)
}

func told(ctx context.Context, b *bench, s settings, dialect string) (err error) {
	up, err := b.start(ctx, window(burstLimit, map[string]any{"dialects": []string{dialect}}), uncached+closed)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, up.close()) }()
	if err := up.open(ctx, s.calls); err != nil {
		return err
	}
	stop := watch(ctx)
	answers, wall := up.load.burst(ctx, s.calls)
	mean, p99 := stop()
	counters, err := up.sim.counters(ctx)
	if err != nil {
		return err
	}
	name := "burst " + dialect
	b.all200(name, answers)
	b.wall(name, "wall time / ideal", wall, ideal(s.calls, burstLimit), 1.03)
	b.line(name, "upstream 429 for one limit to learn", fmt.Sprint(counters.Throttled), "≤ 1", counters.Throttled <= 1)
	b.machine(name, mean, p99)
	return nil
}

// settled is how long after the first throttle was seen the limit counts as
// known: what had left before is under way for at most two hops.
const settled = 300 * time.Millisecond

// toldOn429 judges what comes after the first throttle, as nothing can be known
// before it.
func toldOn429(ctx context.Context, b *bench, s settings) (err error) {
	up, err := b.start(ctx, window(burstLimit, map[string]any{"dialects": []string{"x-ratelimit"}, "headers_on": "429"}), uncached)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, up.close()) }()

	stop := watch(ctx)
	var answers []answer
	done := make(chan struct{})
	go func() {
		defer close(done)
		answers, _ = up.load.burst(ctx, s.calls)
	}()
	known, before, watchErr := up.firstThrottle(ctx, done)
	<-done
	mean, p99 := stop()
	counters, err := up.sim.counters(ctx)
	if err := errors.Join(watchErr, err); err != nil {
		return err
	}
	name := "burst 429 only"
	b.all200(name, answers)
	after := answers
	for len(after) > 0 && after[0].at().Before(known) {
		after = after[1:]
	}
	if known.IsZero() || len(after) < 2 {
		b.line(name, "calls after the first throttle", fmt.Sprint(len(after)), "most", false)
		return nil
	}
	wall := after[len(after)-1].at().Sub(after[0].at())
	b.wall(name, fmt.Sprintf("wall time / ideal of %d calls after it", len(after)), wall, ideal(len(after)+firstAllowance, burstLimit), 1.03)
	late := counters.Throttled - before
	b.line(name, fmt.Sprintf("upstream 429 after it (%d at it)", before), fmt.Sprint(late), "0", late == 0)
	b.machine(name, mean, p99)
	return nil
}

// firstThrottle watches until the simulator has refused a call and all that was
// under way then has arrived. It returns that instant and the calls refused so
// far; the zero time if done was closed before.
func (s *setup) firstThrottle(ctx context.Context, done <-chan struct{}) (known time.Time, refused int, err error) {
	const look = 20 * time.Millisecond
	timer := time.NewTimer(look)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-done:
			return time.Time{}, 0, nil
		}
		c, err := s.sim.counters(ctx)
		switch {
		case err != nil:
			return time.Time{}, 0, err
		case !known.IsZero():
			return time.Now(), c.Throttled, nil
		case c.Throttled > 0:
			known = time.Now()
			timer.Reset(settled)
		default:
			timer.Reset(look)
		}
	}
}
