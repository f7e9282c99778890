package journal

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cleengate/cleengate/internal/redact"
)

const testKey = "publisher-key-0123456789abcdef0123456789abcdef01"

func newJournal(t testing.TB, size, body int64) *Journal {
	t.Helper()
	vault := redact.NewVault()
	vault.Set("credential publisher", redact.New(testKey))
	j := New(Options{Redactor: redact.NewRedactor(vault, nil), MaxSize: size, Body: body})
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// call is one forwarded exchange, as the proxy tells of it.
type call struct {
	id         string
	method     string
	path       string
	query      string
	template   string
	header     http.Header
	body       string
	status     int
	answer     http.Header
	answerBody string
	shown      bool
	diagnosis  string
	statuses   []int // of attempts before the last
	change     func(x *Exchange)
}

var testStart = time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)

// run serves the call and adds it.
func (c call) run(j *Journal, whole bool) *Record {
	x := c.open(j)
	rec := j.Add(x, whole)
	x.Release()
	return rec
}

// open serves the call, up to the end of the answer.
func (c call) open(j *Journal) *Exchange {
	x := &Exchange{
		RequestID: c.id, Client: "app", Upstream: "core", Endpoint: c.template, Method: c.method, Source: SourceUpstream,
		Status: c.status, Diagnosis: c.diagnosis, Duration: 20 * time.Millisecond, Shown: c.shown,
	}
	if c.diagnosis != "" {
		x.Explained = &Explanation{Sentence: "It failed.", Next: "Try again.", Facts: []Fact{{"scheme", "Basic"}}}
	}
	x.Begin(testStart)
	j.Open(x, nil)
	var app, up Tee
	for i, status := range append(c.statuses, c.status) {
		n := x.Attempt(Attempt{Reason: ReasonFirst, Start: testStart.Add(time.Millisecond), Credential: "publisher", Generation: 1})
		header := c.header.Clone()
		if header == nil {
			header = make(http.Header)
		}
		header.Set("X-Publisher-Token", testKey)
		x.Sending(n, Head{Method: c.method, Base: "https://api.cleeng.com", Path: c.path, Query: c.query, Proto: "HTTP/1.1", Header: header}, nil)
		tee := &up
		if i < len(c.statuses) {
			tee = new(Tee)
		}
		x.Tee(tee)
		x.Answered(n, Head{Status: status, Proto: "HTTP/1.1", Header: c.answer}, tee)
		x.Update(n, func(a *Attempt) { a.Status, a.Answered = status, testStart.Add(11*time.Millisecond) })
		if tee != &up {
			tee.Write([]byte(`{"message":"not yet"}`))
		}
	}
	x.TeeAnswer(&app)
	for half := range 2 { // in pieces
		piece := c.answerBody[half*len(c.answerBody)/2 : (half+1)*len(c.answerBody)/2]
		up.Write([]byte(piece))
		app.Write([]byte(piece))
	}
	x.AppSent(Head{Method: c.method, Path: c.path, Query: c.query, Proto: "HTTP/1.1", Header: c.header}, Content{Bytes: []byte(c.body)})
	x.AppGot(Head{Status: c.status, Proto: "HTTP/1.1", Header: c.answer}, Content{Tee: &app})
	if c.change != nil {
		c.change(x)
	}
	return x
}

func plainCall(id string) call {
	return call{
		id: id, method: http.MethodGet, path: "/3.1/offers/S1_US", query: "limit=1", template: "/3.1/offers/{offerId}",
		header: http.Header{"Accept": {"application/json"}, "User-Agent": {"app/1.0"}},
		status: 200, answer: http.Header{"Content-Type": {"application/json; charset=utf-8"}, "Etag": {`"a"`}},
		answerBody: `{"offerId":"S1_US"}`, shown: true,
	}
}

