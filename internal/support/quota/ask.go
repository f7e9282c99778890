package quota

import (
	"fmt"
	"math"
	"slices"
)

const (
	// headroom is what is asked for above the peak, as the busiest minute so far is
	// hardly the busiest ever.
	headroom = 1.25
	// maxGrowth bounds what one week's growth may add: a launch doubles, but not
	// every week.
	maxGrowth = 2.0
	// near is the share of a limit in the busiest minute from which on more is
	// advisable even where nothing waited yet.
	near = 0.8
	// longWaits is the share of requests that may wait over a second before a limit
	// counts as too low.
	longWaits = 0.001
)

// ask recommends what to ask for, with the arithmetic.
func ask(l *LimitReport, r *Report) Ask {
	var a Ask
	if l.Demand == 0 && l.Sent == 0 {
		a.Reason = "There was no traffic under this limit."
		a.Steps = []string{}
		return a
	}
	a.Needed, a.Reason = needed(l)
	peak := max(l.DemandPeak.Minute, l.SentPeak.Minute)
	a.Burst = max(l.DemandPeak.Second, l.SentPeak.Second)
	step := func(format string, args ...any) { a.Steps = append(a.Steps, fmt.Sprintf(format, args...)) }
	step("Busiest minute: %s calls were needed (%s), and %s were sent at most in one minute (%s). What had to wait or was refused is in the first.",
		number(l.DemandPeak.Minute), instant(l.DemandPeak.MinuteAt), number(l.SentPeak.Minute), instant(l.SentPeak.MinuteAt))
	factor := 1.0
	switch g := &r.Growth; {
	case g.Basis == "week" && g.Ratio > 1:
		factor = min(g.Ratio, maxGrowth)
		step("Growth: %s requests a day in the last seven complete days, %s in the seven before, which is × %.2f%s.", number(int64(g.After)), number(int64(g.Before)), g.Ratio, capped(g.Ratio))
	default:
		step("Growth: none added. %s", g.Note)
	}
	exact := float64(peak) * factor * headroom
	a.PerMinute = roundUp(exact)
	a.PerSecond = int64(math.Ceil(float64(a.PerMinute) / 60))
	step("%s × %.2f × %.2f headroom = %s, rounded up: %s calls a minute, or %s a second at an even pace.",
		number(peak), factor, headroom, number(int64(math.Ceil(exact))), number(a.PerMinute), number(a.PerSecond))
	step("Busiest second: %s calls were needed (%s). cleengate spreads such a burst, so it matters only where calls must not wait.", number(a.Burst), instant(l.DemandPeak.SecondAt))
	a.AfterFindings = roundUp(exact * (1 - l.FoundShare))
	if l.FoundCalls > 0 {
		step("Without the calls in the findings (%s of this limit's): %s × (1 − %.3f) = %s, rounded up: %s calls a minute, if they are spread like the others.",
			percent(l.FoundShare), number(int64(math.Ceil(exact))), l.FoundShare, number(int64(math.Ceil(exact*(1-l.FoundShare)))), number(a.AfterFindings))
	}
	a.PerDay, a.PerMonth = volume(l, r, step)
	return a
}

// volume estimates calls a day and in 30 days: from the last seven complete days, or
// from all there is.
func volume(l *LimitReport, r *Report, step func(string, ...any)) (perDay, perMonth int64) {
	if r.Coverage.CompleteDays >= 7 {
		perDay = (l.lastWeek + 6) / 7
		step("Volume: %s calls needed in the last seven complete days, which is %s a day, or %s in 30 days.", number(l.lastWeek), number(perDay), number(30*perDay))
		return perDay, 30 * perDay
	}
	hours := max(r.Coverage.To.Sub(r.Coverage.From).Hours(), 1)
	perDay = int64(math.Ceil(float64(max(l.Demand, l.Sent)) / hours * 24))
	step("Volume: %s calls needed in %.1f hours, which is %s a day, or %s in 30 days. A week of data would make that surer.", number(max(l.Demand, l.Sent)), hours, number(perDay), number(30*perDay))
	return perDay, 30 * perDay
}

// needed judges whether Cleeng's limit is in the way. What waits or is refused for a
// ceiling of one's own, or while cleengate feels its way, is no case for support.
func needed(l *LimitReport) (bool, string) {
	held := fmt.Sprintf("%s requests waited longer than a second, and %s were refused because their turn would have come too late", number(l.Waits.Over1s), number(l.Refused))
	waited := l.Refused > 0 || float64(l.Waits.Over1s) > longWaits*float64(l.Demand)
	switch {
	case l.Surfaced > 0:
		return true, fmt.Sprintf("Cleeng throttled %s calls, and apps got to see %s of these throttles; %s.", number(l.Throttled), number(l.Surfaced), held)
	case l.Throttled > 0:
		return true, fmt.Sprintf("Cleeng throttled %s calls, which apps did not get to see; %s.", number(l.Throttled), held)
	case waited && l.pinned():
		return false, fmt.Sprintf("Cleeng throttled nothing, but %s: for the ceiling that is configured here. Raise limits.NAME.rate first.", held)
	case waited && l.PerMinute == 0:
		return false, fmt.Sprintf("Cleeng throttled nothing and told no limit, but %s: while no limit is known, cleengate begins slowly. Raise limits.NAME.start, or set limits.NAME.rate if you were given a limit.", held)
	case waited:
		return true, fmt.Sprintf("Cleeng throttled nothing, since cleengate keeps to the known limit, but %s.", held)
	case l.PeakShare >= near && !l.pinned():
		return true, fmt.Sprintf("The busiest minute took %s of what is allowed.", percent(l.PeakShare))
	}
	return false, "Nothing was refused or throttled, and hardly anything waited: the limit is not in the way of the traffic seen so far."
}

// pinned reports whether all that holds calls back is configured here.
func (l *LimitReport) pinned() bool {
	return len(l.Known) > 0 && !slices.ContainsFunc(l.Known, func(k Limit) bool { return k.Source != configured })
}

func capped(ratio float64) string {
	if ratio > maxGrowth {
		return fmt.Sprintf(", taken as × %.2f", maxGrowth)
	}
	return ""
}

// roundUp rounds up to two digits, as an exact figure would pretend too much.
func roundUp(v float64) int64 {
	unit := 1.0
	for v/unit > 100 {
		unit *= 10
	}
	return int64(math.Ceil(v/unit-1e-9) * unit)
}
