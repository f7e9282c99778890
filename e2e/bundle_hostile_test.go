package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// TestBundleOfHostileCalls: bodies that are no text, cut or compressed, and
// headers that would act upon a terminal, leave a bundle that can be read.
func TestBundleOfHostileCalls(t *testing.T) {
	packed := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, text)
		_ = w.Close()
		return b.String()
	}
	bomb := packed(strings.Repeat("0", 64<<20))
	cut := `{"message":"` + strings.Repeat("é", 20_000) + `"}`
	answers := map[string]struct{ encoding, mediaType, body string }{
		"binary":  {"", "image/png", "\x89PNG\r\n\x1a\n\x00\xff\xfe"},
		"invalid": {"", "application/json", "{\"message\":\"caf\xe9 \xff plain-text\"}"},
		"escapes": {"", "application/json", "{\"message\":\"\x1b[31mred\x07 \u202eplain-text\"}"},
		"gzip":    {"gzip", "application/json", packed(`{"message":"plain-text"}`)},
		"bomb":    {"gzip", "application/json", bomb},
		"broken":  {"gzip", "application/json", "\x1f\x8bnothing"},
		"brotli":  {"br", "application/json", "\x0b\x02\x80"},
		"cut":     {"", "application/json", cut},
		"html":    {"", "text/html", "<h1>plain-text</h1><script>alert(1)</script>"},
		"empty":   {"", "", ""},
	}
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		a := answers[r.Header.Get("X-Request-Id")]
		if a.encoding != "" {
			w.Header().Set("Content-Encoding", a.encoding)
		}
		w.Header().Set("Content-Type", a.mediaType)
		for range 100 {
			w.Header().Add("X-Ratelimit-Many", "plain-value")
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, a.body)
	}))
	defer upstream.Close()
	g := startGate(t, upstreamEnv(upstream.URL))
	for id, a := range answers {
		// A raw connection, since Go's client refuses such header fields.
		conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		body := "{\"title\":\"\x1b]0;x\x07\xff plain-title\"}"
		_, _ = io.WriteString(conn, "POST /3.1/offers HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-Id: "+id+"\r\nUser-Agent: plain-agent \xff\xfe\u202e\u0085\r\nContent-Type: application/json\r\nAccept-Encoding: gzip, br\r\nConnection: close\r\nContent-Length: "+
			strconv.Itoa(len(body))+"\r\n\r\n"+body)
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
		_, parts := fetched(t, g, id)
		for name, content := range parts {
			if !utf8.ValidString(content) {
				t.Errorf("%s: %s is no UTF-8", id, name)
			}
			if i := strings.IndexFunc(content, func(r rune) bool {
				return unicode.IsControl(r) && r != '\n' && r != '\t' || r == '\u202e'
			}); i >= 0 {
				t.Errorf("%s: %s has %q", id, name, content[i:min(len(content), i+10)])
			}
			if len(content) > 256<<10 {
				t.Errorf("%s: %s has %d bytes", id, name, len(content))
			}
		}
		if !json.Valid([]byte(parts["exchange.har"])) || !strings.Contains(parts["report.md"], "plain-agent") || !strings.Contains(parts["report.md"], "plain-title") {
			t.Errorf("%s: %s", id, parts["report.md"])
		}
		if shows := strings.Contains(parts["report.md"], "plain-text"); shows != strings.Contains(a.body+id, "plain-text") && id != "gzip" {
			t.Errorf("%s: the body is shown: %v\n%s", id, shows, parts["report.md"])
		}
	}
	_, parts := fetched(t, g, "gzip")
	if !strings.Contains(parts["report.md"], "plain-text") || !strings.Contains(parts["report.md"], "coding gzip was undone") {
		t.Errorf("a small compressed body is not shown:\n%s", parts["report.md"])
	}
	_, parts = fetched(t, g, "cut")
	if !strings.Contains(parts["report.md"], "The beginning of a body of") {
		t.Errorf("a body that was cut is not marked:\n%s", parts["report.md"])
	}
	if status := g.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
