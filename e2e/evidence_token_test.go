package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEvidenceAsksForTheAdminToken: with a token configured nothing that shows
// or changes anything answers without it, and the commands find it by the
// configuration or say how.
func TestEvidenceAsksForTheAdminToken(t *testing.T) {
	const token = "admin-token-7f3A91c2E8b3D605"
	_, upstream := startSimulator(t)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g := startGate(t, append(upstreamEnv(upstream), "CLEENGATE_ADMIN_TOKEN_FILE="+file))
	call(t, "GET", g.url+"/customers/1", "", "X-Request-Id", "bad")
	for _, route := range []string{"exchanges", "exchanges/bad", "exchanges/bad.har", "exchanges/bad.curl", "exchanges/bad.md", "bundle", "bundle?request_id=bad", "quota", "limits", "credentials", "status", "cache"} {
		if status, _, body := call(t, "GET", g.admin+"/api/v1/"+route, ""); status != http.StatusForbidden || strings.Contains(body, "/customers") {
			t.Errorf("%s without the token: %d %.200s", route, status, body)
		}
		if status, _, body := call(t, "GET", g.admin+"/api/v1/"+route, "", "Authorization", "Bearer "+token); status != http.StatusOK {
			t.Errorf("%s with the token: %d %.200s", route, status, body)
		}
	}
	for _, route := range []string{"GET /api/v1/events", "POST /api/v1/log-level", "POST /api/v1/cache/purge", "POST /-/reload"} {
		method, path, _ := strings.Cut(route, " ")
		if status, _, body := call(t, method, g.admin+path, ""); status != http.StatusForbidden {
			t.Errorf("%s without the token: %d %.200s", route, status, body)
		}
	}
	dir := t.TempDir()
	for _, command := range []string{"bundle", "quota", "tail"} {
		if out, errs, status := in(t, dir, command, "--admin", g.admin); status != 1 || !strings.Contains(errs, "asks for a token") || !strings.Contains(errs, "--config FILE") {
			t.Errorf("%s: %d %s %s", command, status, out, errs)
		}
	}
	config := filepath.Join(dir, "cleengate.yaml")
	if err := os.WriteFile(config, []byte("admin: {token_file: "+file+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"bundle", "quota"} {
		if out, errs, status := in(t, dir, command, "--admin", g.admin, "--config", config); status != 0 {
			t.Errorf("%s: %d %s %s", command, status, out, errs)
		}
	}
	g.stop()
}
