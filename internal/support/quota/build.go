package quota

import (
	"cmp"
	"slices"
	"time"

	"github.com/cleengate/cleengate/internal/totals"
)

const (
	maxLines    = 100
	maxFindings = 50
	keptDays    = 35
)

// Input is what a report is made of.
type Input struct {
	Now   time.Time
	Mode  string
	Hours []totals.Hour // oldest first, as [totals.Totals.Snapshot] gives them
	// Limits are the buckets in use, and LimitOf the limit of each upstream.
	Limits  []Limit
	LimitOf map[string]string
	Cache   Cache
}

// Cache is how the response cache is configured.
type Cache struct {
	On           bool
	Observes     bool // counts what it would answer, and answers nothing
	Entitlements bool // whether entitlements, which need consent, are stored
}

// Build makes the report. It does not keep in.
func Build(in *Input) *Report {
	// A clock that was wrong once may have left hours that are still to come.
	hours := slices.DeleteFunc(slices.Clone(in.Hours), func(h totals.Hour) bool { return h.Start.After(in.Now) })
	r := &Report{GeneratedAt: in.Now.UTC().Truncate(time.Second), Mode: in.Mode, Coverage: coverage(hours, in.Now)}
	rows := mergeRows(hours)
	for _, row := range rows {
		r.Totals.add(row)
	}
	r.Totals.finish()
	r.Days, r.Hours = days(hours, &r.Coverage)
	r.Growth = growth(r.Days)
	r.Endpoints = rank(rows, r.Totals.Sent, func(row *totals.Row) (string, string) {
		return endpointName(row.Method, row.Endpoint), plain(row.Upstream)
	})
	r.Callers = rank(rows, r.Totals.Sent, func(row *totals.Row) (string, string) { return plain(row.Client), "" })
	r.Limits = limits(in, hours, rows)
	for i := range r.Limits {
		l := &r.Limits[i]
		r.FoundCalls += l.FoundCalls
		l.Ask = ask(l, r)
	}
	r.FoundShare = share(r.FoundCalls, r.Totals.Sent)
	r.Findings, r.MoreFindings = findings(in, rows, r.Limits)
	return r
}

// mergeRows adds up the hours.
func mergeRows(hours []totals.Hour) []*totals.Row {
	type key struct{ upstream, method, endpoint, client string }
	byKey := make(map[key]*totals.Row)
	var list []*totals.Row
	for i := range hours {
		for j := range hours[i].Rows {
			row := &hours[i].Rows[j]
			k := key{row.Upstream, row.Method, row.Endpoint, row.Client}
			sum := byKey[k]
			if sum == nil {
				sum = &totals.Row{Upstream: row.Upstream, Method: row.Method, Endpoint: row.Endpoint, Client: row.Client}
				byKey[k] = sum
				list = append(list, sum)
			}
			sum.Add(row)
		}
	}
	return list
}

func (v *Volume) add(row *totals.Row) {
	v.Requests += row.Requests
	v.Sent += row.Attempts
	v.Saved += row.Saved
	v.Joined += row.Joined
	v.Failed += row.Failed
	v.Throttled += row.Throttled
	v.Refused += row.Refused
	v.Surfaced += row.Surfaced
}

func (v *Volume) finish() { v.SavedPart = share(v.Saved, v.Saved+v.Sent) }

// rank adds up rows by the name that nameOf gives them and keeps the busiest.
func rank(rows []*totals.Row, sent int64, nameOf func(*totals.Row) (name, upstream string)) Ranking {
	type key struct{ name, upstream string }
	byKey := make(map[key]*Line)
	var lines []*Line
	for _, row := range rows {
		name, upstream := nameOf(row)
		k := key{name, upstream}
		l := byKey[k]
		if l == nil {
			l = &Line{Name: name, Upstream: upstream}
			byKey[k] = l
			lines = append(lines, l)
		}
		l.add(row)
		l.WaitSeconds += row.QueueSeconds
	}
	slices.SortFunc(lines, func(a, b *Line) int {
		return cmp.Or(cmp.Compare(b.Sent, a.Sent), cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Upstream, b.Upstream), cmp.Compare(a.Name, b.Name))
	})
	r := Ranking{Top: []Line{}}
	for i, l := range lines {
		if i >= maxLines {
			r.More++
			r.MoreCalls += l.Sent
			continue
		}
		l.finish()
		l.Share = share(l.Sent, sent)
		r.Top = append(r.Top, *l)
	}
	return r
}

// share is part/whole, 0 where there is no whole, and at most 1.
func share(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return min(float64(part)/float64(whole), 1)
}
