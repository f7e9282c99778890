package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/cleengate/cleengate/internal/support/quota"
	"github.com/cleengate/cleengate/limiter"
)

// runQuota runs the command against an admin listener.
func runQuota(t *testing.T, admin string, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(t.Context(), append([]string{"quota", "--admin", admin}, args...), strings.NewReader(""), &o, &e)
	return status, o.String(), e.String()
}

func adminThatAnswers(t *testing.T, status int, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/quota" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestQuotaSaysWhatWentWrong(t *testing.T) {
	for name, c := range map[string]struct {
		admin string
		want  []string
	}{
		"nothing runs":      {"http://127.0.0.1:1", []string{"no cleengate answers at http://127.0.0.1:1", "cleengate serve"}},
		"refused":           {adminThatAnswers(t, 403, `{"detail":"Show the admin token.\u001b[31m"}`), []string{"403", `Show the admin token.\x1b[31m`}},
		"something else":    {adminThatAnswers(t, 200, "<html>"), []string{"no quota report", "admin listener"}},
		"an older one":      {adminThatAnswers(t, 404, "not found"), []string{"404", "this version"}},
		"an endless answer": {adminThatAnswers(t, 200, `{"mode":"`+strings.Repeat("x", maxReport)+`"}`), []string{"no quota report"}},
	} {
		status, out, errs := runQuota(t, c.admin)
		if status != exitFailed || out != "" {
			t.Errorf("%s: status %d, printed %.100q", name, status, out)
		}
		for _, want := range c.want {
			if !strings.Contains(errs, want) {
				t.Errorf("%s: %q is not in %q", name, want, errs)
			}
		}
	}
	if status, _, errs := runQuota(t, "nonsense"); status != exitUsage {
		t.Errorf("status %d, %s", status, errs)
	}
}

func TestQuotaNeverActsOnATerminal(t *testing.T) {
	evil, _ := json.Marshal(quota.Report{
		Mode: "\u009b31m\u202e\u007f", Coverage: quota.Coverage{From: noon, Note: "\u009b31m"},
		Callers: quota.Ranking{Top: []quota.Line{{Name: "a\u009b|b"}}},
	})
	admin := adminThatAnswers(t, 200, string(evil))
	for _, args := range [][]string{nil, {"--json"}} {
		status, out, errs := runQuota(t, admin, args...)
		if status != exitDone || strings.ContainsFunc(out, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
			t.Errorf("%v: %d %s %q", args, status, errs, out)
		}
		if args != nil && !json.Valid([]byte(out)) {
			t.Errorf("no JSON: %s", out)
		}
	}
}

// serving runs cleengate in front of an upstream until the returned function is called.
func serving(t *testing.T, upstream, state string) (app, admin string, stop func()) {
	t.Helper()
	t.Setenv("CLEENGATE_UPSTREAMS_CORE_URL", upstream)
	ctx, cancel := context.WithCancel(t.Context())
	pr, pw := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		args := []string{"serve", "--listen", "127.0.0.1:0", "--admin.listen", "127.0.0.1:0", "--state_dir", state, "--limits.publisher.start", "1000/s"}
		status := run(ctx, args, strings.NewReader(""), pw, io.Discard)
		_ = pw.Close()
		ended <- status
	}()
	lines := bufio.NewScanner(pr)
	for (app == "" || admin == "") && lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "cleengate listens on "); ok {
			app = url
		}
		if url, ok := strings.CutPrefix(lines.Text(), "admin listens on "); ok {
			admin = url
		}
	}
	if app == "" || admin == "" {
		cancel()
		t.Fatalf("it did not start: status %d", <-ended)
	}
	return app, admin, func() {
		cancel()
		if status := <-ended; status != exitDone {
			t.Errorf("serve ended with %d", status)
		}
	}
}

// TestQuotaReportSurvivesARestart goes the whole way: app, proxy, totals, file, admin
// listener, command.
func TestQuotaReportSurvivesARestart(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) }))
	defer upstream.Close()
	call := func(app, path string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, app+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Cleengate-Client", "shop")
		req.Header.Set("Cache-Control", "no-cache")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	dir := t.TempDir()
	app, admin, stop := serving(t, upstream.URL, dir)
	if status, out, errs := runQuota(t, admin); status != exitDone || !strings.Contains(out, "Nothing was counted yet.") {
		t.Errorf("%d %s %s", status, out, errs)
	}
	for range 30 {
		call(app, "/3.1/campaigns")
	}
	stop()
	app, admin, stop = serving(t, upstream.URL, dir)
	defer stop()
	for range 20 {
		call(app, "/3.1/campaigns")
	}
	var r quota.Report
	for range 200 { // the last call is counted after its answer was written
		status, out, errs := runQuota(t, admin, "--json")
		r = quota.Report{}
		if err := json.Unmarshal([]byte(out), &r); status != exitDone || err != nil {
			t.Fatalf("%d %v %s %s", status, err, out, errs)
		}
		if r.Totals.Requests == 50 {
			break
		}
	}
	if r.Totals.Requests != 50 || r.Totals.Sent != 50 || r.Callers.Top[0].Name != "shop" || r.Endpoints.Top[0].Name != "GET /3.1/campaigns" {
		t.Errorf("%+v", r)
	}
	if len(r.Findings) != 1 || r.Findings[0].Kind != quota.Identical || r.Findings[0].Calls != 48 { // the first of each process is none
		t.Errorf("%+v", r.Findings)
	}
	for _, l := range r.Limits {
		if l.Name == "publisher" && (l.Demand != 50 || l.DemandPeak.Second == 0 || len(l.Upstreams) != 2 || l.Known[0].Credential != "publisher") {
			t.Errorf("%+v", l)
		}
	}
}

func TestWhatIsKnownOfALimit(t *testing.T) {
	s := limiter.Snapshot{
		Name: "publisher", Credential: "publisher", Rate: 9.9, Source: limiter.Header, Observed: map[limiter.Action]int64{limiter.WouldDelay: 3, limiter.WouldRefuse: 2},
		Windows: []limiter.WindowSnapshot{{Policy: "x-ratelimit:", Limit: 600, Span: limiter.Span(time.Minute), Sure: true}},
	}
	got := quotaLimit(&s)
	if got.Name != "publisher" || got.Source != "header" || got.Delayed != 3 || got.Refused != 2 || len(got.Windows) != 1 || got.Windows[0].SpanSeconds != 60 || !got.Windows[0].Sure {
		t.Errorf("%+v", got)
	}
}
