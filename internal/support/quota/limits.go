package quota

import (
	"maps"
	"slices"
	"time"

	"github.com/cleengate/cleengate/internal/totals"
)

// limits makes the part of each limit that is configured or had traffic.
func limits(in *Input, hours []totals.Hour, rows []*totals.Row) []LimitReport {
	byName := make(map[string]*LimitReport)
	get := func(name string) *LimitReport {
		l := byName[name]
		if l == nil {
			l = &LimitReport{Name: plain(name), Upstreams: []string{}, Known: []Limit{}}
			byName[name] = l
		}
		return l
	}
	for _, known := range in.Limits {
		l := get(known.Name)
		l.Known = append(l.Known, readable(known))
	}
	for _, upstream := range slices.Sorted(maps.Keys(in.LimitOf)) {
		if name := in.LimitOf[upstream]; name != "" {
			l := get(name)
			l.Upstreams = append(l.Upstreams, plain(upstream))
		}
	}
	today := in.Now.UTC().Truncate(day)
	for i := range hours {
		for j := range hours[i].Limits {
			h := &hours[i].Limits[j]
			l := get(h.Limit)
			l.add(h, hours[i].Start.UTC())
			if age := today.Sub(hours[i].Start); age > 0 && age <= 7*day {
				l.lastWeek += h.Demand
			}
		}
	}
	for _, row := range rows {
		if l := byName[in.LimitOf[row.Upstream]]; l != nil {
			l.FoundCalls += row.Found
		}
	}
	list := []LimitReport{}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		l := byName[name]
		l.finish(hours, in.Now)
		list = append(list, *l)
	}
	return list
}

func (l *LimitReport) add(h *totals.LimitHour, start time.Time) {
	l.Sent += h.Sent
	l.Demand += h.Demand
	l.Throttled += h.Throttled
	l.Refused += h.Refused
	l.Surfaced += h.Surfaced
	w := &l.Waits
	w.Requests += h.Waited
	w.Over100ms += h.WaitedOver[0]
	w.Over1s += h.WaitedOver[1]
	w.Over5s += h.WaitedOver[2]
	w.MeanSeconds += h.WaitSeconds // a sum until finish
	w.LongestSeconds = max(w.LongestSeconds, h.LongestWaitSeconds)
	l.SentPeak.raise(&h.SentPeak, start)
	l.DemandPeak.raise(&h.DemandPeak, start)
}

func (p *Peaks) raise(o *totals.Peaks, start time.Time) {
	if o.Second > p.Second {
		p.Second, p.SecondAt = o.Second, start.Add(time.Duration(o.SecondAt)*time.Second)
	}
	if o.Minute > p.Minute {
		p.Minute, p.MinuteAt = o.Minute, start.Add(time.Duration(o.MinuteAt)*time.Second)
	}
}

func (l *LimitReport) finish(hours []totals.Hour, now time.Time) {
	l.Waits.MeanSeconds /= float64(max(l.Waits.Requests, 1))
	l.FoundCalls = min(l.FoundCalls, l.Sent) // rows of a limit that was renamed
	l.FoundShare = share(l.FoundCalls, l.Sent)
	for i := range l.Known {
		l.PerMinute += l.Known[i].perMinute(l.Throttled > 0)
	}
	if l.PerMinute <= 0 || len(hours) == 0 {
		return
	}
	minutes := max(now.Sub(hours[0].Start).Minutes(), 1)
	l.AverageShare = float64(l.Sent) / minutes / l.PerMinute
	l.PeakShare = float64(l.SentPeak.Minute) / l.PerMinute
}

// perMinute is what the bucket allows: the tightest window that upstream told, the
// rate that is configured if that is less, else the one that was learned from
// throttles. What is tried before there was one measures nothing, and counts as not
// known: 0.
func (l *Limit) perMinute(throttled bool) float64 {
	tightest := 0.0
	for _, w := range l.Windows {
		if w.SpanSeconds <= 0 || w.Limit <= 0 {
			continue
		}
		if rate := float64(w.Limit) / w.SpanSeconds * 60; tightest == 0 || rate < tightest {
			tightest = rate
		}
	}
	rate := l.Rate * 60
	switch {
	case rate <= 0:
		return tightest
	case tightest == 0 && (throttled || l.Source != learned):
		return rate
	case l.Source == configured:
		return min(rate, tightest)
	}
	return tightest
}

// Sources of a rate. A learned one was found out from throttles, or is still being
// tried.
const (
	configured = "configured"
	learned    = "learned"
)

// readable makes names printable; those of policies come from upstream.
func readable(l Limit) Limit {
	l.Name, l.Credential, l.Source = plain(l.Name), plain(l.Credential), plain(l.Source)
	l.Windows = slices.Clone(l.Windows)
	for i := range l.Windows {
		l.Windows[i].Policy = plain(l.Windows[i].Policy)
	}
	return l
}
