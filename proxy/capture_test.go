package proxy

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/journal"
)

// recorded starts a rig with a journal; next returns the record of the next
// exchange that ends.
func recorded(t *testing.T, upstream http.HandlerFunc, change ...func(*config.Config)) (*rig, func() *journal.Record) {
	t.Helper()
	r := newRig(t, upstream, change...)
	j := testJournal(t, 1<<20, 16<<10)
	records := make(chan *journal.Record, 100)
	r.journal, r.sink = j, func(x *journal.Exchange) { records <- j.Add(x, true) }
	t.Cleanup(func() {
		if n := j.Bytes(); n > 1<<20 {
			t.Errorf("the journal holds %d bytes", n)
		}
	})
	return r, func() *journal.Record { return <-records }
}

func fieldsOf(m *journal.Message) string {
	var out []string
	for _, f := range m.Header {
		switch f.Name {
		case "Date", "Server-Timing", "X-Request-Id", "User-Agent", "Accept-Encoding", "Connection":
		default:
			out = append(out, f.Name+": "+f.Value)
		}
	}
	return strings.Join(out, " | ")
}

func TestCaptureForwarded(t *testing.T) {
	const body = `{"offerId":"S1_US","email":"a.person@example.com"}`
	r, next := recorded(t, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("X-Request-Id", "upstream-id")
		_, _ = io.WriteString(w, body)
	})
	got := r.do("GET", "/3.1/offers?limit=1&email=a.person%40example.com", http.NoBody, "Accept", "application/json", "X-Request-Id", "id-1", "Cookie", "a=secret")
	rec := next()
	if got.body != body {
		t.Fatalf("the answer was changed: %s", got.body)
	}
	if rec.RequestID != "id-1" || rec.Endpoint != "/3.1/offers" || rec.Path != "/3.1/offers" || rec.Status != 200 || rec.Sent != int64(len(body)) {
		t.Errorf("summary %+v", rec.Summary)
	}
	if m := &rec.Request; m.Method != "GET" || m.Proto != "HTTP/1.1" || !strings.HasPrefix(m.URL, "/3.1/offers?limit=1&email=[redacted:") || m.Body.Form != journal.FormNone {
		t.Errorf("request %+v", m)
	}
	if fields := fieldsOf(&rec.Request); !strings.HasPrefix(fields, "Accept: application/json | Cookie: a=[redacted:") {
		t.Errorf("request fields %s", fields)
	}
	a := rec.Attempts[0]
	if !strings.HasPrefix(a.Request.URL, r.view.Load().upstreams[0].baseURL+"/3.1/offers?limit=1") || !strings.HasPrefix(a.Request.Get("X-Publisher-Token"), "[redacted:") {
		t.Errorf("upstream request %+v", a.Request)
	}
	if a.Credential != "publisher" || a.Generation == 0 || a.Departed.IsZero() || a.Wrote.IsZero() || a.Answered.IsZero() || a.UpstreamID != "upstream-id" {
		t.Errorf("attempt %+v", a.Attempt)
	}
	if a.Response.Get("Access-Control-Allow-Origin") != "*" || a.Response.Get("X-Request-Id") != "upstream-id" {
		t.Errorf("the upstream's own fields are missing: %+v", a.Response.Header)
	}
	if m := &rec.Response; m.Status != 200 || m.Get("X-Request-Id") != "id-1" || m.Get("Server-Timing") == "" || m.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("answer %+v", m.Header)
	}
	for name, b := range map[string]journal.Body{"app": rec.Response.Body, "upstream": a.Response.Body} {
		if !strings.HasPrefix(string(b.Bytes), `{"offerId":"S1_US","email":"[redacted:`) || b.Size != int64(len(body)) || b.Cut {
			t.Errorf("%s got %+v: %s", name, b, b.Bytes)
		}
	}
}

