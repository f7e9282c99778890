package quota

import "strconv"

func (r *Report) demandSection(p *page) {
	p.heading("Demand over time")
	g := &r.Growth
	switch {
	case g.Ratio > 0:
		p.paragraph("%s requests a day, after %s: × %.2f. %s", number(int64(g.After+0.5)), number(int64(g.Before+0.5)), g.Ratio, g.Note)
	default:
		p.paragraph("%s", g.Note)
	}
	p.table("day", "#requests", "#needed", "#sent", "#saved", "#throttled", "#refused", "#busiest second", "#busiest minute")
	for i := range r.Days {
		d := &r.Days[i]
		name := d.Date
		if d.Partial {
			name += " (part)"
		}
		p.row(name, number(d.Requests), number(d.Demand), number(d.Sent), number(d.Saved), number(d.Throttled), number(d.Refused), number(d.PeakSecond), number(d.PeakMinute))
	}
	p.line("")
}

func (r *Report) waitsSection(p *page) {
	p.heading("Waits and refusals because of the limit")
	p.table("limit", "#waited", "#over 0.1 s", "#over 1 s", "#over 5 s", "#mean", "#longest", "#throttled by Cleeng", "#seen by apps", "#refused here")
	for i := range r.Limits {
		l := &r.Limits[i]
		w := &l.Waits
		p.row(code(l.Name), number(w.Requests), number(w.Over100ms), number(w.Over1s), number(w.Over5s), seconds(w.MeanSeconds), seconds(w.LongestSeconds), number(l.Throttled), number(l.Surfaced), number(l.Refused))
	}
	p.line("")
}

func (r *Report) savedSection(p *page) {
	p.heading("Saved by caching and joining")
	t := &r.Totals
	p.paragraph("%s calls were not sent: %s answered from the cache, %s joined to an identical call under way. Without that it would have been %s calls instead of %s, so %s were saved.",
		number(t.Saved), number(t.Saved-t.Joined), number(t.Joined), number(t.Saved+t.Sent), number(t.Sent), percent(t.SavedPart))
}

func (r *Report) rankingSection(p *page, title, column string, k *Ranking) {
	p.heading(title)
	p.table(column, "#sent", "#share", "#requests", "#saved", "#throttled", "#refused", "#waited in all")
	more, calls := k.More, k.MoreCalls
	for i := range k.Top {
		l := &k.Top[i]
		if i >= shown {
			more++
			calls += l.Sent
			continue
		}
		name := code(l.Name)
		if l.Upstream != "" {
			name += " of " + code(l.Upstream)
		}
		p.row(name, number(l.Sent), percent(l.Share), number(l.Requests), number(l.Saved), number(l.Throttled), number(l.Refused), seconds(l.WaitSeconds))
	}
	p.line("")
	if more > 0 {
		p.paragraph("%s more sent %s calls together.", number(int64(more)), number(calls))
	}
}

// titles say what each kind of finding is.
var titles = map[string]string{
	Identical: "Redundant identical calls",
	Cacheable: "Calls that a cache would answer",
	Polling:   "Polling",
	ListReads: "Many single reads where there is a list",
	Batchable: "Many single calls where there is a batch",
}

func (r *Report) findingsSection(p *page) {
	p.heading("Findings")
	if len(r.Findings) == 0 {
		p.paragraph("None: no needless repeats, no polling, no runs of single reads were seen.")
		return
	}
	p.table("#no.", "finding", "endpoint", "caller", "#calls", "#share", "#need not be sent")
	for i := range min(len(r.Findings), shown) {
		f := &r.Findings[i]
		saves := "depends"
		if f.Saves > 0 {
			saves = number(f.Saves)
		}
		p.row(strconv.Itoa(i+1), titles[f.Kind], code(f.Endpoint), code(f.Caller), number(f.Calls), percent(f.Share), saves)
	}
	p.line("")
	for i := range min(len(r.Findings), shown) {
		f := &r.Findings[i]
		p.line("%d. %s, %s by %s. %s %s", i+1, titles[f.Kind], code(f.Endpoint), code(f.Caller), f.Evidence, f.Advice)
	}
	p.line("")
	if more := r.MoreFindings + max(0, len(r.Findings)-shown); more > 0 {
		p.paragraph("%s smaller findings are not shown.", number(int64(more)))
	}
}
