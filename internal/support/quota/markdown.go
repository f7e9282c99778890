package quota

import (
	"fmt"
	"strings"
)

// shown is how many lines of a ranking and findings the Markdown has; JSON has more.
const shown = 20

// page is a Markdown document under construction.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) {
	fmt.Fprintf(p, format, args...)
	p.WriteByte('\n')
}

// paragraph writes a line of its own, with an empty one behind it.
func (p *page) paragraph(format string, args ...any) {
	p.line(format, args...)
	p.line("")
}

func (p *page) heading(text string) { p.paragraph("## %s", text) }

// table begins a table. Names that begin with a hash are numbers, set to the right.
func (p *page) table(columns ...string) {
	rule := make([]string, len(columns))
	for i, c := range columns {
		rule[i] = "---"
		if name, ok := strings.CutPrefix(c, "#"); ok {
			columns[i], rule[i] = name, "---:"
		}
	}
	p.row(columns...)
	p.row(rule...)
}

func (p *page) row(cells ...string) { p.line("| %s |", strings.Join(cells, " | ")) }

// Markdown writes the report for people: the operator, and Cleeng support.
func (r *Report) Markdown() []byte {
	p := &page{}
	p.paragraph("# Quota report")
	p.paragraph("Made by cleengate on %s. %s", instant(r.GeneratedAt), r.Coverage.Note)
	if r.Coverage.From.IsZero() {
		p.paragraph("Point an app at cleengate and let it work for a while: demand is told from the first call on, growth by week from 14 complete days on. Totals survive restarts where there is a state directory (state_dir).")
		r.limitsSection(p)
		return []byte(p.String())
	}
	r.summary(p)
	r.askSection(p)
	r.limitsSection(p)
	r.demandSection(p)
	r.waitsSection(p)
	r.savedSection(p)
	r.rankingSection(p, "Endpoints", "endpoint", &r.Endpoints)
	r.rankingSection(p, "Callers", "caller", &r.Callers)
	r.findingsSection(p)
	p.heading("How the figures are made")
	p.line("- A call counts as sent when it left for Cleeng, repeats, logins and validations by cleengate itself included. Needed calls are those that would have left had there been no limit, at the time the app asked: what was refused counts once, what was repeated after a throttle once. An app that repeats a refused call is counted again.")
	p.line("- Peaks are exact to the second for calls that ended within four minutes. Times are UTC.")
	p.line("- Identical and cacheable calls are lower bounds: a repeat is always recognised if fewer than 8,192 different calls lie in between. Polling is told from the seventh call at one interval. A call may be in several findings; sums count it once.")
	p.line("- Names of callers are what callers say of themselves. Where there are more than 512 pairs of endpoint and caller in an hour, further callers are summed as %s.", code("other"))
	return []byte(p.String())
}

func (r *Report) summary(p *page) {
	p.heading("Summary")
	t := &r.Totals
	p.line("- %s requests by apps; %s calls sent to Cleeng; %s requests (%s) answered without a call, by cache or joining.", number(t.Requests), number(t.Sent), number(t.Saved), percent(t.SavedPart))
	p.line("- %s calls throttled by Cleeng; apps saw %s of these throttles; %s requests refused by cleengate because their turn would have come too late.", number(t.Throttled), number(t.Surfaced), number(t.Refused))
	for i := range r.Limits {
		l := &r.Limits[i]
		if l.Sent == 0 && l.Demand == 0 {
			continue
		}
		if l.Ask.Needed {
			p.line("- Limit %s: ask for %s calls a minute.", code(l.Name), number(l.Ask.PerMinute))
		} else {
			p.line("- Limit %s: no higher limit is needed.", code(l.Name))
		}
	}
	if r.FoundCalls > 0 {
		p.line("- %s of the calls sent (%s) are in findings below: look at these first, as Cleeng will ask.", percent(r.FoundShare), number(r.FoundCalls))
	}
	p.line("")
}

func (r *Report) askSection(p *page) {
	p.heading("What to ask for")
	for i := range r.Limits {
		l := &r.Limits[i]
		a := &l.Ask
		p.paragraph("**Limit %s** (%s). %s", code(l.Name), codes(l.Upstreams), a.Reason)
		if a.PerMinute == 0 {
			continue
		}
		verdict := "If you ask for a limit all the same, this is what the traffic needs"
		if a.Needed {
			verdict = "Ask Cleeng support for"
		}
		p.paragraph("%s: **%s calls a minute** (%s a second), for an estimated volume of %s calls a day, %s in 30 days.", verdict, number(a.PerMinute), number(a.PerSecond), number(a.PerDay), number(a.PerMonth))
		for n, step := range a.Steps {
			p.line("%d. %s", n+1, step)
		}
		p.line("")
	}
	p.paragraph("Cleeng also asks for the use case: add in a sentence or two what these calls are for, when the busiest hours are and why, and which events are coming.")
}

func (r *Report) limitsSection(p *page) {
	if len(r.Limits) == 0 {
		return
	}
	p.heading("Limits")
	p.table("limit", "credential", "allowed", "known from", "#average use", "#busiest minute")
	for i := range r.Limits {
		l := &r.Limits[i]
		average, peak := "unknown", "unknown"
		if l.PerMinute > 0 && !r.Coverage.From.IsZero() {
			average, peak = percent(l.AverageShare), percent(l.PeakShare)
		}
		if len(l.Known) == 0 {
			p.row(code(l.Name), "", "unknown", "not in use now", average, peak)
		}
		for j := range l.Known {
			allowed, from := l.Known[j].describe(l.Throttled > 0)
			p.row(code(l.Name), code(l.Known[j].Credential), allowed, from, average, peak)
		}
	}
	p.line("")
	for i := range r.Limits {
		for _, k := range r.Limits[i].Known {
			if k.Delayed+k.Refused > 0 {
				p.paragraph("Mode observe: since its start cleengate would have delayed %s calls of %s, and refused %s.", number(k.Delayed), code(k.Name), number(k.Refused))
			}
		}
	}
}

// describe says what is allowed and who says so.
func (l *Limit) describe(throttled bool) (allowed, from string) {
	rate := fmt.Sprintf("%.4g calls a second", l.Rate)
	if len(l.Windows) > 0 {
		var limits, sources []string
		for _, w := range l.Windows {
			guess := ""
			if !w.Sure {
				guess = ", the span is a guess"
			}
			limits = append(limits, fmt.Sprintf("%s calls in %s%s", number(w.Limit), seconds(w.SpanSeconds), guess))
			sources = append(sources, code(w.Policy))
		}
		if l.Source == configured {
			limits = append(limits, "of which "+rate+" are used")
			sources = append(sources, "and a ceiling configured here")
		}
		return strings.Join(limits, "; "), "answers of Cleeng: " + strings.Join(sources, ", ")
	}
	switch {
	case l.Source == learned && throttled:
		return "about " + rate, "learned from throttles"
	case l.Source == learned:
		return "unknown; at most " + rate + " are tried now", "nothing yet: no answer told it, none was a throttle"
	case l.Source == configured:
		return rate, "configured here, as a ceiling"
	}
	return rate, "answers of Cleeng"
}

func codes(names []string) string {
	if len(names) == 0 {
		return "no upstream uses it now"
	}
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = code(n)
	}
	return "upstream " + strings.Join(quoted, ", ")
}