func TestCaptureRefusal(t *testing.T) {
	r, next := recorded(t, nil)
	r.do("POST", "/3.1/offers", strings.NewReader(`{"a":1}`), "Host", "evil.example", "Authorization", "Bearer secret-of-the-app")
	rec := next()
	if rec.Code != CodeHostRefused || rec.Status != 403 || rec.Source != journal.SourceSelf || len(rec.Attempts) != 0 {
		t.Errorf("%+v", rec.Summary)
	}
	if rec.Request.Body.Form != journal.FormNone || !strings.HasPrefix(rec.Request.Get("Authorization"), "Bearer [redacted:") {
		t.Errorf("request %+v", rec.Request)
	}
	if !strings.Contains(string(rec.Response.Body.Bytes), `"code":"host_refused"`) || rec.Response.Body.Form != journal.FormWhole {
		t.Errorf("answer %s %s", rec.Response.Body.Form, rec.Response.Body.Bytes)
	}
}

// TestCaptureJSONRPC: the credential goes inside the body, so that what the
// upstream saw is another body than what the app sent.
func TestCaptureJSONRPC(t *testing.T) {
	r, next := recorded(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"result":{"items":[]},"id":"1","jsonrpc":"2.0"}`)
	})
	r.do("POST", "/3.0/json-rpc", strings.NewReader(`{"method":"listSubscriptionOffers","params":{"limit":1},"jsonrpc":"2.0","id":1}`))
	rec := next()
	if got := string(rec.Request.Body.Bytes); !strings.Contains(got, `"params":{"limit":1}`) {
		t.Errorf("the app sent %s", got)
	}
	if got := string(rec.Attempts[0].Request.Body.Bytes); !strings.Contains(got, `"publisherToken":"[redacted:`) || strings.Contains(got, testKey) {
		t.Errorf("the upstream got %s", got)
	}
}

// TestCaptureEachAttempt: a call that was repeated shows what each attempt
// sent and got.
func TestCaptureEachAttempt(t *testing.T) {
	n := 0
	r, next := recorded(t, func(w http.ResponseWriter, req *http.Request) {
		n++
		body, _ := io.ReadAll(req.Body)
		if n == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = fmt.Fprintf(w, `{"message":"busy, got %d bytes"}`, len(body))
			return
		}
		_, _ = io.WriteString(w, `{"ok":true}`)
	})
	r.do("GET", "/3.1/offers", http.NoBody)
	rec := next()
	if rec.Status != 200 || len(rec.Attempts) != 2 {
		t.Fatalf("%+v", rec.Summary)
	}
	first, second := rec.Attempts[0], rec.Attempts[1]
	if first.Response.Status != 503 || string(first.Response.Body.Bytes) != `{"message":"busy, got 0 bytes"}` || first.Reason != journal.ReasonFirst {
		t.Errorf("first %+v: %s", first.Attempt, first.Response.Body.Bytes)
	}
	if second.Response.Status != 200 || string(second.Response.Body.Bytes) != `{"ok":true}` || second.Reason != journal.ReasonRetry {
		t.Errorf("second %+v: %s", second.Attempt, second.Response.Body.Bytes)
	}
}

