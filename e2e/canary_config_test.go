package e2e

import (
	"encoding/base64"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// traces are the forms in which a text may show: as it is, escaped for a URL,
// and in base64 at each of the three places it can have among other bytes.
func traces(secret string) []string {
	forms := []string{secret, url.QueryEscape(secret), url.PathEscape(secret)}
	for shift := range 3 {
		whole := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + secret))
		middle := whole[4 : len(whole)-4] // without what depends on the neighbours
		forms = append(forms, middle, strings.NewReplacer("+", "-", "/", "_").Replace(middle))
	}
	return forms
}

// findsNone fails if any form of the secret is in what was shown.
func findsNone(t *testing.T, shown, secret string) {
	t.Helper()
	for _, form := range traces(secret) {
		if at := strings.Index(shown, form); at >= 0 {
			t.Errorf("the secret shows: %s", shown[max(0, at-120):min(len(shown), at+120)])
		}
	}
}

const canary = "cnry-?/+~-9d41c07be2f8a356"

// TestPromise01_ConfigurationsShowNoSecret puts a secret where the
// configuration wants one, and where it is wrong.
func TestPromise01_ConfigurationsShowNoSecret(t *testing.T) {
	for name, tt := range map[string]struct {
		file   string
		env    string
		status int
		plain  string
	}{
		"in force":         {file: "credentials: {publisher: {tokens: [SECRET]}, own: {kind: session, email: jane@example.com, password: SECRET, publisher_id: \"870553921\"}}", plain: "870553921"},
		"environment":      {env: "CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS=SECRET", plain: "publisher"},
		"no list":          {file: "credentials: {publisher: {tokens: {a: SECRET}}}", status: 2, plain: "credentials.publisher.tokens"},
		"unknown key":      {file: "credentials: {publisher: {token: SECRET}}", status: 2, plain: "credentials.publisher.token"},
		"twice":            {file: "credentials: {publisher: {tokens: [SECRET], tokens: [SECRET]}}", status: 2, plain: "cleengate.yaml:1"},
		"no YAML":          {file: "credentials: {publisher: {tokens: [SECRET}", status: 2, plain: "cleengate.yaml:1"},
		"as a kind":        {file: "credentials: {own: {kind: header, name: X-Own, value: SECRET, password: SECRET}}", status: 2, plain: "credentials.own"},
		"in a URL":         {file: "upstreams: {core: {url: \"https://user:ESCAPED@api.example\"}}", status: 2, plain: "upstreams.core.url"},
		"unknown variable": {env: "CLEENGATE_CREDENTIALS_PUBLISHER_TOKEN=SECRET", plain: "CLEENGATE_CREDENTIALS_PUBLISHER_TOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			env := []string{"CLEENGATE_STATE_DIR=none", strings.ReplaceAll(tt.env, "SECRET", canary)}
			args := []string{"check"}
			if tt.file != "" {
				file := filepath.Join(t.TempDir(), "cleengate.yaml")
				content := strings.NewReplacer("SECRET", `"`+canary+`"`, "ESCAPED", url.QueryEscape(canary)).Replace(tt.file)
				if err := os.WriteFile(file, []byte(content+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				args = append(args, "--config", file)
			}
			shown, status := run(t, env, args...)
			if status != tt.status {
				t.Errorf("exit status %d, want %d\n%s", status, tt.status, shown)
			}
			findsNone(t, shown, canary)
			if !strings.Contains(shown, tt.plain) {
				t.Errorf("%s is missing in\n%s", tt.plain, shown)
			}
		})
	}
}

// TestPromise01_UpstreamFaultsShowNoSecret lets calls that carry secrets end
// in answers of cleengate itself, at the most talkative level.
func TestPromise01_UpstreamFaultsShowNoSecret(t *testing.T) {
	garbage := record(t, "SMTP/1.1 "+canary+"\r\n\r\n")
	for name, upstream := range map[string]string{"nobody there": "http://127.0.0.1:1", "no HTTP": garbage.url} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := startGate(t, append(upstreamEnv(upstream), "CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS="+canary,
				"CLEENGATE_LOG_LEVEL=debug", "CLEENGATE_RETRY_BASE=1ms"))
			var shown strings.Builder
			escaped := url.QueryEscape(canary)
			do := func(method, path, body string, fields ...string) {
				status, header, answer := call(t, method, g.url+path, body, append(fields, "X-Own-Secret", canary)...)
				if status != 502 || !strings.Contains(answer, "upstream_") {
					t.Errorf("%s %s: %d %s", method, path[:4], status, answer)
				}
				shown.WriteString(answer)
				for name, values := range header {
					shown.WriteString(name + ": " + strings.Join(values, ",") + "\n")
				}
			}
			do("GET", "/3.1/offers?token="+escaped, "")
			do("GET", "/customers/1?customerToken="+escaped, "", "Authorization", "Bearer "+canary, "Cookie", "a="+canary)
			do("POST", "/auths", `{"email":"jane@example.com","password":"`+canary+`"}`, "Content-Type", "application/json")
			do("POST", "/3.0/json-rpc", `{"method":"listVodOffers","params":{"publisherToken":"","customerToken":"`+canary+`"},"id":"plain-id"}`)
			for _, path := range []string{"/metrics", "/api/v1/status", "/api/v1/limits", "/api/v1/credentials"} {
				_, _, body := call(t, "GET", g.admin+path, "")
				shown.WriteString(body)
			}
			g.stop()
			shown.WriteString(g.log.String())
			findsNone(t, shown.String(), canary)
			for _, plain := range []string{"plain-id", "/3.1/offers", "upstream_"} {
				if !strings.Contains(shown.String(), plain) {
					t.Errorf("%s is missing: too much is hidden", plain)
				}
			}
		})
	}
}
