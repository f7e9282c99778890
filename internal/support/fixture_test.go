package support

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/redact"
)

const (
	publisherKey = "pk7Qm2Zr9Ls4Vt8Xw1Yb6Nc3Kd5Hf0Jg7Ta2Sq9Re4Wu8Io" // 48 characters, as Cleeng's keys have
	otherKey     = "zz1Aa2Bb3Cc4Dd5Ee6Ff7Gg8Hh9Ii0Jj1Kk2Ll3Mm4Nn5Oo"
)

// call is an exchange in the clear, from which a record is made as the journal
// makes it: by the redactor, and of endpoints whose bodies may not be written
// down by shape.
type call struct {
	surface      cleeng.Surface
	method, path string
	header       http.Header
	body         string
	attempts     []attempt
	code         string // of an answer of our own
	own          string // body of it
	status       int    // of it
	accepted     bool   // elsewhere
	throttle     Throttle
	gone         bool
}

// attempt is one attempt: what went up where it differs from what the app
// sent, and what came back.
type attempt struct {
	reason string
	status int
	header http.Header
	body   string
	sent   http.Header
	upBody string
	err    string
	ours   bool // with the configured credential
}

// vault knows the configured key, as the process does.
func vault() *redact.Vault {
	v := redact.NewVault()
	v.Set("credential publisher", redact.New(publisherKey))
	return v
}

func (c *call) record(t testing.TB) *journal.Record {
	t.Helper()
	ep, _ := cleeng.Lookup(c.surface, c.method, strings.SplitN(c.path, "?", 2)[0])
	if rpc, err := cleeng.ParseRPC([]byte(c.body)); err == nil && c.surface == cleeng.SurfaceRPC {
		ep = rpc.Endpoint()
	}
	masker := redact.NewMasker()
	r := redact.NewRedactor(vault(), masker)
	own := r.Own(c.header, "", []byte(c.body))
	for _, a := range c.attempts {
		own = append(own, r.Own(a.header, "", []byte(a.body))...)
	}
	r = r.With(own...)
	message := func(method, url string, status int, h http.Header, body string) journal.Message {
		m := journal.Message{Method: method, Status: status, Proto: "HTTP/1.1"}
		if url != "" {
			m.URL = r.URL(url)
		}
		for name, values := range h {
			for _, v := range r.Header(name, values) {
				m.Header = append(m.Header, journal.Field{Name: name, Value: v})
			}
		}
		slices.SortFunc(m.Header, func(a, b journal.Field) int { return strings.Compare(a.Name, b.Name) })
		m.Body = journal.Body{Form: journal.FormNone, Size: int64(len(body)), MediaType: h.Get("Content-Type")}
		if body == "" {
			return m
		}
		if ep.LogBodies {
			m.Body.Form, m.Body.Bytes = journal.FormWhole, r.Body(h.Get("Content-Type"), []byte(body))
		} else {
			m.Body.Form, m.Body.Bytes = journal.FormShape, r.Shape([]byte(body), status >= 400 || c.surface == cleeng.SurfaceRPC && status != 0)
		}
		return m
	}
	rec := &journal.Record{Request: message(c.method, c.path, 0, c.header, c.body)}
	rec.RequestID, rec.Time, rec.Client, rec.Upstream, rec.Endpoint, rec.Method = "req-1", now, "shop", string(c.surface), ep.Template, c.method
	rec.Path, rec.Source, rec.Duration = c.path, journal.SourceUpstream, 80*time.Millisecond
	for i, a := range c.attempts {
		start := now.Add(time.Duration(i)*time.Second + 2*time.Millisecond)
		sent := c.header.Clone()
		maps.Copy(sent, a.sent)
		body := c.body
		if a.upBody != "" {
			body = a.upBody
		}
		ar := journal.AttemptRecord{
			Attempt: journal.Attempt{Reason: a.reason, Start: start, Departed: start.Add(3 * time.Millisecond), Wrote: start.Add(4 * time.Millisecond), Status: a.status, Err: a.err},
			Request: message(c.method, "https://api.cleeng.com"+c.path, 0, sent, body),
		}
		if a.status != 0 {
			ar.Answered = start.Add(40 * time.Millisecond)
			ar.Response = message("", "", a.status, a.header, a.body)
			ar.UpstreamID = a.header.Get("X-Request-Id")
		}
		if a.ours {
			ar.Credential, ar.Generation = "publisher", 1
		}
		rec.Attempts = append(rec.Attempts, ar)
		rec.Duration = time.Duration(i)*time.Second + 80*time.Millisecond
		rec.UpstreamTime += 38 * time.Millisecond
	}
	if c.code != "" {
		rec.Code, rec.Status, rec.Source = c.code, c.status, journal.SourceSelf
		ep = cleeng.Other(cleeng.SurfaceUnknown, c.method)
		rec.Response = message("", "", c.status, http.Header{"Content-Type": {"application/problem+json"}, "Retry-After": {"4"}}, "")
		rec.Response.Body = journal.Body{Form: journal.FormWhole, Bytes: []byte(c.own), Size: int64(len(c.own))}
	} else if n := len(rec.Attempts); n > 0 {
		last := &rec.Attempts[n-1]
		rec.Status, rec.Response = last.Status, last.Response
		c.diagnose(rec, ep, own)
	}
	if c.gone {
		rec.Status = journal.StatusClientGone
	}
	rec.Summary.Attempts = len(rec.Attempts)
	return rec
}