// TestCaptureEachCredential: what a later attempt carries does not replace what
// an earlier one carried.
func TestCaptureEachCredential(t *testing.T) {
	r, next := recorded(t, func(w http.ResponseWriter, req *http.Request) {
		if strings.HasPrefix(req.Header.Get("X-Publisher-Token"), "old-key") {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"message":"Unauthorized"}`)
		}
	}, twoKeys)
	r.do("GET", "/3.1/offers", nil)
	rec := next()
	if len(rec.Attempts) != 2 {
		t.Fatalf("%+v", rec.Summary)
	}
	first, second := rec.Attempts[0].Request.Get("X-Publisher-Token"), rec.Attempts[1].Request.Get("X-Publisher-Token")
	if first == "" || second == "" || first == second {
		t.Errorf("masks %q and %q", first, second)
	}
}

// TestCaptureStreams: long bodies pass by; their beginning is kept, and their
// whole length.
func TestCaptureStreams(t *testing.T) {
	long := "[" + strings.Repeat(`"0123456789",`, 20_000) + `"end"]`
	r, next := recorded(t, func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Trailer", "X-Cache")
		_, _ = w.Write(body)
		w.Header().Set("X-Cache", "done")
	})
	if got := r.do("POST", "/3.1/offers", strings.NewReader(long), "Content-Type", "application/json"); got.body != long {
		t.Fatalf("%d bytes came back of %d", len(got.body), len(long))
	}
	rec := next()
	for name, b := range map[string]journal.Body{"request": rec.Request.Body, "answer": rec.Response.Body, "upstream": rec.Attempts[0].Response.Body} {
		if b.Size != int64(len(long)) || !b.Cut || string(b.Bytes) != long[:16<<10] {
			t.Errorf("%s: size %d of %d, cut %v, %d kept", name, b.Size, len(long), b.Cut, len(b.Bytes))
		}
	}
	if fmt.Sprint(rec.Response.Trailer) != "[{X-Cache done}]" {
		t.Errorf("trailer %v", rec.Response.Trailer)
	}
}

// TestCaptureHidesBodies: of endpoints whose bodies may not be written down, and
// of unknown ones, only the shape is kept.
func TestCaptureHidesBodies(t *testing.T) {
	r, next := recorded(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"name":"Ann Example"}`)
	})
	for _, path := range []string{"/customers/42", "/3.1/customers/42", "/3.1/unheard/of", "/3.1//offers"} {
		r.do("GET", path, http.NoBody)
		rec := next()
		for name, b := range map[string]journal.Body{"answer": rec.Response.Body, "upstream": rec.Attempts[0].Response.Body} {
			if b.Form != journal.FormShape || string(b.Bytes) != `{"name":"string(11)"}` {
				t.Errorf("%s, %s: %s %s", path, name, b.Form, b.Bytes)
			}
		}
	}
}

func TestCaptureRefresh(t *testing.T) {
	r, next := recorded(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"responseData":{"jwt":"a.b.c","refreshToken":"new-refresh-token-1"},"errors":[]}`)
	})
	r.do("POST", "/auths/refresh_token", strings.NewReader(`{"refreshToken":"old-refresh-token-1"}`), "Content-Type", "application/json")
	rec := next()
	if len(rec.Attempts) != 1 {
		t.Fatalf("%d attempts", len(rec.Attempts))
	}
	for name, b := range map[string]journal.Body{
		"request": rec.Request.Body, "answer": rec.Response.Body, "upstream request": rec.Attempts[0].Request.Body, "upstream answer": rec.Attempts[0].Response.Body,
	} {
		if b.Form != journal.FormShape || strings.Contains(string(b.Bytes), "refresh-token") {
			t.Errorf("%s: %s %s", name, b.Form, b.Bytes)
		}
	}
}

// TestJournalCostsFewAllocations: what passes by is kept in buffers that are
// used again, and records in memory that was there before.
func TestJournalCostsFewAllocations(t *testing.T) {
	r := newRigAt(t, "http://127.0.0.1:1")
	for _, up := range r.view.Load().upstreams {
		up.reverse = r.reverseProxy(up, r.chain(up, canned{}, r.view.Load().cfg, Parts{}))
	}
	h := r.Handler("")
	measure := func() float64 {
		return allocations(200, func() { // few enough for all to be kept whole
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/3.1/offers?limit=1", http.NoBody)
			h.ServeHTTP(&sunk{header: make(http.Header)}, req)
		})
	}
	r.sinkOff()
	off := measure()
	r.withJournal(testJournal(t, 1<<20, 16<<10))
	on := measure()
	t.Logf("%v allocations without a journal, %v with one", off, on)
	// A record that is kept whole costs most; how many are depends on the time that
	// the calls take.
	if bound := 5.0; on-off > bound && !raceDetector {
		t.Errorf("the journal allocates %v times a call, at most %v", on-off, bound)
	}
}
