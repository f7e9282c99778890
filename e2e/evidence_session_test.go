package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/simulator"
)

// TestReasonOfADeadSession: our own logins and refreshes have no record of
// their own, so what became of them must be told by the log, the list of
// credentials and every call that they cost.
func TestReasonOfADeadSession(t *testing.T) {
	sim, upstream := startSimulator(t)
	dir := t.TempDir()
	password, config := filepath.Join(dir, "password"), filepath.Join(dir, "cleengate.yaml")
	const secret = "Sunny-Day-42"
	for name, content := range map[string]string{
		password: secret + "\n",
		config: `credentials:
  service: {kind: session, email: jane@example.com, password_file: ` + password + `, publisher_id: "870553921"}
upstreams:
  mediastore: {credential: service}
`,
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g := startGate(t, upstreamEnv(upstream), "--config", config)
	const path = "/customers/100000001"
	eventually(t, "the login", func() bool { status, _, _ := call(t, "GET", g.url+path, ""); return status == http.StatusOK })

	// The session is revoked, and so is the password: the next call is refused,
	// and neither refresh nor login helps.
	if err := sim.Patch([]byte(`{"faults":[{"kind":"status","match":"POST /auths","status":401,"body":"{\"code\":\"USER0001\",\"errors\":[\"wrong\"]}"}]}`)); err != nil {
		t.Fatal(err)
	}
	sim.Revoke(simulator.Revocation{JWTs: true, RefreshTokens: true})
	status, _, body := call(t, "GET", g.url+path, "", "X-Request-Id", "dead")
	if status != http.StatusBadGateway || !strings.Contains(body, "USER0001") {
		t.Fatalf("%d %s", status, body)
	}
	_, parts := fetched(t, g, "dead")
	_, _, listed := call(t, "GET", g.admin+"/api/v1/exchanges?limit=1", "")
	_, _, credentials := call(t, "GET", g.admin+"/api/v1/credentials", "")
	g.stop()
	for what, want := range map[string][]string{
		parts["report.md"]:      {"(`credential_rejected`)", "USER0001", "password or refresh token", "Cleeng answered attempt 1 with 401"},
		parts["environment.md"]: {"USER0001", `"valid": false`},
		listed:                  {"credential_rejected", "The configured session is dead"},
		credentials:             {"USER0001"},
		g.log.String():          {"the session could not be renewed", "USER0001", `"request_id":"dead"`},
	} {
		for _, text := range want {
			if !strings.Contains(what, text) {
				t.Errorf("%q is missing in\n%s", text, what)
			}
		}
		for _, hidden := range []string{secret, "jane@example.com"} {
			if strings.Contains(what, hidden) {
				t.Errorf("%q shows in\n%s", hidden, what)
			}
		}
	}
}