// diagnose does what the proxy does with the last answer.
func (c *call) diagnose(rec *journal.Record, ep *cleeng.Endpoint, _ []redact.Secret) {
	a := c.attempts[len(c.attempts)-1]
	sent := c.header.Clone()
	maps.Copy(sent, a.sent)
	f := Facts{
		Status: a.status, Surface: c.surface, Code: cleeng.ClassifyBody(c.surface, a.status, []byte(a.body)), Sent: LookAtHeader(sent, ep.Auth, now),
		AcceptedElsewhere: c.accepted, NamesAddress: cleeng.MentionsAddress([]byte(a.body)), Throttle: c.throttle, Header: a.header,
	}
	if rpc, err := cleeng.ParseRPC([]byte(c.body)); err == nil {
		f.Sent = LookAtRPC(rpc.Calls, sent, now)
	}
	if d, ok := Diagnose(f); ok && a.status != http.StatusOK || f.Code == cleeng.CodeRPCPublisherToken {
		rec.Diagnosis, rec.Explanation, rec.Sentence = d.Code, d.Record(), d.Sentence
		rec.Events = append(rec.Events, journal.Event{At: 42 * time.Millisecond, Kind: "diagnosis", Detail: d.Sentence})
	}
	if c.throttle.Cause != "" {
		rec.Throttle = journal.Throttle{Limit: "publisher", Cause: c.throttle.Cause, PausedUntil: c.throttle.Until}
		rec.Queue = 700 * time.Millisecond
	}
}

func fieldsOf(pairs ...string) http.Header { return header(pairs...) }

var jsonType = []string{"Content-Type", "application/json"}

func answerWith(status int, body string, pairs ...string) attempt {
	pairs = append(pairs, append(jsonType, "Date", "Sun, 01 Mar 2026 12:00:00 GMT", "X-Request-Id", "cleeng-77")...)
	return attempt{reason: journal.ReasonFirst, status: status, header: fieldsOf(pairs...), body: body}
}

