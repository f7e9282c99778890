package main

import (
	"fmt"
	"time"
)

// firstAllowance is what a proxy that knows no limit lets go at once.
const firstAllowance = 5

// ideal is the least time that n calls need at limit calls a second.
func ideal(n, limit int) time.Duration {
	return time.Duration(n-firstAllowance) * time.Second / time.Duration(limit)
}

func ratio(wall, ideal time.Duration) float64 { return wall.Seconds() / ideal.Seconds() }

// line prints a figure, its target and whether it was met.
func (b *bench) line(scenario, figure, value, target string, met bool) {
	verdict := "met"
	if !met {
		verdict = "MISSED"
	}
	fmt.Fprintf(b.out, "%-22s %-46s %-24s target %-14s %s\n", scenario, figure, value, target, verdict)
}

func (b *bench) all200(scenario string, answers []answer) {
	ok := count(answers, 200)
	b.line(scenario, "answers 200", fmt.Sprintf("%d of %d", ok, len(answers)), "all", ok == len(answers))
}

func (b *bench) wall(scenario, figure string, wall, ideal time.Duration, target float64) {
	r := ratio(wall, ideal)
	b.line(scenario, figure, fmt.Sprintf("%.3f (%.2f s)", r, wall.Seconds()), fmt.Sprint("≤ ", target), r <= target)
}