func TestRecordOfForwardedCall(t *testing.T) {
	j := newJournal(t, 1<<20, 16<<10)
	c := plainCall("id-1")
	c.statuses = []int{429}
	c.change = func(x *Exchange) {
		x.Note(testStart.Add(time.Second), "throttled", "burst")
		x.Waited(3 * time.Millisecond)
		x.Throttled(Throttle{Limit: "publisher", Cause: "burst", PausedUntil: testStart.Add(time.Minute)})
		x.Sent, x.TraceID, x.Mark = 19, "4bf92f3577b34da6a3ce929d0e0e4736", "malformed_rpc"
	}
	c.run(j, false)
	got, ok := j.Get("id-1")
	if !ok {
		t.Fatal("not found")
	}
	request := []Field{{"Accept", "application/json"}, {"User-Agent", "app/1.0"}}
	upstreamRequest := []Field{{"Accept", "application/json"}, {"User-Agent", "app/1.0"}, {"X-Publisher-Token", redact.Mask}}
	answer := []Field{{"Content-Type", "application/json; charset=utf-8"}, {"Etag", `"a"`}}
	body := Body{Bytes: []byte(`{"offerId":"S1_US"}`), Form: FormWhole, Size: 19, MediaType: "application/json"}
	early := Body{Bytes: []byte(`{"message":"not yet"}`), Form: FormWhole, Size: 21, MediaType: "application/json"}
	attempt := func(status int, b Body) AttemptRecord {
		return AttemptRecord{
			Attempt:  Attempt{Reason: ReasonFirst, Start: testStart.Add(time.Millisecond), Answered: testStart.Add(11 * time.Millisecond), Status: status, Credential: "publisher", Generation: 1},
			Request:  Message{Method: "GET", URL: "https://api.cleeng.com/3.1/offers/S1_US?limit=1", Proto: "HTTP/1.1", Header: upstreamRequest, Body: Body{Form: FormNone}},
			Response: Message{Status: status, Proto: "HTTP/1.1", Header: answer, Body: b},
		}
	}
	want := &Record{
		Summary: Summary{
			RequestID: "id-1", Time: testStart, Client: "app", Upstream: "core", Endpoint: "/3.1/offers/{offerId}", Method: "GET", Path: "/3.1/offers/S1_US",
			Status: 200, Source: SourceUpstream, Attempts: 2, Queue: 3 * time.Millisecond, Duration: 20 * time.Millisecond,
		},
		TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", Mark: "malformed_rpc", Sent: 19, UpstreamTime: 20 * time.Millisecond,
		Throttle: Throttle{Limit: "publisher", Cause: "burst", PausedUntil: testStart.Add(time.Minute)},
		Request:  Message{Method: "GET", URL: "/3.1/offers/S1_US?limit=1", Proto: "HTTP/1.1", Header: request, Body: Body{Form: FormNone}},
		Response: Message{Status: 200, Proto: "HTTP/1.1", Header: answer, Body: body},
		Attempts: []AttemptRecord{attempt(429, early), attempt(200, body)},
		Events:   []Event{{At: time.Second, Kind: "throttled", Detail: "burst"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the record differs (-want +got):\n%s", diff)
	}
}

func TestGetAndRecent(t *testing.T) {
	j := newJournal(t, 1<<20, 1<<10)
	for i := range 20 {
		c := plainCall(fmt.Sprint("id-", i))
		if i%5 == 4 {
			c.status, c.diagnosis = 401, "credential_invalid"
		}
		c.run(j, false)
	}
	if _, ok := j.Get("id-20"); ok {
		t.Error("a record that was never made was found")
	}
	ids := func(list []*Record) string {
		var out []string
		for _, r := range list {
			out = append(out, r.RequestID)
		}
		return strings.Join(out, " ")
	}
	if got := ids(j.Recent(Filter{}, 3)); got != "id-19 id-18 id-17" {
		t.Errorf("newest: %s", got)
	}
	if got := ids(j.Recent(Filter{Status: 401}, 100)); got != "id-19 id-14 id-9 id-4" {
		t.Errorf("401: %s", got)
	}
	if got := len(j.Summaries(Filter{Class: 2}, 100)); got != 16 {
		t.Errorf("%d of class 2, want 16", got)
	}
	rec := j.Recent(Filter{Status: 401}, 1)[0]
	if e := rec.Explanation; e.Sentence != "It failed." || e.Next != "Try again." || len(e.Facts) != 1 || rec.Sentence != e.Sentence {
		t.Errorf("explanation %+v", e)
	}
}
