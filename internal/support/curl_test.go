package support

import (
	"context"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/journal"
)

// runScript runs a script of Curl against a server that answers 200 and tells
// what arrived.
func runScript(t *testing.T, script string, env ...string) (out string, status int) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CLEENGATE_E2E_REQUIRED") != "" {
			t.Fatal("curl is missing; make test installs it")
		}
		t.Skip("curl is missing; make test installs it")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "curl.sh")
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), "/bin/sh", path)
	cmd.Dir, cmd.Env = dir, append(env, "PATH="+os.Getenv("PATH"))
	b, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// arrival serves one call and keeps it.
func arrival(t *testing.T) (url string, got func() (*http.Request, string)) {
	t.Helper()
	var last *http.Request
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		last, body = r, string(b)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() (*http.Request, string) { return last, body }
}

// The script sends the very call again once the hidden values are put in:
// method, path, raw query, header and body.
func TestCurlRepeatsTheCall(t *testing.T) {
	base, got := arrival(t)
	rec := &journal.Record{}
	rec.Method, rec.Endpoint, rec.Upstream, rec.Status = "PATCH", "/3.1/offers/{offerId}", "core", 401
	rec.Attempts = []journal.AttemptRecord{{Request: journal.Message{
		Method: "PATCH", URL: base + "/3.1/a%2Fb/../c;d?x=[1]&secret=[redacted:00000001]&y=%zz",
		Header: []journal.Field{{Name: "Content-Type", Value: "application/json"}, {Name: "Host", Value: "x"}, {Name: "X-Odd", Value: "$(id) `id` 'q' \"d\" \\"}, {Name: "X-Publisher-Token", Value: `"[redacted:00000002]"`}},
		Body:   journal.Body{Form: journal.FormWhole, Bytes: []byte("{\"a\":\"it's @x\\n\",\n\"token\":\"[redacted:00000002]\"}"), Size: 9},
	}}}
	out, status := runScript(t, string(Curl(Case{Record: rec})), "VALUE_SECRET=a%20b", "PUBLISHER_TOKEN=k'ey")
	r, body := got()
	if status != 0 || r == nil || !strings.Contains(out, "200 OK") {
		t.Fatalf("%d %s", status, out)
	}
	if r.Method != "PATCH" || r.RequestURI != "/3.1/a%2Fb/../c;d?x=[1]&secret=a%20b&y=%zz" {
		t.Errorf("%s %s", r.Method, r.RequestURI)
	}
	if r.Header.Get("X-Odd") != "$(id) `id` 'q' \"d\" \\" || r.Header.Get("X-Publisher-Token") != `"k'ey"` || strings.HasPrefix(r.Host, "x") {
		t.Errorf("%v %s", r.Header, r.Host)
	}
	if body != "{\"a\":\"it's @x\\n\",\n\"token\":\"k'ey\"}" {
		t.Errorf("%s", body)
	}
}

func TestCurlAsksForHiddenValues(t *testing.T) {
	base, got := arrival(t)
	rec := &journal.Record{}
	rec.Method, rec.Endpoint = "GET", "/3.1/offers"
	rec.Attempts = []journal.AttemptRecord{{Request: journal.Message{Method: "GET", URL: base + "/3.1/offers", Header: []journal.Field{{Name: "X-Publisher-Token", Value: "[redacted:00000002]"}}}}}
	if out, status := runScript(t, string(Curl(Case{Record: rec}))); status == 0 || !strings.Contains(out, "PUBLISHER_TOKEN") {
		t.Errorf("%d %s", status, out)
	}
	if r, _ := got(); r != nil {
		t.Error("it was sent without the key")
	}
}

// A call that is not safe to repeat needs a word more, and says why.
func TestCurlWarnsOfUnsafeCalls(t *testing.T) {
	for _, tt := range []struct{ upstream, method, endpoint, want string }{
		{"mediastore", "POST", "/payments", "charge twice"},
		{"mediastore", "POST", "/orders", "carried out twice"},
		{"mediastore", "POST", "/auths", "noticed"},
		{"core", "POST", "other", "not known"},
		{"rpc", "POST", "/3.0/json-rpc#batch", "not known"},
		{"rpc", "POST", "/3.0/json-rpc#registerCustomer", "carried out twice"},
		{"core", "GET", "/3.1/offers", ""},
		{"core", "HEAD", "/3.1/offers", ""},
		{"core", "GET", "other", ""},
		{"core", "PATCH", "/3.1/offers/{offerId}", ""},
		{"mine", "POST", "/payments", "charge twice"},
	} {
		base, got := arrival(t)
		rec := &journal.Record{}
		rec.Method, rec.Endpoint, rec.Upstream = tt.method, tt.endpoint, tt.upstream
		rec.Attempts = []journal.AttemptRecord{{Request: journal.Message{Method: tt.method, URL: base + "/x"}}}
		script := string(Curl(Case{Record: rec}))
		out, status := runScript(t, script)
		r, _ := got()
		if safe := tt.want == ""; status != 0 || safe != (r != nil) || !strings.Contains(out, tt.want) || safe == strings.Contains(script, "WARNING") {
			t.Errorf("%s %s: %d %s, sent: %v", tt.method, tt.endpoint, status, out, r != nil)
		}
		if tt.want == "" {
			continue
		}
		if _, status := runScript(t, script, "REPEAT_UNSAFE_CALL=yes"); status != 0 {
			t.Errorf("%s %s does not run when asked for", tt.method, tt.endpoint)
		}
		if r, _ := got(); r == nil {
			t.Errorf("%s %s is not sent when asked for", tt.method, tt.endpoint)
		}
	}
}

