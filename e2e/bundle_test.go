package e2e

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/simulator"
)

const failing = "the-failing-call" // request id

// failure is one cause, brought about with the real program.
type failure struct {
	cause  string
	status int
	knobs  string
	env    []string
	call   func(t *testing.T, sim *simulator.Simulator, upstream, gate string) (status int, secrets []string)
	// body is put where the bundle does not keep the request's.
	body string
}

// jwt logs the sample customer in, past the proxy.
func jwt(t *testing.T, upstream string) string {
	t.Helper()
	_, _, body := call(t, "POST", upstream+"/auths", `{"email":"jane@example.com","password":"Sunny-Day-42","publisherId":"870553921"}`, "Content-Type", "application/json")
	var login struct{ ResponseData struct{ JWT string } }
	if err := json.Unmarshal([]byte(body), &login); err != nil || login.ResponseData.JWT == "" {
		t.Fatalf("%s %v", body, err)
	}
	return login.ResponseData.JWT
}

// failingCall makes the call that fails; the rest are its header fields and
// the values of the variables that its script asks for.
func failingCall(method, path, body string, fields ...string) func(*testing.T, *simulator.Simulator, string, string) (int, []string) {
	return func(t *testing.T, _ *simulator.Simulator, _, gate string) (int, []string) {
		status, _, _ := call(t, method, gate+path, body, append(fields, "X-Request-Id", failing)...)
		var secrets []string
		for i := 0; i+1 < len(fields); i += 2 {
			if fields[i] == "X-Publisher-Token" {
				secrets = append(secrets, "PUBLISHER_TOKEN="+fields[i+1])
			}
		}
		return status, secrets
	}
}

func withJWT(method, path, body string) func(*testing.T, *simulator.Simulator, string, string) (int, []string) {
	return func(t *testing.T, _ *simulator.Simulator, upstream, gate string) (int, []string) {
		token := jwt(t, upstream)
		status, _, _ := call(t, method, gate+path, body, "Authorization", "Bearer "+token, "Content-Type", "application/json", "X-Request-Id", failing)
		return status, []string{"CUSTOMER_JWT=" + token}
	}
}

