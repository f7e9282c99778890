package console

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/internal/support"
)

// rig is the admin listener's handler over a journal.
type rig struct {
	t       *testing.T
	journal *journal.Journal
	vault   *redact.Vault
	handler http.Handler
	at      time.Time
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, vault: redact.NewVault(), at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	redactor := redact.NewRedactor(r.vault, redact.NewMasker())
	r.journal = journal.New(journal.Options{Redactor: redactor, MaxSize: 1 << 20, Body: 1 << 10})
	r.handler = New(Options{
		Metrics: http.NotFoundHandler(), Health: &Health{}, Status: func() any { return nil }, Journal: r.journal,
		Bundle: func(rec *journal.Record) *support.Bundle {
			return &support.Bundle{Case: support.Case{Record: rec, Gate: "http://127.0.0.1:8401"}, Version: "v1", Created: r.at, Redactor: redactor}
		},
	})
	return r
}

// add records a finished exchange, a second after the one before.
func (r *rig) add(id string, status int, diagnosis string, agent string) {
	r.at = r.at.Add(time.Second)
	x := &journal.Exchange{RequestID: id, Upstream: "core", Endpoint: "/3.1/offers", Method: "GET", Client: "shop", Status: status, Diagnosis: diagnosis, Source: journal.SourceUpstream}
	x.Begin(r.at)
	r.journal.Open(x, nil)
	x.AppSent(journal.Head{Method: "GET", Path: "/3.1/offers", Proto: "HTTP/1.1", Header: http.Header{"User-Agent": {agent}}}, journal.Content{})
	x.AppGot(journal.Head{Status: status, Proto: "HTTP/1.1", Header: http.Header{}}, journal.Content{})
	x.Duration = time.Millisecond
	r.journal.Add(x, true)
	x.Release()
}

func (r *rig) get(path string) *httptest.ResponseRecorder {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, httptest.NewRequestWithContext(r.t.Context(), http.MethodGet, path, http.NoBody))
	return w
}

func TestExportsOfAnExchange(t *testing.T) {
	r := newRig(t)
	for _, id := range []string{"plain", "with.dot", "with/slash", "odd~:+=id", "ends.md"} {
		r.add(id, 401, "credential_invalid", "shop/1")
		for _, tt := range []struct{ suffix, mediaType, begins string }{
			{"", "application/json", "{"},
			{".har", "application/json", "{\n  \"log\""},
			{".curl", "text/plain; charset=utf-8", "#!/bin/sh\n# The call of request id " + id},
			{".md", "text/markdown; charset=utf-8", "# 401 on GET /3.1/offers"},
		} {
			w := r.get("/api/v1/exchanges/" + id + tt.suffix)
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != tt.mediaType || !strings.HasPrefix(w.Body.String(), tt.begins) || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s%s: %d %v %.200s", id, tt.suffix, w.Code, w.Header(), w.Body)
			}
		}
	}
}

