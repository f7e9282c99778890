package support

import (
	"slices"
	"strconv"
	"time"

	"github.com/cleengate/cleengate/internal/journal"
)

// step is something that was done, at a time since arrival.
type step struct {
	at   time.Duration
	text string
}

// steps tells what was tried: what this proxy did with the call, what the call
// waited for, and what of the vendor's own steps is done.
func steps(m *markdown, rec *journal.Record, v *Verdict) {
	m.heading(3, "What cleengate did with the call")
	list := attemptSteps(rec)
	for i := range rec.Events {
		if text := eventText(&rec.Events[i]); text != "" {
			list = append(list, step{rec.Events[i].At, text})
		}
	}
	slices.SortStableFunc(list, func(a, b step) int { return int(a.at - b.at) })
	if len(list) == 0 {
		m.line("Nothing: it was answered without a call to Cleeng.")
	} else {
		m.line("| after | step |")
		m.line("|---|---|")
		for _, s := range list {
			m.line("| " + s.at.Round(time.Millisecond).String() + " | " + escaped(s.text) + " |")
		}
	}
	if len(v.Waits) > 0 {
		m.heading(3, "What the call waited for")
		for _, w := range v.Waits {
			m.line("- " + escaped(w.Sentence) + " (" + code(w.Code) + ")")
			for _, fact := range w.Facts {
				m.line("  - " + escaped(fact))
			}
			m.line("  - " + escaped(w.Next))
		}
	}
	m.heading(3, "Steps of Cleeng's guide")
	guide(m, rec, v)
}

// reasons say why an attempt was sent.
var reasons = map[string]string{
	journal.ReasonFirst:        "sent",
	journal.ReasonRetry:        "sent again after a failure",
	journal.ReasonThrottled:    "sent again after a throttle",
	journal.ReasonRenewed:      "sent again with another credential",
	journal.ReasonRevalidation: "sent to revalidate a stored answer",
	journal.ReasonLogin:        "sent as a login of our own",
}

func attemptSteps(rec *journal.Record) []step {
	var list []step
	for i := range rec.Attempts {
		a := &rec.Attempts[i]
		text := "attempt " + strconv.Itoa(i+1) + " "
		if reason := reasons[a.Reason]; reason != "" {
			text += reason
		} else {
			text += "sent (" + a.Reason + ")"
		}
		if a.Credential != "" {
			text += ", with generation " + strconv.FormatUint(a.Generation, 10) + " of the credential " + a.Credential
		} else {
			text += ", with the credential that the app sent, if any"
		}
		at := a.Start
		if !a.Departed.IsZero() {
			at = a.Departed
		}
		list = append(list, step{at.Sub(rec.Time), text})
		switch {
		case a.Status != 0:
			text = "Cleeng answered attempt " + strconv.Itoa(i+1) + " with " + strconv.Itoa(a.Status)
			if told := LimitFields(fields(&a.Response)); told != "" {
				text += " (" + told + ")"
			}
			if a.UpstreamID != "" {
				text += ", its own request id " + a.UpstreamID
			}
			list = append(list, step{a.Answered.Sub(rec.Time), text})
		case a.Err != "":
			list = append(list, step{at.Sub(rec.Time), "attempt " + strconv.Itoa(i+1) + " got no answer: " + a.Err})
		}
	}
	return list
}

// eventWords begin the sentence on an event. Kinds that are not here are shown
// by their name; those with an empty text are told elsewhere.
var eventWords = map[string]string{
	"renewal_wait":     "waited for a valid token for ",
	"renewal_failed":   "the renewal of the credential failed: ",
	"expired_in_queue": "the token expired while the call stood in line; a new one was asked for of ",
	"throttled":        "Cleeng throttled the call; seen cause: ",
	"retry":            "decided to send it again: ",
	"refused":          "gave up waiting: ",
	"rpc":              "the body is no JSON-RPC call: ",
	"diagnosis":        "found the cause: ",
}

func eventText(e *journal.Event) string {
	words, ok := eventWords[e.Kind]
	if !ok {
		words = e.Kind
		if e.Detail != "" {
			words += ": "
		}
	}
	return words + e.Detail
}