func failures() []failure {
	const (
		own      = "app-key-9Tq4Wm7Zc2Yb8Rn5Xk1Vd6Pj3Sh0Lf"
		account  = "/customers/100000001"
		password = `{"email":"jane@example.com","password":"Wrong-Day-42","publisherId":"870553921"}`
		captcha  = `{"email":"jane@example.com","password":"Sunny-Day-42","publisherId":"870553921"}`
	)
	configured := []string{"CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS=" + simulator.PublisherKey}
	key := func(f func(*testing.T, *simulator.Simulator, string, string) (int, []string)) func(*testing.T, *simulator.Simulator, string, string) (int, []string) {
		return func(t *testing.T, sim *simulator.Simulator, upstream, gate string) (int, []string) {
			status, _ := f(t, sim, upstream, gate)
			return status, []string{"PUBLISHER_TOKEN=" + simulator.PublisherKey}
		}
	}
	after := func(first string, f func(*testing.T, *simulator.Simulator, string, string) (int, []string)) func(*testing.T, *simulator.Simulator, string, string) (int, []string) {
		return func(t *testing.T, sim *simulator.Simulator, upstream, gate string) (int, []string) {
			if status, _, body := call(t, "GET", gate+first, ""); status != 200 {
				t.Fatalf("%s: %d %s", first, status, body)
			}
			return f(t, sim, upstream, gate)
		}
	}
	return []failure{
		{cause: "bad_password", status: 401, body: password, call: failingCall("POST", "/auths", password, "Content-Type", "application/json")},
		{cause: "credential_missing", status: 401, call: failingCall("GET", account, "", "Authorization", "")},
		{cause: "wrong_scheme", status: 401, call: withJWT("GET", "/3.1/offers", "")},
		{cause: "credential_malformed", status: 200, call: func(t *testing.T, _ *simulator.Simulator, _, gate string) (int, []string) {
			status, _, _ := call(t, "POST", gate+"/3.0/json-rpc", `{"method":"listSubscriptionOffers","params":{"publisherToken":"\"`+own+`\"","offset":0},"jsonrpc":"2.0","id":1}`, "X-Request-Id", failing, "Content-Type", "application/json")
			return status, []string{"PUBLISHER_TOKEN=" + own}
		}},
		{cause: "rejected", status: 200, call: func(t *testing.T, _ *simulator.Simulator, _, gate string) (int, []string) {
			status, _, _ := call(t, "POST", gate+"/3.0/json-rpc", `{"method":"inventPrices","params":{"publisherToken":"`+own+`"},"jsonrpc":"2.0","id":1}`, "X-Request-Id", failing, "Content-Type", "application/json")
			return status, []string{"PUBLISHER_TOKEN=" + own}
		}},
		{cause: "credential_expired", status: 401, knobs: `{"credentials":{"jwt_lifetime":"1ms"}}`, call: withJWT("GET", account, "")},
		{cause: "insufficient_permission", status: 401, knobs: `{"credentials":{"denied":[{"match":"GET /3.1/subscriptions","status":401}]}}`, env: configured, call: key(after("/3.1/offers", failingCall("GET", "/3.1/subscriptions", "")))},
		{cause: "ip_not_allowed", status: 401, knobs: `{"credentials":{"ip_denied_names_address":true}}`, call: func(t *testing.T, sim *simulator.Simulator, upstream, gate string) (int, []string) {
			if err := sim.AddKey(simulator.Key{Name: "elsewhere", Value: own, AllowedIPs: []string{"192.0.2.7/32"}}); err != nil {
				t.Fatal(err)
			}
			return failingCall("GET", "/3.1/offers?offset=0&note=[x]", "", "X-Publisher-Token", own)(t, sim, upstream, gate)
		}},
		{cause: "credential_invalid", status: 401, call: failingCall("GET", "/3.1/offers", "", "X-Publisher-Token", own, "X-Odd", "it's $(odd) `too`")},
		{cause: "unknown", status: 401, knobs: `{"faults":[{"kind":"status","match":"GET /customers/*","status":401,"body":"{\"message\":\"no\"}"}]}`, call: withJWT("GET", account, "")},
		{cause: "insufficient_permission", status: 403, knobs: `{"credentials":{"denied":[{"match":"GET /3.1/subscriptions"}]}}`, env: configured, call: key(failingCall("GET", "/3.1/subscriptions", ""))},
		{
			cause: "limit_exceeded burst unknown", status: 429, knobs: `{"quota":{"limits":[{"limit":1,"window":"1h","align":"first"}],"dialects":["x-ratelimit"],"headers_on":"429","retry_after":"seconds"}}`, env: configured,
			call: key(after("/3.1/offers", failingCall("GET", "/3.1/offers/S100000001_US", "", "Prefer", "wait=2"))),
		},
		{cause: "captcha_required", status: 429, knobs: `{"data":{"captcha_on_login":"required"}}`, body: captcha, call: failingCall("POST", "/auths", captcha, "Content-Type", "application/json")},
		{cause: "captcha_failed", status: 429, knobs: `{"data":{"captcha_on_login":"failed"}}`, body: captcha, call: failingCall("POST", "/auths", captcha, "Content-Type", "application/json")},
		{cause: "upstream_fault", status: 503, knobs: `{"faults":[{"kind":"status","match":"POST /orders","status":503,"body":"{\"message\":\"down\"}"}]}`, call: withJWT("POST", "/orders", `{"offerId":"S100000001_US","customerId":"100000001"}`)},
		{cause: "patience_exceeded", status: 503, env: append(slices.Clone(configured), "CLEENGATE_LIMITS_PUBLISHER_RATE=1/m"), call: after("/3.1/offers", failingCall("GET", "/3.1/offers/S100000001_US", "", "Prefer", "wait=1"))},
	}
}