func TestUnknownExchangeNamesRecentFailures(t *testing.T) {
	r := newRig(t)
	r.add("fine", 200, "", "shop/1")
	for range listedFails + 1 {
		r.add("first", 503, "", "shop/1")
	}
	r.add("rpc", 200, "credential_malformed", "shop/1")
	for _, path := range []string{"/api/v1/exchanges/nobody", "/api/v1/exchanges/nobody.har", "/api/v1/exchanges/fine.exe", "/api/v1/bundle?request_id=nobody"} {
		w := r.get(path)
		var p struct {
			Code, Detail string
			Recent       []failed `json:"recent_failures"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusNotFound || p.Code != "not_found" {
			t.Fatalf("%s: %d %s %v", path, w.Code, w.Body, err)
		}
		if len(p.Recent) != listedFails || p.Recent[0].RequestID != "rpc" || p.Recent[0].Diagnosis != "credential_malformed" || p.Recent[1].Status != 503 {
			t.Errorf("%s: %+v", path, p.Recent)
		}
	}
}

// about reads the request id and the time that a bundle is about.
func about(t *testing.T, w *httptest.ResponseRecorder) (id string, parts []string) {
	t.Helper()
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/zip" {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	z, err := zip.NewReader(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		parts = append(parts, f.Name)
	}
	f, err := z.Open(support.PartHAR)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var har struct {
		Log struct {
			Exchange struct {
				RequestID string `json:"request_id"`
				Response  struct{ Status int }
			} `json:"_exchange"`
		}
	}
	if err := json.NewDecoder(f).Decode(&har); err != nil {
		t.Fatal(err)
	}
	return har.Log.Exchange.RequestID + " " + http.StatusText(har.Log.Exchange.Response.Status), parts
}

func TestBundleIsAboutTheNewestFailure(t *testing.T) {
	r := newRig(t)
	if w := r.get("/api/v1/bundle"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "No exchange is recorded yet") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	r.add("a", 200, "", "shop/1")
	r.add("b", 200, "", "shop/1")
	if id, _ := about(t, r.get("/api/v1/bundle")); id != "b OK" {
		t.Errorf("of two good calls it is about %s", id)
	}
	r.add("c", 401, "credential_invalid", "shop/1")
	r.add("c", 200, "", "shop/1") // an app repeats its call under the same id
	r.add("d", 200, "", "shop/1")
	for _, query := range []string{"", "?request_id=c"} {
		w := r.get("/api/v1/bundle" + query)
		if id, _ := about(t, w); id != "c Unauthorized" {
			t.Errorf("%s: it is about %s", query, id)
		}
		if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="cleengate-bundle-c.zip"` {
			t.Error(got)
		}
	}
	if w := r.get("/api/v1/exchanges/c.md"); !strings.HasPrefix(w.Body.String(), "# 401") {
		t.Errorf("%.100s", w.Body)
	}
}

func TestBundleOmits(t *testing.T) {
	r := newRig(t)
	r.add("a", 200, "", "shop/1")
	_, parts := about(t, r.get("/api/v1/bundle?omit=curl.sh,report.md&omit=environment.md"))
	if !slices.Equal(parts, []string{support.PartHAR, support.PartManifest}) {
		t.Error(parts)
	}
	if w := r.get("/api/v1/bundle?omit=har"); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "exchange.har") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestRefusalNamesPartAndRule(t *testing.T) {
	r := newRig(t)
	const late = "a-word-that-became-a-key"
	r.add("a", 401, "credential_invalid", late)
	r.vault.Set("credential publisher", redact.New(late))
	for _, path := range []string{"/api/v1/bundle", "/api/v1/exchanges/a.har", "/api/v1/exchanges/a.curl", "/api/v1/exchanges/a.md"} {
		w := r.get(path)
		var p struct {
			Code  string
			Found []support.Finding
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusConflict || p.Code != "secret_found" || len(p.Found) == 0 {
			t.Fatalf("%s: %d %s %v", path, w.Code, w.Body, err)
		}
		if strings.Contains(w.Body.String(), late) || p.Found[0].Rule != "credential publisher: plain" {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
	if w := r.get("/api/v1/bundle?omit=exchange.har,curl.sh,report.md"); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Without a journal nothing is mistyped or too old: the answer says that it is
// off and how to turn it on.
func TestAnswersWithoutAJournal(t *testing.T) {
	r := newRig(t)
	r.journal.Resize(0, 0)
	r.add("bad", 401, "credential_invalid", "shop/1")
	for _, path := range []string{"/api/v1/exchanges/bad", "/api/v1/exchanges/bad.md", "/api/v1/bundle?request_id=bad", "/api/v1/bundle"} {
		w := r.get(path)
		if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "The journal is off (journal.max_size: 0)") || strings.Contains(w.Body.String(), "mistyped") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// An answer of cleengate's own is told in words too, wherever calls are listed.
func TestOwnAnswersHaveASentence(t *testing.T) {
	got := NewExchange(&journal.Summary{Status: http.StatusBadGateway, Source: journal.SourceSelf, Code: "credential_rejected"})
	if !strings.Contains(got.Sentence, "session is dead") {
		t.Errorf("%q", got.Sentence)
	}
	if got = NewExchange(&journal.Summary{Status: http.StatusOK}); got.Sentence != "" {
		t.Errorf("%q", got.Sentence)
	}
}
