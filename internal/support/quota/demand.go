package quota

import (
	"fmt"
	"time"

	"github.com/cleengate/cleengate/internal/totals"
)

const day = 24 * time.Hour

// coverage says what the hours cover, and in words what that means.
func coverage(hours []totals.Hour, now time.Time) Coverage {
	c := Coverage{Hours: len(hours), KeptDays: keptDays}
	if len(hours) == 0 {
		c.Note = "Nothing was counted yet."
		return c
	}
	c.From, c.To = hours[0].Start.UTC(), now.UTC().Truncate(time.Second)
	first, last := c.From.Truncate(day), c.To.Truncate(day)
	if first.Before(c.From) {
		first = first.Add(day)
	}
	c.CompleteDays = max(0, int(last.Sub(first)/day))
	span := int(c.To.Sub(c.From)/time.Hour) + 1
	c.Note = fmt.Sprintf("%s %s, %d of which had traffic. What passed while cleengate did not run is not in it.", number(int64(span)), plural(span, "hour", "hours"), len(hours))
	if c.CompleteDays < keptDays-1 {
		c.Note += fmt.Sprintf(" That is less than the %d days that are kept: there %s %d complete %s so far.", keptDays, plural(c.CompleteDays, "is", "are"), c.CompleteDays, plural(c.CompleteDays, "day", "days"))
	}
	return c
}

// days lists the days of the coverage, without gaps, and the hours with traffic.
func days(hours []totals.Hour, c *Coverage) ([]Day, []Hour) {
	list, lines := []Day{}, []Hour{}
	if len(hours) == 0 {
		return list, lines
	}
	for at := c.From.Truncate(day); !at.After(c.To) && len(list) <= keptDays+1; at = at.Add(day) {
		list = append(list, Day{Date: at.Format(time.DateOnly), Partial: at.Before(c.From) || at.Add(day).After(c.To)})
	}
	for i := range hours {
		h := &hours[i]
		var v Volume
		for j := range h.Rows {
			v.add(&h.Rows[j])
		}
		line := Hour{Start: h.Start.UTC(), Requests: v.Requests, Sent: v.Sent, Saved: v.Saved, PeakSecond: h.PeakSecond, PeakMinute: h.PeakMinute}
		for j := range h.Limits {
			line.Demand += h.Limits[j].Demand
		}
		lines = append(lines, line)
		at := int(h.Start.UTC().Sub(c.From.Truncate(day)) / day)
		if at >= len(list) {
			continue
		}
		d := &list[at]
		d.sum(&v)
		d.Demand += line.Demand
		d.PeakSecond, d.PeakMinute = max(d.PeakSecond, h.PeakSecond), max(d.PeakMinute, h.PeakMinute)
	}
	for i := range list {
		list[i].finish()
	}
	return list, lines
}

func (v *Volume) sum(o *Volume) {
	v.Requests += o.Requests
	v.Sent += o.Sent
	v.Saved += o.Saved
	v.Joined += o.Joined
	v.Failed += o.Failed
	v.Throttled += o.Throttled
	v.Refused += o.Refused
	v.Surfaced += o.Surfaced
}

// growth compares requests, which caching does not change: the last seven complete
// days with the seven before, so that weekdays do not matter, else the last day
// with the one before.
func growth(list []Day) Growth {
	var complete []int64
	for _, d := range list {
		if !d.Partial {
			complete = append(complete, d.Requests)
		}
	}
	g := Growth{Basis: "none"}
	span := 7
	switch n := len(complete); {
	case n >= 14:
		g.Basis = "week"
		g.Note = "The last seven complete days against the seven before."
	case n >= 2:
		g.Basis, span = "day", 1
		g.Note = fmt.Sprintf("The last complete day against the one before, which may only be a difference of weekdays: growth by week needs 14 complete days, and there are %d.", n)
	default:
		g.Note = fmt.Sprintf("Growth cannot be told yet: it needs two complete days, and there %s %d.", plural(n, "is", "are"), n)
		return g
	}
	end := len(complete)
	g.After, g.Before = mean(complete[end-span:]), mean(complete[end-2*span:end-span])
	if g.Before > 0 {
		g.Ratio = g.After / g.Before
	} else {
		g.Note += " Before that there were no requests."
	}
	return g
}

func mean(values []int64) float64 {
	var sum int64
	for _, v := range values {
		sum += v
	}
	return float64(sum) / float64(max(len(values), 1))
}