// fetched is a bundle as the command writes it.
func fetched(t *testing.T, g *gate, args ...string) (dir string, parts map[string]string) {
	t.Helper()
	dir = t.TempDir()
	path := filepath.Join(dir, "bundle.zip")
	out, status := run(t, nil, append([]string{"bundle", "--admin", g.admin, "-o", path}, args...)...)
	if status != 0 {
		t.Fatalf("bundle: %d %s", status, out)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	archive, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	parts = make(map[string]string)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		parts[f.Name] = string(b)
		if err := os.WriteFile(filepath.Join(dir, f.Name), b, f.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	return dir, parts
}

var (
	statusLine = regexp.MustCompile(`(?m)^HTTP/1\.1 (\d{3})`)
	variable   = regexp.MustCompile(`(?m)^: "\$\{([A-Z0-9_]+):\?`)
)

// TestBundleOfEachCause: the command tells the cause, the report begins with
// it, independent tools take the HAR and the curl line, and that line gives
// the same answer again.
func TestBundleOfEachCause(t *testing.T) {
	_, err := exec.LookPath("curl")
	need(t, "curl", err == nil)
	for _, f := range failures() {
		t.Run(strings.Fields(f.cause)[0]+"_"+strconv.Itoa(f.status), func(t *testing.T) {
			t.Parallel()
			sim, upstream := startSimulator(t)
			if f.knobs != "" {
				if err := sim.Patch([]byte(f.knobs)); err != nil {
					t.Fatal(err)
				}
			}
			g := startGate(t, append(append(upstreamEnv(upstream), "CLEENGATE_EGRESS_ADDRESS=198.51.100.7"), f.env...))
			status, secrets := f.call(t, sim, upstream, g.url)
			if status != f.status {
				t.Fatalf("the call got %d, want %d", status, f.status)
			}
			dir, parts := fetched(t, g)
			var m struct {
				RequestID string `json:"request_id"`
				Diagnosis string `json:"diagnosis"`
			}
			if err := json.Unmarshal([]byte(parts["manifest.json"]), &m); err != nil {
				t.Fatal(err)
			}
			if m.RequestID != failing || !slices.Contains(strings.Fields(f.cause), m.Diagnosis) {
				t.Errorf("the newest failure is %s, diagnosed as %s; want %s", m.RequestID, m.Diagnosis, f.cause)
			}
			if report := parts["report.md"]; !strings.Contains(report[:min(len(report), 400)], m.Diagnosis) || !strings.Contains(report, "198.51.100.7") {
				t.Errorf("the report begins with\n%s", report[:min(len(report), 400)])
			}
			repeat(t, dir, parts["curl.sh"], f, secrets)
			t.Run("importers", func(t *testing.T) { imported(t, dir, parts["exchange.har"]) })
			for name, content := range parts {
				for _, s := range secrets {
					if _, value, _ := strings.Cut(s, "="); strings.Contains(content, value) {
						t.Errorf("%s shows a secret", name)
					}
				}
			}
			g.stop()
		})
	}
}

// repeat runs the script and wants the same status.
func repeat(t *testing.T, dir, script string, f failure, secrets []string) {
	t.Helper()
	if f.body != "" {
		if err := os.WriteFile(filepath.Join(dir, "request-body"), []byte(f.body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range variable.FindAllStringSubmatch(script, -1) {
		if !slices.ContainsFunc(secrets, func(s string) bool { return strings.HasPrefix(s, v[1]+"=") }) {
			secrets = append(secrets, v[1]+"=any") // a hidden value that does not matter
		}
	}
	cmd := exec.Command("/bin/sh", "./curl.sh")
	cmd.Dir, cmd.Env = dir, append(secrets, "PATH="+os.Getenv("PATH"), "REPEAT_UNSAFE_CALL=yes")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s\n%s", err, out, script)
		return
	}
	if got := statusLine.FindSubmatch(out); got == nil || string(got[1]) != strconv.Itoa(f.status) {
		t.Errorf("the curl line does not give %d:\n%s\n%s", f.status, out, script)
	}
}

// imported gives the HAR and the curl line to independent tools: a validator,
// and the importers of Postman and Insomnia.
func imported(t *testing.T, dir, har string) {
	t.Helper()
	_, err := exec.LookPath("node")
	need(t, "node", err == nil)
	_, err = os.Stat("importers/node_modules/har-validator")
	need(t, "the npm package har-validator", err == nil)
	cmd := exec.Command("node", "--no-warnings", "import.mjs", dir)
	cmd.Dir = "importers"
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, out, har)
	}
	type request struct{ Method, URL string }
	var got struct {
		Entries           int
		HAR               []request
		Postman, Insomnia []request
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var want struct {
		Log struct {
			Entries []struct{ Request request }
		}
	}
	if err := json.Unmarshal([]byte(har), &want); err != nil {
		t.Fatal(err)
	}
	if got.Entries != len(want.Log.Entries) || len(got.HAR) != got.Entries || len(got.Postman) != 1 || len(got.Insomnia) != 1 {
		t.Fatalf("%d entries, taken for %s", len(want.Log.Entries), out)
	}
	if got.Entries == 0 {
		return // it never went upstream
	}
	sent := want.Log.Entries[got.Entries-1].Request
	bare, _, _ := strings.Cut(sent.URL, "?")
	for tool, r := range map[string]request{"Insomnia, from the HAR": got.HAR[got.Entries-1], "Postman": got.Postman[0], "Insomnia": got.Insomnia[0]} {
		if r.Method != sent.Method || !strings.HasPrefix(r.URL, bare) {
			t.Errorf("%s took %s %s for %s %s", tool, sent.Method, sent.URL, r.Method, r.URL)
		}
	}
}