// calls are one example of each cause.
func calls() map[string]*call {
	valid, expired := token(now.Add(time.Hour)), token(now.Add(-time.Hour))
	const account = "/customers/123456789"
	agent := []string{"User-Agent", "shop/2.1", "Accept", "application/json"}
	with := func(pairs ...string) http.Header { return fieldsOf(append(slices.Clone(agent), pairs...)...) }
	again := func(a attempt) attempt { a.reason = journal.ReasonThrottled; return a }
	ours := func(a attempt) attempt {
		a.ours, a.sent = true, fieldsOf("X-Publisher-Token", publisherKey)
		return a
	}
	throttled := func(status int) attempt {
		return ours(answerWith(status, `{"message":"Too Many Requests"}`, "X-RateLimit-Limit", "10", "X-RateLimit-Remaining", "0", "Retry-After", "2"))
	}
	return map[string]*call{
		"bad_password": {
			surface: cleeng.SurfaceMediaStore, method: "POST", path: "/auths", header: with(jsonType...), body: `{"email":"jane@example.com","password":"Sunny-Day-42","publisherId":"870553921"}`,
			attempts: []attempt{answerWith(401, `{"code":"USER0001","errors":["Incorrect password for jane@example.com"]}`)},
		},
		"credential_missing": {
			surface: cleeng.SurfaceMediaStore, method: "GET", path: account, header: with("Authorization", ""),
			attempts: []attempt{answerWith(401, `{"code":"AUTH0001","errors":["JWT missing"]}`)},
		},
		"wrong_scheme": {
			surface: cleeng.SurfaceMediaStore, method: "GET", path: account, header: with("X-Publisher-Token", otherKey),
			attempts: []attempt{answerWith(401, `{"message":"Unauthorized"}`)},
		},
		"credential_malformed": {
			surface: cleeng.SurfaceRPC, method: "POST", path: "/3.0/json-rpc", header: with(jsonType...),
			body:     `{"method":"listSubscriptionOffers","params":{"publisherToken":"\"` + otherKey + `\"","offset":0},"jsonrpc":"2.0","id":1}`,
			attempts: []attempt{answerWith(200, `{"result":null,"error":{"code":3,"message":"Invalid publisher token"},"id":"1","jsonrpc":"2.0"}`)},
		},
		"credential_expired": {
			surface: cleeng.SurfaceMediaStore, method: "GET", path: "/orders/42", header: with("Authorization", "Bearer "+expired),
			attempts: []attempt{answerWith(401, `{"code":"AUTH0002","errors":["JWT invalid"]}`)},
		},
		"insufficient_permission": {
			surface: cleeng.SurfaceCore, method: "GET", path: "/3.1/offers?offset=0&secret=hidden-query", header: with(), accepted: true,
			attempts: []attempt{ours(answerWith(401, `{"message":"no"}`))},
		},
		"ip_not_allowed": {
			surface: cleeng.SurfaceCore, method: "GET", path: "/3.1/offers", header: with(),
			attempts: []attempt{ours(answerWith(401, `{"message":"IP 203.0.113.7 is not allowed"}`))},
		},
		"credential_invalid": {
			surface: cleeng.SurfaceCore, method: "GET", path: "/3.1/offers", header: with(),
			attempts: []attempt{ours(answerWith(401, `{"message":"Unauthorized"}`))},
		},
		"unknown": {
			surface: cleeng.SurfaceMediaStore, method: "GET", path: "/orders/42", header: with("Authorization", "Bearer "+valid),
			attempts: []attempt{answerWith(401, `{"message":"no"}`)},
		},
		"forbidden": {
			surface: cleeng.SurfaceCore, method: "POST", path: "/3.1/offers", header: with(jsonType...), body: `{"title":"A year's pass","price":9.5,"contactEmail":"ops@example.com"}`,
			attempts: []attempt{ours(answerWith(403, `{"message":"Forbidden"}`))},
		},
		"throttle": {
			surface: cleeng.SurfaceCore, method: "GET", path: "/3.1/subscriptions", header: with(), throttle: Throttle{Cause: LimitExceeded, Limit: 10, Window: time.Second, Sent: 12, Until: now.Add(2 * time.Second)},
			attempts: []attempt{throttled(429), again(throttled(429))},
		},
		"foreign_consumer": {
			surface: cleeng.SurfaceCore, method: "GET", path: "/3.1/offers", header: with(), throttle: Throttle{Cause: ForeignConsumer, Limit: 10, Window: time.Second, Sent: 3, Foreign: 8, Until: now.Add(2 * time.Second)},
			attempts: []attempt{throttled(429)},
		},
		"burst": {
			surface: cleeng.SurfaceCore, method: "GET", path: "/3.1/offers", header: with(), throttle: Throttle{Cause: Burst, Limit: 600, Window: time.Minute, Sent: 5, Until: now.Add(2 * time.Second)},
			attempts: []attempt{throttled(429)},
		},
		"throttle_unknown": {
			surface: cleeng.SurfaceCore, method: "GET", path: "/3.1/offers", header: with(), throttle: Throttle{Cause: Unknown, Sent: 3, Until: now.Add(time.Second)},
			attempts: []attempt{ours(answerWith(429, `{"message":"Too Many Requests"}`))},
		},
		"captcha": {
			surface: cleeng.SurfaceMediaStore, method: "POST", path: "/customers", header: with(jsonType...), body: `{"email":"jane@example.com","password":"Sunny-Day-42","captchaValue":"03AGdBq25"}`,
			attempts: []attempt{answerWith(429, `{"code":"CPT0001","errors":["captcha required"]}`)},
		},
		"captcha_failed": {
			surface: cleeng.SurfaceMediaStore, method: "POST", path: "/auths", header: with(jsonType...), body: `{"email":"jane@example.com","password":"Sunny-Day-42","captchaValue":"03AGdBq25"}`,
			attempts: []attempt{answerWith(429, `{"code":"CPT0002","errors":["captcha verification failed"]}`)},
		},
		"upstream_fault": {
			surface: cleeng.SurfaceMediaStore, method: "POST", path: "/orders", header: with(append([]string{"Authorization", "Bearer " + valid}, jsonType...)...), body: `{"offerId":"S123","customerId":"1"}`,
			attempts: []attempt{answerWith(503, `{"message":"Service Unavailable"}`)},
		},
		"patience": {
			surface: cleeng.SurfaceCore, method: "GET", path: "/3.1/offers", header: with(), code: "patience_exceeded", status: 503,
			own: `{"code":"patience_exceeded","detail":"The call's turn comes in 3.2s, later than it may wait (2s)."}`,
		},
	}
}

func caseOf(t testing.TB, name string) Case {
	t.Helper()
	c, ok := calls()[name]
	if !ok {
		t.Fatalf("no call %q", name)
	}
	return Case{Record: c.record(t), Egress: "198.51.100.7", Gate: "http://127.0.0.1:8401"}
}