// What is not at hand is asked for, and what is not repeated is said.
func TestCurlTellsWhatDiffers(t *testing.T) {
	rec := &journal.Record{}
	rec.Method, rec.Endpoint, rec.Upstream = "PUT", "/customers/{customerId}/consents", "mediastore"
	m := &rec.Request
	m.Method, m.URL = "PUT", "/customers/1/consents"
	m.Header = []journal.Field{{Name: "Authorization", Value: ""}, {Name: "Accept-Encoding", Value: "gzip"}, {Name: "Content-Encoding", Value: "gzip"}}
	for _, tt := range []struct {
		body journal.Body
		want []string
	}{
		{journal.Body{Form: journal.FormShape, Bytes: []byte(`{"a":"string(3)"}`), Size: 9}, []string{"--data-binary @request-body", `# Its shape: {"a":"string(3)"}`}},
		{journal.Body{Form: journal.FormWhole, Bytes: []byte(`{"a":`), Size: 9000, Cut: true}, []string{"--data-binary @request-body", "The beginning of a body of 9000 bytes."}},
		{journal.Body{Form: journal.FormBinary, Bytes: []byte(`[9 bytes of image/png]`), Size: 9}, []string{"--data-binary @request-body", "no text"}},
		{journal.Body{Form: journal.FormNone, Size: 9}, []string{"--data-binary @request-body", "left out"}},
		{journal.Body{Form: journal.FormWhole, Bytes: []byte(`{}`), Size: 22, Encoding: "gzip"}, []string{"--data-binary '{}'", "coding gzip, which is undone"}},
		{journal.Body{Form: journal.FormNone}, []string{"empty value, and left out here: Authorization", "--compressed"}},
	} {
		m.Body = tt.body
		script := string(Curl(Case{Record: rec, Gate: "http://127.0.0.1:8401/"}))
		for _, want := range append(tt.want, "'http://127.0.0.1:8401/customers/1/consents'", "to the proxy") {
			if !strings.Contains(script, want) {
				t.Errorf("%q is missing in\n%s", want, script)
			}
		}
		if strings.Contains(script, "Content-Encoding: gzip") != (tt.body.Form != journal.FormWhole) {
			t.Errorf("Content-Encoding in\n%s", script)
		}
	}
}

// What takes the call the way that it took is in the script, without the values
// of this host.
func TestCurlGoesTheSameWay(t *testing.T) {
	rec := &journal.Record{}
	rec.Method, rec.Endpoint, rec.Upstream = "GET", "/3.1/offers", "core"
	rec.Request = journal.Message{Method: "GET", URL: "/3.1/offers"}
	c := Case{Record: rec, Gate: "http://localhost", Socket: true, Ways: map[string]Way{"core": {Authority: true, Direct: true}, "rpc": {Proxy: true}}}
	script := string(Curl(c))
	if !strings.Contains(script, `--unix-socket "${CLEENGATE_SOCKET}"`) || strings.Contains(script, "--cacert") {
		t.Errorf("to the proxy:\n%s", script)
	}
	if out, status := runScript(t, script); status == 0 || !strings.Contains(out, "set it to the path of cleengate's unix socket") {
		t.Errorf("%d %s", status, out)
	}
	socket := filepath.Join(t.TempDir(), "s")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "socket "+r.URL.Path) })}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	if out, status := runScript(t, script, "CLEENGATE_SOCKET="+socket); status != 0 || !strings.Contains(out, "socket /3.1/offers") {
		t.Errorf("%d %s", status, out)
	}
	_ = server.Close()
	<-served

	upstream := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "trusted") }))
	defer upstream.Close()
	authority := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: upstream.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	rec.Attempts = []journal.AttemptRecord{{Request: journal.Message{Method: "GET", URL: upstream.URL + "/3.1/offers"}}}
	script = string(Curl(c))
	if out, status := runScript(t, script, "UPSTREAM_CA_FILE="+authority, "https_proxy=http://127.0.0.1:1"); status != 0 || !strings.Contains(out, "trusted") {
		t.Errorf("%d %s\n%s", status, out, script)
	}
	rec.Upstream = "rpc"
	if script = string(Curl(c)); !strings.Contains(script, "# cleengate sends it through the proxy of upstreams.rpc.proxy") || strings.Contains(script, "--cacert") {
		t.Errorf("through a proxy:\n%s", script)
	}
}
