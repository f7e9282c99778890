package support

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/journal"
)

// checklist is what the vendor asks for before an escalation, in the words and
// order of its guide.
var checklist = []string{
	"## Exact API Endpoint", "## HTTP Method", "## Full Request Headers", "## Full Request Body", "## Full Response (Status Code, Headers, Body)",
	"## Timestamp", "## Your IP Address", "## Troubleshooting Steps Taken",
}

// TestReportsAnswerTheGuide holds every report against each bullet of the
// vendor's guide.
func TestReportsAnswerTheGuide(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(calls())) {
		c := caseOf(t, name)
		report := string(Markdown(c))
		at := 0
		for _, heading := range checklist {
			i := strings.Index(report[at:], "\n"+heading+"\n")
			if i < 0 {
				t.Fatalf("%s: %q is missing or out of order", name, heading)
			}
			at += i
		}
		sent := requestOf(c.Record)
		want := []string{
			exactURL(c, sent), "\n" + c.Record.Method + "\n", "2026-03-01T12:00:00.000Z", "198.51.100.7", "attempt",
			"| Detailed logging |", "| Error message details |", "| Use an API client |", "**Cause:** ", "**Next step:** ",
		}
		for _, f := range sent.Header {
			want = append(want, f.Name+": "+f.Value)
		}
		if len(sent.Body.Bytes) > 0 {
			want = append(want, string(sent.Body.Bytes))
		}
		if r := answer(c.Record); r.Status != 0 {
			for _, f := range r.Header {
				want = append(want, f.Name+": "+f.Value)
			}
			want = append(want, string(r.Body.Bytes))
		}
		switch v := Judge(c.Record); {
		case name == "patience" || c.Record.Status == 429:
			want = append(want, "| Check rate limit headers |", "| Monitor request volume |", "| Identify bottlenecks |", "| Exponential backoff, Retry-After |", "| Batch, cache, distribute |", "| Ask for a higher limit |")
		case aboutCredentials(c.Record, &v):
			want = append(want, "| Verify API key or token |", "| Check request headers |", "| Handle credential expiry |", "| Check permissions |", "| Consult documentation |")
		}
		for _, text := range want {
			if !strings.Contains(report, text) {
				t.Errorf("%s: %q is missing in\n%s", name, text, report)
			}
		}
	}
}

// The cause stands in the first lines.
func TestReportBeginsWithTheCause(t *testing.T) {
	c := caseOf(t, "credential_malformed")
	first := strings.Join(strings.SplitN(string(Markdown(c)), "\n", 12)[:11], "\n")
	for _, want := range []string{"JSON-RPC error 3", "credential_malformed", "quotes", "params.publisherToken", "Look at how the app puts the credential together"} {
		if !strings.Contains(first, want) {
			t.Errorf("%q is not in the first lines:\n%s", want, first)
		}
	}
}

// No value gets out of its place in the report.
func TestReportHoldsHostileValues(t *testing.T) {
	c := caseOf(t, "credential_invalid")
	rec := c.Record
	a := &rec.Attempts[0]
	a.Request.Header = append(a.Request.Header, journal.Field{Name: "X-A", Value: "```\n# Injected"})
	a.Request.Body = journal.Body{Form: journal.FormWhole, Bytes: []byte("````\n# Injected"), Size: 14}
	rec.Client = "`<script>` [x](javascript:1)"
	rec.Error = "<img src=x> | cell"
	a.Response.Body.Bytes = []byte(`{"message":"<b> | [a](b) ` + "`x`" + `"}`)
	rec.RequestID = "a`b"
	report := string(Markdown(c))
	inside := ""
	for line := range strings.Lines(report) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case inside == "" && strings.HasPrefix(line, "```"):
			inside = strings.TrimRight(line, "abcdefghijklmnopqrstuvwxyz")
		case inside != "" && line == inside:
			inside = ""
		case inside == "" && (strings.Contains(line, "Injected") || strings.Contains(line, "<img") || strings.Contains(line, "<b>") || strings.Contains(line, "](b)")):
			t.Errorf("a value is markup: %s", line)
		}
	}
	if inside != "" {
		t.Error("a fence is not closed")
	}
}

func TestReportWithoutFacts(t *testing.T) {
	rec := &journal.Record{}
	rec.Status, rec.Method = 502, "GET"
	rec.Abridged, rec.Code = true, "upstream_unreachable"
	rec.Attempts = []journal.AttemptRecord{{Attempt: journal.Attempt{Start: now, Err: "connection refused"}}}
	report := string(Markdown(Case{Record: rec}))
	for _, want := range []string{"unknown (set `egress_address`", "Attempt 1 failed: connection refused", "were not kept", "None is known.", "No connection to Cleeng"} {
		if !strings.Contains(report, want) {
			t.Errorf("%q is missing in\n%s", want, report)
		}
	}
}

// The answer shown is the last one; where the last attempt got none, it says so.
func TestReportOfALostAnswer(t *testing.T) {
	c := caseOf(t, "throttle")
	rec := c.Record
	last := &rec.Attempts[len(rec.Attempts)-1]
	last.Status, last.Response, last.Err = 0, journal.Message{}, "connection reset"
	rec.Source, rec.Code, rec.Status, rec.Response.Status = journal.SourceSelf, "upstream_protocol", 502, 502
	report := string(Markdown(c))
	for _, want := range []string{"answer to an earlier attempt. The last one got none: connection reset", "**429**", "### What the app got", "**502**", "The app called `GET /3.1/subscriptions`"} {
		if !strings.Contains(report, want) {
			t.Errorf("%q is missing in\n%s", want, report)
		}
	}
}

