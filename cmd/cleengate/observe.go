package main

import (
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/telemetry"
	"github.com/cleengate/cleengate/internal/totals"
)

// observe is the sink of finished exchanges: it counts them and writes their
// line to the log.
func observe(log *telemetry.Log, m *telemetry.Metrics, hourly *totals.Totals) func(*journal.Exchange) {
	return func(x *journal.Exchange) {
		if x.Upstream != "" {
			addHourly(hourly, x)
		}
		f := x.Figures()
		m.Request(x.Upstream, x.Endpoint, x.Method, x.Status, string(x.Source), x.Duration)
		countShielding(m, x, f.Attempts)
		log.Access(&telemetry.AccessLine{
			Time: x.Start, RequestID: x.RequestID, OwnID: x.OwnID, TraceID: x.TraceID, Client: x.Client, Upstream: x.Upstream, Endpoint: x.Endpoint,
			Method: x.Method, Status: x.Status, Source: string(x.Source), Attempts: f.Attempts, Queue: f.Queue,
			Upstreams: f.Upstream, Duration: x.Duration, Sent: x.Sent, Code: x.Code, Diagnosis: x.Diagnosis, Cause: x.Sentence(), Mark: x.Mark, Error: f.Failure,
		})
	}
}

// countShielding compares what the upstream answered with what the app got: a
// kind that some attempt brought and the app did not see was kept from it.
func countShielding(m *telemetry.Metrics, x *journal.Exchange, attempts int) {
	if x.Status < 400 && attempts < 2 {
		return // the usual case: one attempt, and it went well
	}
	final := shieldKind(x.Status)
	var met [3]bool
	x.EachAttempt(func(a *journal.Attempt) {
		if k := shieldKind(a.Status); k >= 0 {
			met[k] = true
		}
	})
	for k, name := range shieldNames {
		switch {
		case k == final && (met[k] || x.Source == journal.SourceSelf):
			m.Surfaced(name, x.Diagnosis)
		case met[k] && x.Source == journal.SourceSelf:
			m.Surfaced(name, x.Code) // our refusal ended it
		case met[k]:
			m.Shielded(name)
		}
	}
}

var shieldNames = [3]string{telemetry.Kind401, telemetry.Kind429, telemetry.Kind5xx}

// shieldKind is the index into shieldNames, -1 for a status of no kind.
func shieldKind(status int) int {
	switch {
	case status == 401:
		return 0
	case status == 429:
		return 1
	case status >= 500:
		return 2
	}
	return -1
}
