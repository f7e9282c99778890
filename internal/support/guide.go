package support

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cleengate/cleengate/internal/journal"
)

// guide answers each step that the vendor's guide lists for the status, with
// what is known of it.
func guide(m *markdown, rec *journal.Record, v *Verdict) {
	m.line("| step | state |")
	m.line("|---|---|")
	row := func(step, state string) { m.line("| " + step + " | " + state + " |") }
	switch {
	case aboutCredentials(rec, v):
		credentialSteps(row, rec, v)
	case rec.Status == http.StatusTooManyRequests, rec.Code == "paused", rec.Code == "patience_exceeded", rec.Code == "queue_full":
		limitSteps(row, rec)
	}
	row("Detailed logging", "method, URL, headers and body of the request and status, headers and body of the response are in this report, and in `exchange.har` for each attempt")
	if message := ErrorMessage(rec); message != "" {
		row("Error message details", escaped(message))
	} else {
		row("Error message details", "the answer's body names none")
	}
	row("Use an API client", "`curl.sh` repeats the call outside the app; Postman and Insomnia import the curl command in it, Insomnia also `exchange.har`")
}

func aboutCredentials(rec *journal.Record, v *Verdict) bool {
	switch v.Code {
	case CredentialMissing, WrongScheme, CredentialMalformed, CredentialExpired, CredentialInvalid, AddressNotAllowed, InsufficientPermission:
		return true
	}
	return rec.Status == http.StatusUnauthorized || rec.Status == http.StatusForbidden
}

func credentialSteps(row func(step, state string), rec *journal.Record, v *Verdict) {
	state := func(codes ...string) string {
		if slices.Contains(codes, v.Code) {
			return "**this is the cause**: " + escaped(v.Sentence)
		}
		return ""
	}
	or := func(a, b string) string {
		if a != "" {
			return a
		}
		return b
	}
	which := "the credential that the app sent"
	if a := lastSent(rec); a != nil && a.Credential != "" {
		which = "credential " + code(a.Credential) + ", generation " + strconv.FormatUint(a.Generation, 10)
	}
	row("Verify API key or token", or(state(CredentialInvalid), which+" was used; compare it with the dashboard (Admin & Tools, API Keys)"))
	row("Check request headers", or(state(CredentialMissing, WrongScheme, CredentialMalformed), "looked at: the credential is there, in its place and well-formed"))
	row("Handle credential expiry", or(state(CredentialExpired), expiryState(v)))
	later := func(code, looked string) string {
		switch v.Code {
		case BadPassword, CredentialMissing, WrongScheme, CredentialMalformed, CredentialExpired:
			return notReached
		}
		return or(state(code), looked)
	}
	row("Check permissions", later(InsufficientPermission, "not seen to be accepted at another endpoint lately, so a lack of permission cannot be told from an invalid credential"))
	row("Check the key's allowed addresses", later(AddressNotAllowed, "the answer does not speak of an address; compare the list in the dashboard with the address above"))
	row("Consult documentation", documented(rec))
}

func expiryState(v *Verdict) string {
	for _, because := range v.RuledOut {
		if strings.HasPrefix(because, "It is valid until ") || strings.HasPrefix(because, "It tells no time of expiry") {
			return escaped(because)
		}
	}
	return notReached
}

const notReached = "not looked at, as another cause came first"

// documented says what the endpoint takes after the documentation.
func documented(rec *journal.Record) string {
	e := endpointOf(rec)
	if e == nil {
		return "the endpoint is not one of the documented ones that cleengate knows; check method and path first"
	}
	if takes := takes(e.Auth); e.Auth != 0 {
		return "this endpoint takes " + takes
	}
	return "this endpoint takes no credential"
}

func limitSteps(row func(step, state string), rec *journal.Record) {
	told := LimitFields(fields(answer(rec)))
	if told == "" {
		row("Check rate limit headers", "the answer has neither Retry-After nor X-RateLimit fields")
	} else {
		row("Check rate limit headers", escaped(told))
	}
	row("Monitor request volume", "figures are in `quota.md` and `environment.md`")
	row("Identify bottlenecks", "endpoints and callers by their share of the quota are in `quota.md`")
	backoff := plural(int64(len(rec.Attempts)), "attempt") + ", " + wait(rec.Queue) + " in line"
	if !rec.Throttle.PausedUntil.IsZero() {
		backoff += ", calls of the quota held back until " + stamp(rec.Throttle.PausedUntil)
	}
	row("Exponential backoff, Retry-After", backoff)
	row("Batch, cache, distribute", "see the findings in `quota.md`")
	row("Ask for a higher limit", "use case and volume for support: `quota.md`")
}