func TestErrorMessage(t *testing.T) {
	for body, want := range map[string]string{
		`{"code":"AUTH0002","message":"no","errors":["no","other"]}`:         "AUTH0002; no; other",
		`{"result":null,"error":{"code":3,"message":"empty"}}`:               "3 empty",
		`[{"result":1},{"error":{"code":14,"message":"too many"},"id":"2"}]`: "14 too many",
		`{"message":"a\u001b[31mb"}`:                                         `a\x1b[31mb`,
		`{"message":5}`:                                                      "", `no json`: "", ``: "", `[]`: "", `"text"`: "",
		`{"message":"` + strings.Repeat("é", 400) + `"}`: strings.Repeat("é", 150) + "…",
	} {
		rec := &journal.Record{Response: journal.Message{Body: journal.Body{Bytes: []byte(body)}}}
		if got := ErrorMessage(rec); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestEscaped(t *testing.T) {
	for in, want := range map[string]string{"Admin & Tools": "Admin & Tools", "&lt;b> &#60; a&b": "&amp;lt;b> &amp;#60; a&b", "a|b\nc": `a\|b c`, "<b>": "&lt;b>", "[a](b)": `[a]\(b)`} {
		if got := escaped(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// A call whose messages were not kept is reported with what is known of it.
func TestAbridgedRecord(t *testing.T) {
	rec := &journal.Record{Abridged: true}
	rec.Status, rec.Method, rec.Path, rec.Endpoint, rec.Upstream = 429, "GET", "/3.1/offers", "/3.1/offers", "core"
	rec.Attempts = []journal.AttemptRecord{{Attempt: journal.Attempt{Start: now, Departed: now, Answered: now.Add(time.Millisecond), Status: 429}}}
	c := Case{Record: rec, Gate: "http://127.0.0.1:8401", Upstreams: map[string]string{"core": "https://api.cleeng.com/"}}
	report := string(Markdown(c))
	for _, want := range []string{"https://api.cleeng.com/3.1/offers", "\nGET\n", "**429**", "were not kept"} {
		if !strings.Contains(report, want) {
			t.Errorf("%q is missing in\n%s", want, report)
		}
	}
	if script := string(Curl(c)); !strings.Contains(script, "'https://api.cleeng.com/3.1/offers'") || !strings.Contains(script, "were not kept") {
		t.Errorf("%s", script)
	}
	out, err := HAR(c, "v1")
	if err != nil || !strings.Contains(string(out), `"url": "https://api.cleeng.com/3.1/offers"`) || rec.Attempts[0].Request.Method != "" {
		t.Errorf("%v %s", err, out)
	}
}

func TestSkewIsTold(t *testing.T) {
	for _, tt := range []struct {
		date string
		want string
	}{
		{"Sun, 01 Mar 2026 12:00:00 GMT", ""},
		{"Sun, 01 Mar 2026 11:59:57 GMT", ""},
		{"nonsense", ""},
		{"Sun, 01 Mar 2026 11:00:00 GMT", "1h0m0s ahead"},
		{"Sun, 01 Mar 2026 12:01:00 GMT", "1m0s behind"},
	} {
		if got := skew(tt.date, now); got != tt.want && (tt.want == "" || !strings.Contains(got, tt.want)) {
			t.Errorf("%s: %q", tt.date, got)
		}
	}
}

// A HAR has one entry for each attempt, whose time is the sum of its stages.
func TestHAR(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(calls())) {
		c := caseOf(t, name)
		out, err := HAR(c, "v1")
		if err != nil {
			t.Fatal(err)
		}
		var har harFile
		if err := json.Unmarshal(out, &har); err != nil {
			t.Fatal(err)
		}
		if len(har.Log.Entries) != len(c.Record.Attempts) || har.Log.Version != "1.2" || har.Log.Exchange.RequestID != "req-1" {
			t.Errorf("%s: %d entries, want %d", name, len(har.Log.Entries), len(c.Record.Attempts))
		}
		for _, e := range har.Log.Entries {
			sum := 0.0
			for _, stage := range []float64{e.Timings.Blocked, e.Timings.DNS, e.Timings.Connect, e.Timings.Send, e.Timings.Wait, e.Timings.Receive} {
				sum += max(stage, 0)
			}
			if e.Time != sum || e.Time <= 0 {
				t.Errorf("%s: time %v, stages %v", name, e.Time, e.Timings)
			}
		}
		if unknown := foreignMembers(t, out); len(unknown) > 0 {
			t.Errorf("%s: members that HAR does not know, without an underscore: %v", name, unknown)
		}
	}
}

// harMembers are those of HAR 1.2 that are used.
var harMembers = strings.Fields(`log version creator name entries comment startedDateTime time request response cache timings method url httpVersion cookies headers
	queryString postData headersSize bodySize mimeType text status statusText content redirectURL size value blocked dns connect ssl send wait receive`)

// foreignMembers finds members outside our own ones that the format does not
// know.
func foreignMembers(t *testing.T, har []byte) (found []string) {
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for name, e := range v {
				if strings.HasPrefix(name, "_") {
					continue
				}
				if !slices.Contains(harMembers, name) {
					found = append(found, name)
				}
				walk(e)
			}
		}
	}
	var all any
	if err := json.Unmarshal(har, &all); err != nil {
		t.Fatal(err)
	}
	walk(all)
	return found
}
