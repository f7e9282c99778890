package e2e

import (
	"encoding/base64"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPromise01_CanarySecretsShowNowhere puts secrets into every place that can
// hold one, fails calls in many ways at the most talkative level, and looks for
// them in all that the process shows.
func TestPromise01_CanarySecretsShowNowhere(t *testing.T) {
	_, upstream := startSimulator(t)
	dir := t.TempDir()
	canaries := map[string]string{}
	secret := func(name string) string {
		canaries[name] = "cnry-" + name + "-4f7a91c2e8b3d605"
		return canaries[name]
	}
	file := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(secret(name)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	env := append(upstreamEnv(upstream), "CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS_FILE="+file("publisher-key"),
		"CLEENGATE_GUARD_CLIENT_TOKEN_FILE="+file("client-token"), "CLEENGATE_ADMIN_TOKEN_FILE="+file("admin-token"), "CLEENGATE_LOG_LEVEL=debug")
	g := startGate(t, env)
	var shown strings.Builder
	do := func(method, path, body string, fields ...string) {
		fields = append(fields, "Cleengate-Token", canaries["client-token"], "Cleengate-Client", "plain-client", "X-Request-Id", "plain-request")
		_, header, answer := call(t, method, g.url+path, body, fields...)
		if strings.HasPrefix(header.Get("Content-Type"), "application/problem") {
			shown.WriteString(answer)
		}
		for name, values := range header {
			shown.WriteString(name + ": " + strings.Join(values, ",") + "\n")
		}
	}
	jwt := "eyJhbGciOiJSUzI1NiJ9.eyJjdXN0b21lcklkIjoxfQ." + secret("jwt")
	do("GET", "/3.1/offers", "")
	do("GET", "/3.1/offers?secret="+secret("query"), "", "X-Publisher-Token", secret("own-key"))
	do("GET", "/customers/1", "", "Authorization", "Bearer "+jwt, "Cookie", "session="+secret("cookie"))
	do("POST", "/auths", `{"email":"`+secret("email")+`@example.com","password":"`+secret("password")+`"}`)
	do("POST", "/3.0/json-rpc", `{"method":"listCustomers","params":{"publisherToken":"`+secret("rpc-token")+`"},"id":1}`)
	do("POST", "/3.0/json-rpc", `broken `+secret("broken-body"))
	do("GET", "/offers/S1/customers/"+secret("path")+"@example.com", "", "Authorization", "Bearer "+jwt)
	do("POST", "/auths/refresh_token", `{"refreshToken":"`+secret("refresh")+`"}`)
	do("GET", "/3.1/offers", "", "Origin", "https://"+secret("origin-user")+"@evil.example")
	do("GET", "/-/"+secret("wrong-token")+"/3.1/offers", "")
	do("TRACE", "/3.1/"+secret("traced"), "")
	admin := []string{"Authorization", "Bearer " + canaries["admin-token"]}
	for _, path := range []string{"/metrics", "/api/v1/status", "/api/v1/limits", "/api/v1/credentials", "/readyz", "/nothing"} {
		_, _, body := call(t, "GET", g.admin+path, "", admin...)
		shown.WriteString(body)
	}
	_, _, body := call(t, "GET", g.admin+"/api/v1/status", "", "Authorization", "Bearer wrong")
	shown.WriteString(body)
	g.stop()
	shown.WriteString(g.log.String())
	all := shown.String()
	for name, value := range canaries {
		if name == "origin-user" {
			continue // part of a malformed Origin, which is refused as such and never a secret of ours
		}
		for _, form := range []string{value, url.QueryEscape(value), base64.StdEncoding.EncodeToString([]byte(value))[:24], base64.RawURLEncoding.EncodeToString([]byte(value))[:24]} {
			if at := strings.Index(all, form); at >= 0 {
				t.Errorf("%s shows: %s", name, all[max(0, at-80):min(len(all), at+80)])
			}
		}
	}
	for _, plain := range []string{"plain-client", "plain-request", "/3.1/offers", "credential_invalid", "cleengate_requests_total", "/offers/{offerId}/customers/{email}"} {
		if !strings.Contains(all, plain) {
			t.Errorf("%s is missing: too much is hidden", plain)
		}
	}
}
