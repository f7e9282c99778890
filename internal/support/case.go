package support

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/journal"
)

// Case is one exchange to be explained or exported. The record is masked and
// is not changed.
type Case struct {
	Record *journal.Record
	Egress string // public address of this host, "" if not known
	Gate   string // base URL of this proxy, for calls that never went upstream
	Socket bool   // this proxy listens on a unix socket, whatever Gate says
	// Upstreams are base URLs by name, for calls whose messages were not kept.
	Upstreams map[string]string
	// Ways are how upstreams are reached, by name, where that is not the usual.
	Ways map[string]Way
}

// Way is what a program beside this one needs to reach an upstream as this one
// does. No value is in it: a path names users, a proxy's URL may have a password.
type Way struct {
	Authority bool // its certificate is checked against a file
	Proxy     bool // through an outbound proxy
	Direct    bool // past the one that the environment names
}

// Verdict is the cause of what the app got, and what the call waited for.
type Verdict struct {
	Diagnosis
	Waits []Diagnosis `json:"waits,omitempty"`
}

// Failed reports whether the app did not get what it asked for.
func (v *Verdict) Failed() bool { return v.Code != Answered }

// Judge explains a finished exchange: by the diagnosis that was made when the
// answer came, else by the code of an answer of our own, else by its status.
func Judge(rec *journal.Record) Verdict {
	v := Verdict{Diagnosis: cause(rec)}
	v.Waits = waits(rec).Explain()
	return v
}

func cause(rec *journal.Record) Diagnosis {
	if d, ok := Recorded(rec); ok {
		if d.Sentence == "" { // a record that was made without words
			words := Explain(d.Code)
			d.Sentence, d.Next = words.Sentence, words.Next
		}
		return d
	}
	var code string
	var facts []string
	switch status := "Cleeng answered " + strconv.Itoa(rec.Status) + "."; {
	case rec.Status == journal.StatusClientGone:
		code = CallerGone
		facts = append(facts, "It left after "+wait(rec.Duration)+".")
		if rec.LateStatus != 0 {
			facts = append(facts, "Cleeng's answer came later all the same, with "+strconv.Itoa(rec.LateStatus)+".")
		}
	case rec.Code != "":
		code = rec.Code
		facts = append(facts, "cleengate answered "+strconv.Itoa(rec.Status)+" itself, with the code "+rec.Code+", after "+plural(int64(len(rec.Attempts)), "attempt")+" upstream.")
		if told := LimitFields(fields(&rec.Response)); told != "" {
			facts = append(facts, "The answer says "+told+".")
		}
	case rec.Status >= http.StatusInternalServerError:
		code, facts = UpstreamFault, []string{status}
	case rec.Status >= http.StatusBadRequest:
		code, facts = Rejected, []string{status}
	case rpcError(rec) != "":
		code, facts = Rejected, []string{"Cleeng answered " + strconv.Itoa(rec.Status) + " with the JSON-RPC error " + rpcError(rec) + "."}
	default:
		return Explain(Answered)
	}
	message := ErrorMessage(rec)
	if message != "" {
		facts = append(facts, "The error message is: "+message)
	}
	if rec.Error != "" && !strings.Contains(message, strings.TrimPrefix(rec.Error, rec.Code+": ")) {
		facts = append(facts, "The log says: "+rec.Error)
	}
	d := Explain(code)
	d.Facts = facts
	return d
}

// rpcError is the code of the first JSON-RPC error in an answer, which fails under
// any status; "" if there is none.
func rpcError(rec *journal.Record) string {
	if !strings.Contains(rec.Endpoint, "#") {
		return ""
	}
	reply, err := cleeng.ParseRPCReply(answer(rec).Body.Bytes)
	if err != nil {
		return ""
	}
	for i := range reply.Elements {
		if e := &reply.Elements[i]; e.HasError {
			return strconv.Itoa(e.Code)
		}
	}
	return ""
}

// answer is what the upstream said last, or what the app got where it said
// nothing.
func answer(rec *journal.Record) *journal.Message {
	if a := lastAnswered(rec); a != nil {
		return &a.Response
	}
	return &rec.Response
}

// lastAnswered is the last attempt that Cleeng answered, nil if none was.
func lastAnswered(rec *journal.Record) *journal.AttemptRecord {
	for i := len(rec.Attempts) - 1; i >= 0; i-- {
		if rec.Attempts[i].Status != 0 {
			return &rec.Attempts[i]
		}
	}
	return nil
}

// lastSent is the last attempt, nil if the call never went upstream.
func lastSent(rec *journal.Record) *journal.AttemptRecord {
	if n := len(rec.Attempts); n > 0 {
		return &rec.Attempts[n-1]
	}
	return nil
}

// fields is a message's header in the form of net/http.
func fields(m *journal.Message) http.Header {
	h := make(http.Header, len(m.Header))
	for _, f := range m.Header {
		h.Add(f.Name, f.Value)
	}
	return h
}

// filled returns a copy of a record whose messages were left out, with what is
// known of them from elsewhere, so that exports stay well-formed.
func filled(c Case) *journal.Record {
	rec := *c.Record
	path := rec.Path
	if path == "" {
		path = "/"
	}
	if rec.Request.Method == "" {
		rec.Request.Method, rec.Request.URL = rec.Method, path
	}
	if rec.Response.Status == 0 && rec.Status != journal.StatusClientGone {
		rec.Response.Status = rec.Status
	}
	base := c.Upstreams[rec.Upstream]
	if base == "" {
		base = c.Gate
	}
	rec.Attempts = slices.Clone(rec.Attempts)
	for i := range rec.Attempts {
		a := &rec.Attempts[i]
		if a.Request.Method == "" {
			a.Request.Method, a.Request.URL = rec.Method, strings.TrimSuffix(base, "/")+path
		}
		if a.Response.Status == 0 {
			a.Response.Status = a.Status
		}
	}
	return &rec
}

// waits reads off a record what its time went to.
func waits(rec *journal.Record) Waits {
	w := Waits{Line: rec.Queue, Upstream: rec.UpstreamTime, Attempts: len(rec.Attempts), Until: rec.Throttle.PausedUntil}
	for i := range rec.Events {
		e := &rec.Events[i]
		switch e.Kind {
		case "renewal_wait":
			w.Renewal += duration(e.Detail)
		case "retry":
			_, after, _ := strings.Cut(e.Detail, " after ")
			w.Backoff += duration(after)
		}
	}
	if rec.Throttle == (journal.Throttle{}) {
		return w
	}
	for i := range rec.Attempts {
		if rec.Attempts[i].Status == http.StatusTooManyRequests {
			w.Throttle++
		}
		if rec.Attempts[i].Reason == journal.ReasonThrottled {
			w.Again++
		}
	}
	return w
}

func duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0
	}
	return d
}

// endpointOf finds the catalogue's row of a record: of several with the same
// template, as surfaces share some, the one that is the least safe to repeat.
// It is nil for calls outside the catalogue.
func endpointOf(rec *journal.Record) *cleeng.Endpoint {
	method := rec.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var found *cleeng.Endpoint
	for e := range cleeng.Endpoints() {
		if e.Template != rec.Endpoint || e.Method != method {
			continue
		}
		if string(e.Surface) == rec.Upstream {
			return e
		}
		if found == nil || e.Retry < found.Retry {
			found = e
		}
	}
	return found
}
