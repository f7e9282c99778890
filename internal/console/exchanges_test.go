package console

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/redact"
)

// ended adds a finished exchange to j.
func ended(j *journal.Journal, id string, status int, at time.Time) {
	x := &journal.Exchange{
		RequestID: id, Client: "app", Upstream: "core", Endpoint: "/3.1/offers/{offerId}", Method: "GET", Status: status, Source: journal.SourceUpstream,
		Duration: 1500 * time.Millisecond, Shown: true,
	}
	x.Begin(at)
	j.Open(x, nil)
	x.Waited(250 * time.Millisecond)
	if status == http.StatusUnauthorized {
		x.Diagnosis = "credential_expired"
		x.Explained = &journal.Explanation{Sentence: "The credential has expired.", Next: "Refresh it.", Facts: []journal.Fact{{Name: "expired", Value: "an hour ago"}}}
	}
	var tee journal.Tee
	x.Tee(&tee)
	n := x.Attempt(journal.Attempt{Reason: journal.ReasonFirst, Start: at.Add(time.Millisecond), Credential: "publisher", Generation: 3})
	x.Sending(n, journal.Head{Method: "GET", Base: "https://api.cleeng.com", Path: "/3.1/offers/S1_US", Proto: "HTTP/1.1", Header: http.Header{"X-Publisher-Token": {"secret"}}}, nil)
	x.Answered(n, journal.Head{Status: status, Proto: "HTTP/1.1", Header: http.Header{"Content-Type": {"application/json"}}}, &tee)
	x.Update(n, func(a *journal.Attempt) { a.Status, a.Answered = status, at.Add(time.Second) })
	tee.Write([]byte(`{"offerId":"S1_US"}`))
	x.Note(at.Add(time.Second), "diagnosis", "why")
	x.AppSent(journal.Head{Method: "GET", Path: "/3.1/offers/S1_US", Query: "limit=1", Proto: "HTTP/1.1", Header: http.Header{"Accept": {"*/*"}}}, journal.Content{})
	x.AppGot(journal.Head{Status: status, Proto: "HTTP/1.1", Header: http.Header{"Content-Type": {"application/json"}}}, journal.Content{Tee: &tee})
	j.Add(x, false)
	x.Release()
}

func newTestJournal(t *testing.T) *journal.Journal {
	t.Helper()
	j := journal.New(journal.Options{Redactor: redact.NewRedactor(nil, nil), MaxSize: 1 << 20, Body: 1 << 10})
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
	return w
}

