package console

import (
	"time"

	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/support"
)

// Exchange is one exchange in a list or an event, as the admin API writes it.
type Exchange struct {
	RequestID string    `json:"request_id"`
	Time      time.Time `json:"time"`
	Client    string    `json:"client"`
	Upstream  string    `json:"upstream"`
	Endpoint  string    `json:"endpoint"`
	Method    string    `json:"method"`
	Path      string    `json:"path"`
	Status    int       `json:"status"`
	Source    string    `json:"source"`
	Attempts  int       `json:"attempts"`
	Queue     float64   `json:"queue_seconds"`
	Duration  float64   `json:"duration_seconds"`
	Diagnosis string    `json:"diagnosis,omitempty"`
	Sentence  string    `json:"sentence,omitempty"` // of the diagnosis, or of the code
	Code      string    `json:"code,omitempty"`     // of an answer of cleengate's own
}

// NewExchange puts a summary into the form of the admin API.
func NewExchange(s *journal.Summary) Exchange {
	sentence := s.Sentence
	if sentence == "" && s.Code != "" {
		sentence = support.Explain(s.Code).Sentence
	}
	return Exchange{
		RequestID: s.RequestID, Time: s.Time, Client: s.Client, Upstream: s.Upstream, Endpoint: s.Endpoint, Method: s.Method, Path: s.Path,
		Status: s.Status, Source: string(s.Source), Attempts: s.Attempts, Queue: s.Queue.Seconds(), Duration: s.Duration.Seconds(),
		Diagnosis: s.Diagnosis, Sentence: sentence, Code: s.Code,
	}
}

// wholeExchange is one exchange with everything that is known of it.
type wholeExchange struct {
	Exchange

	TraceID     string            `json:"trace_id,omitempty"`
	Mark        string            `json:"mark,omitempty"`
	Error       string            `json:"error,omitempty"`
	Sent        int64             `json:"sent_bytes"`
	UpstreamSum float64           `json:"upstream_seconds"`
	LateStatus  int               `json:"late_status,omitempty"`
	Abridged    bool              `json:"abridged,omitempty"`
	Explanation *explanation      `json:"explanation,omitempty"`
	Throttle    *throttle         `json:"throttle,omitempty"`
	Request     *message          `json:"request,omitempty"`
	Response    *message          `json:"response,omitempty"`
	Calls       []upstreamAttempt `json:"upstream_attempts"`
	Events      []event           `json:"events"`
}

type explanation struct {
	Sentence string         `json:"sentence"`
	Next     string         `json:"next,omitempty"`
	Facts    []journal.Fact `json:"facts,omitempty"`
}

type throttle struct {
	Limit       string     `json:"limit"`
	Cause       string     `json:"cause,omitempty"`
	PausedUntil *time.Time `json:"paused_until,omitempty"`
}

type event struct {
	At     float64 `json:"at_seconds"` // since arrival
	Kind   string  `json:"kind"`
	Detail string  `json:"detail,omitempty"`
}

type message struct {
	Method  string          `json:"method,omitempty"`
	URL     string          `json:"url,omitempty"`
	Status  int             `json:"status,omitempty"`
	Proto   string          `json:"proto,omitempty"`
	Headers []journal.Field `json:"headers"`
	Trailer []journal.Field `json:"trailers,omitempty"`
	Omitted int             `json:"headers_omitted,omitempty"`
	Body    body            `json:"body"`
}

type body struct {
	Form      journal.Form `json:"form"`
	Size      int64        `json:"size_bytes"`
	Cut       bool         `json:"cut,omitempty"`
	Encoding  string       `json:"encoding,omitempty"`
	MediaType string       `json:"media_type,omitempty"`
	Text      string       `json:"text,omitempty"`
}

type upstreamAttempt struct {
	Reason     string     `json:"reason"`
	Status     int        `json:"status"` // 0: no answer
	Error      string     `json:"error,omitempty"`
	Start      *time.Time `json:"start"`
	Departed   *time.Time `json:"departed,omitempty"`
	Wrote      *time.Time `json:"wrote,omitempty"`
	Answered   *time.Time `json:"answered,omitempty"`
	Reused     bool       `json:"connection_reused"`
	Resent     int        `json:"resent,omitempty"`
	Credential string     `json:"credential,omitempty"`
	Generation uint64     `json:"generation,omitempty"`
	UpstreamID string     `json:"upstream_request_id,omitempty"`
	Request    *message   `json:"request,omitempty"`
	Response   *message   `json:"response,omitempty"`
}

func newWholeExchange(r *journal.Record) *wholeExchange {
	w := &wholeExchange{
		Exchange: NewExchange(&r.Summary), TraceID: r.TraceID, Mark: r.Mark, Error: r.Error, Sent: r.Sent, UpstreamSum: r.UpstreamTime.Seconds(),
		LateStatus: r.LateStatus, Abridged: r.Abridged, Request: newMessage(&r.Request), Response: newMessage(&r.Response),
		Calls: make([]upstreamAttempt, len(r.Attempts)), Events: make([]event, len(r.Events)),
	}
	if e := r.Explanation; e.Sentence != "" {
		w.Explanation = &explanation{Sentence: e.Sentence, Next: e.Next, Facts: e.Facts}
	}
	if t := r.Throttle; t != (journal.Throttle{}) {
		w.Throttle = &throttle{Limit: t.Limit, Cause: t.Cause, PausedUntil: stage(t.PausedUntil)}
	}
	for i := range r.Attempts {
		a := &r.Attempts[i]
		w.Calls[i] = upstreamAttempt{
			Reason: a.Reason, Status: a.Status, Error: a.Err, Start: stage(a.Start), Departed: stage(a.Departed), Wrote: stage(a.Wrote), Answered: stage(a.Answered),
			Reused: a.Reused, Resent: a.Resent, Credential: a.Credential, Generation: a.Generation, UpstreamID: a.UpstreamID,
			Request: newMessage(&a.Request), Response: newMessage(&a.Response),
		}
	}
	for i, e := range r.Events {
		w.Events[i] = event{At: e.At.Seconds(), Kind: e.Kind, Detail: e.Detail}
	}
	return w
}

// stage is nil for one that was never reached.
func stage(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// newMessage is nil for a message that never was, or that was left out.
func newMessage(m *journal.Message) *message {
	if m.Method == "" && m.Status == 0 {
		return nil
	}
	return &message{
		Method: m.Method, URL: m.URL, Status: m.Status, Proto: m.Proto, Headers: append([]journal.Field{}, m.Header...), Trailer: m.Trailer, Omitted: m.Omitted,
		Body: body{Form: m.Body.Form, Size: m.Body.Size, Cut: m.Body.Cut, Encoding: m.Body.Encoding, MediaType: m.Body.MediaType, Text: string(m.Body.Bytes)},
	}
}
