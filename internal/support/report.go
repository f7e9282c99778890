package support

import (
	"net/http"
	"strconv"
	"time"

	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/redact"
)

// Markdown writes the case as a report for the vendor's support: first the
// cause, then one heading for each point of the vendor's list of what to
// collect before an escalation, in its order and its words.
func Markdown(c Case) []byte {
	c.Record = filled(c)
	rec, v := c.Record, Judge(c.Record)
	m := &markdown{}
	m.line("# " + title(rec))
	m.line("")
	summary(m, rec, &v)
	sent := requestOf(rec)
	m.heading(2, "Exact API Endpoint")
	m.fence("", exactURL(c, sent))
	m.line("")
	m.line("In the catalogue: " + code(rec.Endpoint) + upstreamNote(rec))
	m.heading(2, "HTTP Method")
	m.fence("", sent.Method)
	m.heading(2, "Full Request Headers")
	m.line("Secrets and personal data are masked; equal masks stand for equal values.")
	m.line("")
	m.header(sent)
	m.heading(2, "Full Request Body")
	m.body(&sent.Body, "The request had no body.")
	response(m, rec)
	m.heading(2, "Timestamp")
	times(m, rec)
	m.heading(2, "Your IP Address")
	if c.Egress == "" {
		m.line("unknown (set `egress_address` in the configuration of cleengate to state it)")
	} else {
		m.line(code(c.Egress) + " (from the configuration of cleengate)")
	}
	m.heading(2, "Troubleshooting Steps Taken")
	steps(m, rec, &v)
	return []byte(redact.PrintableText(m.String()))
}

func title(rec *journal.Record) string {
	if code := rpcError(rec); code != "" && rec.Status == http.StatusOK {
		return "JSON-RPC error " + code + " on " + escaped(rec.Method+" "+rec.Endpoint)
	}
	return strconv.Itoa(rec.Status) + " on " + escaped(rec.Method+" "+rec.Endpoint)
}

// summary is what somebody who reads no further has to know.
func summary(m *markdown, rec *journal.Record, v *Verdict) {
	m.line("**Cause:** " + escaped(v.Sentence) + " (" + code(v.Code) + ")")
	m.line("")
	m.line("**Next step:** " + escaped(v.Next))
	if len(v.Facts) > 0 {
		m.line("")
		m.line("**What led to it:**")
		m.line("")
		m.bullets(v.Facts)
	}
	if len(v.RuledOut) > 0 {
		m.line("")
		m.line("**Ruled out before:**")
		m.line("")
		m.bullets(v.RuledOut)
	}
	m.line("")
	m.line("Request id " + code(rec.RequestID) + ", client " + code(rec.Client) + ", at " + stamp(rec.Time) + ". The app called " + code(rec.Request.Method+" "+rec.Request.URL) + ".")
	if rec.Abridged {
		m.line("")
		m.line("Headers and bodies of this call were not kept, since many like it came at once.")
	}
}

// requestOf is the request as Cleeng saw it last, or as the app sent it where
// it never went upstream.
func requestOf(rec *journal.Record) *journal.Message {
	if a := lastSent(rec); a != nil && a.Request.URL != "" {
		return &a.Request
	}
	return &rec.Request
}

func exactURL(c Case, sent *journal.Message) string {
	if lastSent(c.Record) == nil {
		return c.Gate + sent.URL
	}
	return sent.URL
}

func upstreamNote(rec *journal.Record) string {
	switch {
	case rec.Upstream == "":
		return ". The call was refused before an upstream was chosen."
	case len(rec.Attempts) == 0:
		return ", upstream " + code(rec.Upstream) + ". The call was not sent there."
	}
	return ", upstream " + code(rec.Upstream) + "."
}

// response shows the answer of Cleeng, and that of the app where it got
// another.
func response(m *markdown, rec *journal.Record) {
	m.heading(2, "Full Response (Status Code, Headers, Body)")
	a := lastAnswered(rec)
	if a == nil {
		m.line("Cleeng sent no answer to this call.")
		for i := range rec.Attempts {
			if rec.Attempts[i].Err != "" {
				m.line("")
				m.line("Attempt " + strconv.Itoa(i+1) + " failed: " + escaped(rec.Attempts[i].Err))
			}
		}
		m.line("")
	} else {
		if last := lastSent(rec); last != a {
			m.line("This is the answer to an earlier attempt. The last one got none: " + escaped(last.Err))
			m.line("")
		}
		message(m, &a.Response)
	}
	if a == nil || rec.Source == journal.SourceSelf || a.Response.Status != rec.Response.Status && rec.Response.Status != 0 {
		m.heading(3, "What the app got")
		message(m, &rec.Response)
	}
}

func message(m *markdown, r *journal.Message) {
	if r.Status == 0 {
		m.line("Nothing.")
		return
	}
	m.line("Status code: **" + strconv.Itoa(r.Status) + "** " + http.StatusText(r.Status))
	m.line("")
	m.header(r)
	if len(r.Trailer) > 0 {
		m.line("")
		m.line("Trailers:")
		m.line("")
		m.fields(r.Trailer)
	}
	m.line("")
	m.body(&r.Body, "The response had no body.")
}

// times lists the instants, in UTC and where it differs in the zone of this
// host.
func times(m *markdown, rec *journal.Record) {
	m.line("| what | when |")
	m.line("|---|---|")
	row := func(what string, at time.Time) {
		if at.IsZero() {
			return
		}
		when := stamp(at)
		if local := at.Local(); local.Format("Z07:00") != "Z" {
			when += " (" + local.Format("2006-01-02T15:04:05.000Z07:00") + ")"
		}
		m.line("| " + what + " | " + when + " |")
	}
	row("the app's call arrived", rec.Time)
	for i := range rec.Attempts {
		a, n := &rec.Attempts[i], "attempt "+strconv.Itoa(i+1)
		if a.Departed.IsZero() {
			row(n+" began", a.Start)
		}
		row(n+" departed to Cleeng", a.Departed)
		row("Cleeng answered "+n, a.Answered)
		if date := a.Response.Get("Date"); date != "" {
			m.line("| by Cleeng's clock | " + escaped(date) + skew(date, a.Answered) + " |")
		}
	}
	row("the app's call ended", rec.Time.Add(rec.Duration))
}

// skew tells by how much the clocks differ, where that is more than the Date
// field and the way of an answer can explain.
func skew(date string, answered time.Time) string {
	const tolerated = 5 * time.Second
	at, err := http.ParseTime(date)
	if err != nil || answered.IsZero() {
		return ""
	}
	switch ahead := answered.Sub(at).Round(time.Second); {
	case ahead > tolerated:
		return "; this host's clock is " + ahead.String() + " ahead, or the answer is an old one"
	case ahead < -tolerated:
		return "; this host's clock is " + (-ahead).String() + " behind"
	}
	return ""
}
