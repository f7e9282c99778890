package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKeyFileIsFollowed changes the file of a key that upstream never
// refuses: the change is seen all the same, and a file that is emptied or
// removed takes nothing away.
func TestKeyFileIsFollowed(t *testing.T) {
	t.Parallel()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("X-Publisher-Token"))
	}))
	t.Cleanup(upstream.Close)
	file := filepath.Join(t.TempDir(), "key")
	write := func(content string) {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first-key-of-the-file\n")
	g := startGate(t, append(upstreamEnv(upstream.URL), "CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS_FILE="+file))
	sent := func() string {
		_, _, key := call(t, "GET", g.url+"/3.1/offers", "")
		return key
	}
	if key := sent(); key != "first-key-of-the-file" {
		t.Fatalf("sent %q", key)
	}
	// The files are read every 5 s. The promise is 10 s, and the rest of it is
	// what a slow machine may take.
	write("second-key-of-the-file\n")
	within(t, 10*time.Second, "the second key", func() bool { return sent() == "second-key-of-the-file" })

	write("")
	within(t, 10*time.Second, "a word about the empty file", func() bool { return strings.Contains(g.log.String(), file) })
	if key := sent(); key != "second-key-of-the-file" {
		t.Errorf("sent %q after the file was emptied", key)
	}
	emptied := strings.Count(g.log.String(), file)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	within(t, 10*time.Second, "a word about the missing file", func() bool { return strings.Count(g.log.String(), file) > emptied })
	if key := sent(); key != "second-key-of-the-file" {
		t.Errorf("sent %q after the file was removed", key)
	}
	if status := g.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if log := g.log.String(); strings.Contains(log, "key-of-the-file") {
		t.Errorf("a key shows in\n%s", log)
	}
}