func TestListExchanges(t *testing.T) {
	j := newTestJournal(t)
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for i, status := range []int{200, 401, 404, 503} {
		ended(j, fmt.Sprint("id-", i), status, at.Add(time.Duration(i)*time.Minute))
	}
	h := New(Options{Journal: j, Health: new(Health), Metrics: http.NotFoundHandler()})
	for path, want := range map[string]string{
		"":                            "id-3 id-2 id-1 id-0",
		"?limit=2":                    "id-3 id-2",
		"?status=401":                 "id-1",
		"?status=4xx":                 "id-2 id-1",
		"?client=other":               "",
		"?endpoint=/3.1/offers":       "",
		"?since=2026-03-04T05:08:07Z": "id-3 id-2",
	} {
		w := get(t, h, "/api/v1/exchanges"+path)
		var list struct {
			Exchanges []Exchange `json:"exchanges"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || w.Code != 200 || list.Exchanges == nil {
			t.Fatalf("%s: %d %v %s", path, w.Code, err, w.Body)
		}
		var ids []string
		for _, x := range list.Exchanges {
			ids = append(ids, x.RequestID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	for _, bad := range []string{"status=9", "since=today", "limit=-1"} {
		if w := get(t, h, "/api/v1/exchanges?"+bad); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), strings.SplitN(bad, "=", 2)[0]) {
			t.Errorf("%s: %d %s", bad, w.Code, w.Body)
		}
	}
}

// TestExchangeFields holds the names and units of the admin API.
func TestExchangeFields(t *testing.T) {
	j := newTestJournal(t)
	ended(j, "a/b:c.d", 401, time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC))
	h := New(Options{Journal: j, Health: new(Health), Metrics: http.NotFoundHandler()})
	var got any
	if err := json.Unmarshal(get(t, h, "/api/v1/exchanges/a/b:c.d").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	message := func(fields map[string]any) map[string]any {
		fields["proto"], fields["body"] = "HTTP/1.1", map[string]any{"form": "none", "size_bytes": 0.0}
		if fields["method"] == nil {
			fields["headers"] = []any{map[string]any{"name": "Content-Type", "value": "application/json"}}
			fields["body"] = map[string]any{"form": "whole", "size_bytes": 19.0, "media_type": "application/json", "text": `{"offerId":"S1_US"}`}
		}
		return fields
	}
	want := map[string]any{
		"request_id": "a/b:c.d", "time": "2026-03-04T05:06:07Z", "client": "app", "upstream": "core", "endpoint": "/3.1/offers/{offerId}", "method": "GET",
		"path": "/3.1/offers/S1_US", "status": 401.0, "source": "upstream", "attempts": 1.0, "queue_seconds": 0.25, "duration_seconds": 1.5,
		"diagnosis": "credential_expired", "sentence": "The credential has expired.", "sent_bytes": 0.0, "upstream_seconds": 0.999,
		"explanation": map[string]any{"sentence": "The credential has expired.", "next": "Refresh it.", "facts": []any{map[string]any{"name": "expired", "value": "an hour ago"}}},
		"request":     message(map[string]any{"method": "GET", "url": "/3.1/offers/S1_US?limit=1", "headers": []any{map[string]any{"name": "Accept", "value": "*/*"}}}),
		"response":    message(map[string]any{"status": 401.0}),
		"upstream_attempts": []any{map[string]any{
			"reason": "first", "status": 401.0, "start": "2026-03-04T05:06:07.001Z", "answered": "2026-03-04T05:06:08Z", "connection_reused": false,
			"credential": "publisher", "generation": 3.0,
			"request": message(map[string]any{
				"method": "GET", "url": "https://api.cleeng.com/3.1/offers/S1_US", "headers": []any{map[string]any{"name": "X-Publisher-Token", "value": "[redacted]"}},
			}),
			"response": message(map[string]any{"status": 401.0}),
		}},
		"events": []any{map[string]any{"at_seconds": 1.0, "kind": "diagnosis", "detail": "why"}},
	}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("the exchange differs (-want +got):\n%s", diff)
	}
	if w := get(t, h, "/api/v1/exchanges/nobody"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), `"code":"not_found"`) {
		t.Errorf("an unknown id: %d %s", w.Code, w.Body)
	}
}

// follower reads a stream of events in a bubble.
type follower struct {
	w      *streamWriter
	cancel context.CancelFunc
	done   chan struct{}
}

// streamWriter hands over what was written since the last time.
type streamWriter struct {
	*httptest.ResponseRecorder
	mu    sync.Mutex
	taken int
}

func (w *streamWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ResponseRecorder.Write(p)
}

func (w *streamWriter) news() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.Body.String()
	defer func() { w.taken = len(all) }()
	return all[w.taken:]
}

func follow(t *testing.T, j *journal.Journal, query string) *follower {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	f := &follower{w: &streamWriter{ResponseRecorder: httptest.NewRecorder()}, cancel: cancel, done: make(chan struct{})}
	h := New(Options{Journal: j, Health: new(Health), Metrics: http.NotFoundHandler()})
	go func() {
		defer close(f.done)
		h.ServeHTTP(f.w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/events"+query, http.NoBody))
	}()
	synctest.Wait()
	return f
}

func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newTestJournal(t)
		f := follow(t, j, "?status=401")
		if got := f.w.Header().Get("Content-Type"); got != "text/event-stream" || f.w.news() != ": following\n\n" {
			t.Errorf("the stream begins as %s", got)
		}
		ended(j, "good", 200, time.Now())
		ended(j, "bad", 401, time.Now())
		synctest.Wait()
		lines := bufio.NewScanner(strings.NewReader(f.w.news()))
		lines.Scan()
		if lines.Text() != "event: exchange" {
			t.Errorf("event %q", lines.Text())
		}
		lines.Scan()
		var x Exchange
		data, _ := strings.CutPrefix(lines.Text(), "data: ")
		if err := json.Unmarshal([]byte(data), &x); err != nil || x.RequestID != "bad" || x.Sentence != "The credential has expired." {
			t.Errorf("data %s: %v", data, err)
		}
		time.Sleep(heartbeat + time.Millisecond)
		synctest.Wait()
		if got := f.w.news(); got != ": alive\n\n" {
			t.Errorf("in silence comes %q", got)
		}
		_ = j.Close()
		<-f.done
		if got := f.w.news(); got != "event: end\ndata: {\"reason\":\"shutdown\"}\n\n" {
			t.Errorf("at the end comes %q", got)
		}
		if w := get(t, New(Options{Journal: j, Health: new(Health), Metrics: http.NotFoundHandler()}), "/api/v1/events"); w.Code != http.StatusServiceUnavailable {
			t.Errorf("after the end: %d", w.Code)
		}
		f.cancel()
	})
}

func TestEventsEndWithTheirReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newTestJournal(t)
		f := follow(t, j, "")
		f.cancel()
		<-f.done
		s, err := j.Subscribe() // all places are free again
		for range 15 {
			if err != nil {
				t.Fatal(err)
			}
			_, err = j.Subscribe()
		}
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
	})
	j := newTestJournal(t)
	if w := get(t, New(Options{Journal: j, Health: new(Health), Metrics: http.NotFoundHandler()}), "/api/v1/events?status=x"); w.Code != http.StatusBadRequest {
		t.Errorf("an unreadable filter: %d", w.Code)
	}
}
