package support

import (
	"encoding/json"
	"time"

	"github.com/cleengate/cleengate/internal/journal"
)

// The types below are those of HAR 1.2 (HTTP Archive, section "HAR Data
// Structure"). Members of our own begin with an underscore, as the format asks
// for.

type harFile struct {
	Log harLog `json:"log"`
}

type harLog struct {
	Version  string      `json:"version"`
	Creator  harCreator  `json:"creator"`
	Entries  []harEntry  `json:"entries"`
	Comment  string      `json:"comment,omitempty"`
	Exchange harExchange `json:"_exchange"`
}

type harCreator struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// harExchange is the call as the app saw it, and why it went so.
type harExchange struct {
	RequestID string      `json:"request_id"`
	TraceID   string      `json:"trace_id,omitempty"`
	Started   string      `json:"started"`
	Duration  float64     `json:"duration_seconds"`
	Queue     float64     `json:"queue_seconds"`
	Client    string      `json:"client,omitempty"`
	Upstream  string      `json:"upstream,omitempty"`
	Endpoint  string      `json:"endpoint,omitempty"`
	Source    string      `json:"source"`
	Code      string      `json:"code,omitempty"`
	Diagnosis Verdict     `json:"diagnosis"`
	Events    []harEvent  `json:"events,omitempty"`
	Request   harRequest  `json:"request"`
	Response  harResponse `json:"response"`
}

type harEvent struct {
	At     float64 `json:"at_seconds"`
	Kind   string  `json:"kind"`
	Detail string  `json:"detail,omitempty"`
}

type harEntry struct {
	Started    string      `json:"startedDateTime"`
	Time       float64     `json:"time"`
	Request    harRequest  `json:"request"`
	Response   harResponse `json:"response"`
	Cache      struct{}    `json:"cache"`
	Timings    harTimings  `json:"timings"`
	Comment    string      `json:"comment,omitempty"`
	Reason     string      `json:"_reason"`
	Credential string      `json:"_credential,omitempty"`
	Generation uint64      `json:"_credential_generation,omitempty"`
	Reused     bool        `json:"_connection_reused"`
	Resent     int         `json:"_resent_by_transport,omitempty"`
	UpstreamID string      `json:"_upstream_request_id,omitempty"`
	Error      string      `json:"_error,omitempty"`
}

type harRequest struct {
	Method      string    `json:"method"`
	URL         string    `json:"url"`
	HTTPVersion string    `json:"httpVersion"`
	Cookies     []harPair `json:"cookies"`
	Headers     []harPair `json:"headers"`
	Query       []harPair `json:"queryString"`
	Omitted     int       `json:"_headers_omitted,omitempty"`
	Body        *harPost  `json:"postData,omitempty"`
	HeadersSize int       `json:"headersSize"`
	BodySize    int64     `json:"bodySize"`
}

type harResponse struct {
	Status      int        `json:"status"`
	StatusText  string     `json:"statusText"`
	HTTPVersion string     `json:"httpVersion"`
	Cookies     []harPair  `json:"cookies"`
	Headers     []harPair  `json:"headers"`
	Content     harContent `json:"content"`
	Redirect    string     `json:"redirectURL"`
	Omitted     int        `json:"_headers_omitted,omitempty"`
	HeadersSize int        `json:"headersSize"`
	BodySize    int64      `json:"bodySize"`
}

type harPair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type harPost struct {
	MIMEType string       `json:"mimeType"`
	Text     string       `json:"text"`
	Comment  string       `json:"comment,omitempty"`
	Form     journal.Form `json:"_form"`
	Cut      bool         `json:"_cut,omitempty"`
}

type harContent struct {
	Size     int64        `json:"size"`
	MIMEType string       `json:"mimeType"`
	Text     string       `json:"text,omitempty"`
	Comment  string       `json:"comment,omitempty"`
	Form     journal.Form `json:"_form"`
	Cut      bool         `json:"_cut,omitempty"`
}

// harTimings are milliseconds; -1 is a stage that does not apply.
type harTimings struct {
	Blocked float64 `json:"blocked"`
	DNS     float64 `json:"dns"`
	Connect float64 `json:"connect"`
	SSL     float64 `json:"ssl"`
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
}

// HAR writes the case as an HTTP Archive 1.2 with one entry for each attempt
// upstream, none for a call that never left. version is that of the program.
func HAR(c Case, version string) ([]byte, error) {
	rec := filled(c)
	log := harLog{
		Version: "1.2", Creator: harCreator{Name: "cleengate", Version: version}, Entries: make([]harEntry, 0, len(rec.Attempts)),
		Exchange: harExchange{
			RequestID: rec.RequestID, TraceID: rec.TraceID, Started: stamp(rec.Time), Duration: rec.Duration.Seconds(), Queue: rec.Queue.Seconds(),
			Client: rec.Client, Upstream: rec.Upstream, Endpoint: rec.Endpoint, Source: string(rec.Source), Code: rec.Code,
			Diagnosis: Judge(rec), Request: harRequestOf(&rec.Request), Response: harResponseOf(&rec.Response),
		},
	}
	log.Comment = "Secrets and personal data are masked; equal masks stand for equal values. The call as the app saw it is in _exchange."
	for i := range rec.Events {
		e := &rec.Events[i]
		log.Exchange.Events = append(log.Exchange.Events, harEvent{At: e.At.Seconds(), Kind: e.Kind, Detail: e.Detail})
	}
	for i := range rec.Attempts {
		log.Entries = append(log.Entries, harEntryOf(rec, i))
	}
	out, err := json.MarshalIndent(harFile{log}, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(out, '\n'), nil
}

func harEntryOf(rec *journal.Record, i int) harEntry {
	a := &rec.Attempts[i]
	e := harEntry{
		Started: stamp(a.Start), Request: harRequestOf(&a.Request), Response: harResponseOf(&a.Response), Reason: a.Reason,
		Credential: a.Credential, Generation: a.Generation, Reused: a.Reused, Resent: a.Resent, UpstreamID: a.UpstreamID, Error: a.Err,
	}
	var end time.Time // the end of the body is known of the answer that the app got
	if i == len(rec.Attempts)-1 {
		end = rec.Time.Add(rec.Duration)
	}
	e.Timings = timingsOf(&a.Attempt, end)
	for _, stage := range []float64{e.Timings.Blocked, e.Timings.Send, e.Timings.Wait, e.Timings.Receive} {
		e.Time += max(stage, 0)
	}
	return e
}

// timingsOf splits the time of an attempt. Finding a connection is one stage,
// as name resolution and handshakes are not measured apart.
func timingsOf(a *journal.Attempt, end time.Time) harTimings {
	t := harTimings{Blocked: millis(a.Start, a.Departed), DNS: -1, Connect: -1, SSL: -1}
	wrote := a.Wrote
	if wrote.IsZero() || !a.Answered.IsZero() && a.Answered.Before(wrote) {
		wrote = a.Departed // answered before the body was written
	}
	t.Send = max(millis(a.Departed, wrote), 0)
	t.Wait = max(millis(wrote, a.Answered), 0)
	t.Receive = max(millis(a.Answered, end), 0)
	return t
}

// millis is the time between two instants, -1 where one was never reached.
func millis(from, to time.Time) float64 {
	if from.IsZero() || to.IsZero() || to.Before(from) {
		return -1
	}
	return float64(to.Sub(from).Microseconds()) / 1000
}
