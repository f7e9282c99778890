package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// TestHeaderCredential puts a field of one's own into calls of one's own
// upstream. When the file has changed, the first call that is refused gets its
// answer all the same.
func TestHeaderCredential(t *testing.T) {
	t.Parallel()
	var accepted atomic.Value
	accepted.Store("first value of the file")
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Own-Key") != accepted.Load() {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, r.Header.Get("X-Own-Key")+"|"+r.Header.Get("X-Publisher-Token"))
	}))
	t.Cleanup(upstream.Close)
	dir := t.TempDir()
	file, conf := filepath.Join(dir, "value"), filepath.Join(dir, "cleengate.yaml")
	put := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(file, "first value of the file\n")
	put(conf, "credentials: {own: {kind: header, name: X-Own-Key, value_file: "+file+"}}\nupstreams: {own: {url: \""+upstream.URL+"\", prefix: /own/, credential: own}}\n")
	g := startGate(t, upstreamEnv(upstream.URL), "--config", conf)
	want := func(value string, fields ...string) {
		t.Helper()
		if status, _, body := call(t, "GET", g.url+"/own/thing", "", fields...); status != http.StatusOK || body != value+"|" {
			t.Errorf("%d %q, want %q", status, body, value)
		}
	}
	want("first value of the file")
	put(file, "second value of the file\n")
	accepted.Store("second value of the file")
	want("second value of the file")
	accepted.Store("the app's own")
	want("the app's own", "X-Own-Key", "the app's own")
	g.stop()
	findsNone(t, g.log.String(), "second value of the file")
}
