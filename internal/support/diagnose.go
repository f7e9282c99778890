package support

import (
	"net/http"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/journal"
)

// Codes of causes, as headers, logs and metrics spell them.
const (
	BadPassword            = "bad_password"
	CredentialMissing      = "credential_missing"
	WrongScheme            = "wrong_scheme"
	CredentialMalformed    = "credential_malformed"
	CredentialExpired      = "credential_expired"
	InsufficientPermission = "insufficient_permission"
	AddressNotAllowed      = "ip_not_allowed"
	CredentialInvalid      = "credential_invalid"
	CaptchaRequired        = "captcha_required"
	CaptchaFailed          = "captcha_failed"
	ForeignConsumer        = "foreign_consumer"
	LimitExceeded          = "limit_exceeded"
	Burst                  = "burst"
	Unknown                = "unknown"
)

// malformed begins the sentence of a credential whose flaw is known.
const malformed = "The credential is malformed: "

// Names of the facts of a diagnosis in an exchange's record, so that a report
// made later says what was known then.
const (
	FactBecause  = "because"
	FactRuledOut = "ruled_out"
)

// Facts are what is known of a failed call. None is a secret.
type Facts struct {
	Status  int
	Surface cleeng.Surface
	Code    cleeng.Code // read from the answer's body
	// Sent is how the credential looked that went upstream.
	Sent Evidence
	// AcceptedElsewhere: the same credential was accepted at another endpoint
	// within the last five minutes.
	AcceptedElsewhere bool
	// NamesAddress: the answer's body mentions an IP address.
	NamesAddress bool
	// Unread: the answer's body could not be read, for its encoding, so that
	// what it says is not known.
	Unread bool
	// Throttle is what the limiter made of a 429.
	Throttle Throttle
	// Header is the answer's, for what it says of limits; it may be nil.
	Header http.Header
}

// Throttle is what is known of the rate at which calls were sent when one was
// refused. The zero value is a refusal that no limiter saw.
type Throttle struct {
	Cause   string        // ForeignConsumer, LimitExceeded, Burst or Unknown
	Limit   int64         // calls per Window that were known to be allowed; 0: nothing was known
	Window  time.Duration // of Limit
	Sent    int           // calls that left in the window, or in the last second if none is known
	Foreign int64         // calls that somebody else used in the window
	Until   time.Time     // end of the pause; zero for none
}

// Diagnosis is the cause of a failure in words. Nothing in it is secret.
type Diagnosis struct {
	Code     string `json:"code"`
	Sentence string `json:"sentence"` // what happened
	// Facts led to the cause; each is a sentence.
	Facts []string `json:"facts,omitempty"`
	// RuledOut are the causes that come before it in the table, and why each
	// is not the one.
	RuledOut []string `json:"ruled_out,omitempty"`
	Next     string   `json:"next"` // what to do, after the vendor's guide
}

// Record returns the diagnosis in the form that the journal keeps.
func (d *Diagnosis) Record() journal.Explanation {
	e := journal.Explanation{Sentence: d.Sentence, Next: d.Next}
	for _, fact := range d.Facts {
		e.Facts = append(e.Facts, journal.Fact{Name: FactBecause, Value: fact})
	}
	for _, because := range d.RuledOut {
		e.Facts = append(e.Facts, journal.Fact{Name: FactRuledOut, Value: because})
	}
	return e
}

// Recorded is the diagnosis that a record holds; false if it has none.
func Recorded(rec *journal.Record) (Diagnosis, bool) {
	if rec.Diagnosis == "" {
		return Diagnosis{}, false
	}
	d := Diagnosis{Code: rec.Diagnosis, Sentence: rec.Explanation.Sentence, Next: rec.Explanation.Next}
	for _, fact := range rec.Explanation.Facts {
		switch fact.Name {
		case FactRuledOut:
			d.RuledOut = append(d.RuledOut, fact.Value)
		default:
			d.Facts = append(d.Facts, fact.Value)
		}
	}
	return d, true
}

// Diagnose names the cause of a 401, 403 or 429, or of a JSON-RPC error that
// stands for one. The rows of a table are tried one after the other, the most
// certain first, and the first that fits wins. It reports false for an answer
// that is none of these.
func Diagnose(f Facts) (Diagnosis, bool) {
	var rows []row
	switch {
	case f.Status == http.StatusUnauthorized, f.Code == cleeng.CodeRPCPublisherToken:
		rows = unauthorizedRows
	case f.Status == http.StatusForbidden:
		rows = forbiddenRows
	case f.Status == http.StatusTooManyRequests:
		rows = tooManyRows
	default:
		return Diagnosis{}, false
	}
	var ruledOut []string
	for i := range rows {
		r := &rows[i]
		if why := r.fits(&f); why != "" {
			d := Explain(r.code)
			d.Facts = append([]string{answered(&f), why}, hints(&f)...)
			if r.code == CredentialMalformed { // of several flaws the one that it has
				d.Sentence = malformed + strings.Replace(why, "The ", "the ", 1)
			}
			if r.code == CredentialMissing && !f.Sent.Missing {
				d.Facts = append(d.Facts, f.Sent.Describe()) // Cleeng missed what was sent
			}
			return d.with(&f, ruledOut), true
		}
		if because := r.not(&f); because != "" {
			ruledOut = append(ruledOut, because)
		}
	}
	d := Explain(Unknown)
	if f.Status == http.StatusTooManyRequests {
		d = unknownThrottle
	}
	d.Facts = append([]string{answered(&f)}, hints(&f)...)
	return d.with(&f, ruledOut), true
}

// with adds what is odd about the credential, unless it was the cause, and
// what was ruled out.
func (d Diagnosis) with(f *Facts, ruledOut []string) Diagnosis {
	if f.Sent.Hint != "" && f.Status == http.StatusUnauthorized {
		d.Facts = append(d.Facts, f.Sent.Hint)
	}
	if d.Code == CredentialInvalid && ofCustomer(f) {
		d.Next = customersInvalid
	}
	d.RuledOut = ruledOut
	return d
}

// ofCustomer reports whether it is about a customer's token, which no dashboard
// lists.
func ofCustomer(f *Facts) bool {
	return f.Code == cleeng.CodeJWTInvalid || f.Code == cleeng.CodeRefreshDead
}
