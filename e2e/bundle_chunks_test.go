package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBundleOfAnswersInPieces: a secret or a person that comes in pieces, or
// that the journal's cap cuts in two, is in no bundle, whole or in part.
func TestBundleOfAnswersInPieces(t *testing.T) {
	const (
		key    = "CnryPiecewiseKey7f3A91c2E8b3D605"
		person = "jane.piecewise@example.org"
		short  = "tiny-pw"
	)
	token := "eyJhbGciOiJSUzI1NiJ9.eyJjdXN0b21lcklkIjoxfQ.CnryPiecewiseSignature7f3A91c2E8b3"
	escape := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	inner := `{"password":"` + short + `","email":"` + person + `"}`
	answers := map[string]struct{ mediaType, body string }{
		"json":   {"application/json", `{"plain":"plain-text","message":"` + key + ` for ` + person + ` by ` + token + `","inner":` + escape(inner) + `}`},
		"text":   {"text/plain", "plain-text\npassword: " + short + "\nkey " + key + " for " + person + " by " + token},
		"xml":    {"application/xml", "<a><plain>plain-text</plain><password>" + short + "</password><b>" + key + " " + token + "</b></a>"},
		"form":   {"application/x-www-form-urlencoded", "plain=plain-text&password=" + short + "&note=" + key + "&email=" + person},
		"capped": {"application/json", `{"plain":"plain-text","fill":"` + strings.Repeat("x", 1024-60) + `","message":"` + key + `"}`},
		"person": {"application/json", `{"plain":"plain-text","fill":"` + strings.Repeat("x", 1024-60) + `","email":"` + person + `"}`},
		"jwt":    {"application/json", `{"plain":"plain-text","fill":"` + strings.Repeat("x", 1024-75) + `","message":"` + token + `"}`},
	}
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := answers[r.Header.Get("X-Request-Id")]
		w.Header().Set("Content-Type", a.mediaType)
		w.WriteHeader(http.StatusForbidden)
		for rest := a.body; rest != ""; { // in chunks of seven bytes
			n := min(7, len(rest))
			_, _ = io.WriteString(w, rest[:n])
			_ = http.NewResponseController(w).Flush()
			rest = rest[n:]
		}
	}))
	defer upstream.Close()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g := startGate(t, append(upstreamEnv(upstream.URL), "CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS_FILE="+file, "CLEENGATE_JOURNAL_BODY=1KiB", "CLEENGATE_JOURNAL_LOG_BODIES=all"))
	shown := map[string]string{}
	for id := range answers {
		if status, _, body := call(t, "GET", g.url+"/3.1/offers", "", "X-Request-Id", id, "Accept", "application/json"); status != http.StatusForbidden || body != answers[id].body {
			t.Fatalf("%s: the app got %d %s", id, status, body)
		}
		_, parts := fetched(t, g, id)
		for name, content := range parts {
			shown[id+"/"+name] = content
		}
		if !strings.Contains(parts["report.md"], "plain-text") {
			t.Errorf("%s: too much is hidden:\n%s", id, parts["report.md"])
		}
	}
	g.stop()
	shown["log"] = g.log.String()
	for where, content := range shown {
		for _, piece := range []string{key, key[:12], "jane.piece", short, "CnryPiecewise", token[:24]} {
			if at := strings.Index(content, piece); at >= 0 {
				t.Errorf("%s shows %q: %s", where, piece, content[max(0, at-80):min(len(content), at+40)])
			}
		}
	}
}
