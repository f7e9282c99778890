package totals

import (
	"math"
	"slices"
)

// plausible reports whether an hour could have been written by this package. Sums of
// 35 days of what passes do not overflow.
func (h *Hour) plausible() bool {
	const most = math.MaxInt64 >> 16
	good := func(values ...int64) bool {
		return !slices.ContainsFunc(values, func(v int64) bool { return v < 0 || v > most })
	}
	sane := func(values ...float64) bool {
		return !slices.ContainsFunc(values, func(v float64) bool { return v < 0 || v > most })
	}
	if y := h.Start.Year(); y < 1970 || y > 9999 || !good(h.PeakSecond, h.PeakMinute) {
		return false
	}
	for i := range h.Limits {
		l := &h.Limits[i]
		if !good(l.Sent, l.Demand, l.Throttled, l.Refused, l.Surfaced, l.Waited) || !good(l.WaitedOver[:]...) || !sane(l.WaitSeconds, l.LongestWaitSeconds) {
			return false
		}
		for _, p := range [...]*Peaks{&l.SentPeak, &l.DemandPeak} {
			if !good(p.Second, p.Minute, int64(p.SecondAt), int64(p.MinuteAt)) || max(p.SecondAt, p.MinuteAt) >= 3600 {
				return false
			}
		}
	}
	for i := range h.Rows {
		r := &h.Rows[i]
		if !good(r.Requests, r.Attempts, r.Throttled, r.Failed, r.Saved, r.Joined, r.Refused, r.Surfaced) || !sane(r.QueueSeconds, r.DurationSeconds, r.PollSeconds) ||
			!good(r.Identical, r.Cacheable, r.Polled, r.Bulk, r.Runs, r.Found) {
			return false
		}
	}
	return true
}
