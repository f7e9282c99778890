package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// talkative is an upstream that repeats everything it was sent, in several
// spellings, in pieces of a few bytes: what no upstream should do, and some do.
func talkative(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	sent := r.Header.Get("Authorization") + " " + r.Header.Get("X-Publisher-Token") + " " + r.Header.Get("Cookie")
	inner, _ := json.Marshal(map[string]string{"customerEmail": "nested.person@customers.example", "text": sent})
	answer, _ := json.Marshal(map[string]any{
		"code": "AUTH0002", "message": "Token " + sent + " is not valid", "errors": []string{"got " + url.QueryEscape(string(body))},
		"error": map[string]string{"base64": base64.StdEncoding.EncodeToString([]byte(sent)), "hex": hex.EncodeToString([]byte(sent)), "nested": string(inner)},
	})
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Set-Cookie", "balancer=cnry-given-cookie-0123456789abcdef; Path=/")
	if r.Method != http.MethodPost {
		w.WriteHeader(http.StatusUnauthorized)
	}
	for len(answer) > 0 {
		n := min(7, len(answer))
		_, _ = w.Write(answer[:n])
		_ = http.NewResponseController(w).Flush()
		answer = answer[n:]
	}
}

// TestPromise01_CanariesOfTheJournal looks for secrets and personal data in all
// that shows exchanges: the admin API, events, tail, exports, and the log with
// the bodies in it.
func TestPromise01_CanariesOfTheJournal(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(talkative))
	defer upstream.Close()
	key := filepath.Join(t.TempDir(), "key")
	canaries := []string{
		"cnry-configured-key-4f7a91c2e8b3d605", "cnry-own-key-7b1c55d09ea2f348", "cnry-jwt-signature-aa51f0c3", "cnry-cookie-9e8d7c6b5a403f2e", "cnry-given-cookie-0123456789abcdef",
		"cnry-password-0f1e2d3c4b5a6978", "cnry-rpc-token-1122334455667788", "cnry-query-token-8877665544332211", "cnry-refresh-99aabbccddeeff00",
		"canary.person@customers.example", "nested.person@customers.example",
	}
	if err := os.WriteFile(key, []byte(canaries[0]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g := startGate(t, append(upstreamEnv(upstream.URL), "CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS_FILE="+key,
		"CLEENGATE_JOURNAL_LOG_BODIES=all", "CLEENGATE_LOG_LEVEL=debug", "CLEENGATE_LOG_FORMAT=json"))

	tail := exec.CommandContext(t.Context(), binary, "tail", "--admin", g.admin)
	var followed output
	tail.Stdout, tail.Stderr = &followed, &followed
	if err := tail.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "tail", func() bool {
		call(t, "GET", g.url+"/3.1/offers", "", "X-Request-Id", "first")
		return strings.Contains(followed.String(), `"first"`)
	})

	jwt := "eyJhbGciOiJSUzI1NiJ9.eyJjdXN0b21lcklkIjoxfQ." + canaries[2]
	mail := url.QueryEscape(canaries[9])
	ids := map[string][]string{
		"key":     {"GET", "/3.1/offers", "", "X-Publisher-Token", canaries[1]},
		"jwt":     {"GET", "/offers/S1_US", "", "Authorization", "Bearer " + jwt, "Cookie", "session=" + canaries[3]},
		"login":   {"POST", "/auths", `{"email":"` + canaries[9] + `","password":"` + canaries[5] + `"}`, "Content-Type", "application/json"},
		"rpc":     {"POST", "/3.0/json-rpc", `{"method":"listSubscriptionOffers","params":{"publisherToken":"` + canaries[6] + `"},"id":1}`},
		"filled":  {"POST", "/3.0/json-rpc", `{"method":"listSubscriptionOffers","params":{},"id":1}`},
		"query":   {"GET", "/3.1/offers?customerToken=" + canaries[7] + "&email=" + mail, ""},
		"path":    {"GET", "/offers/S1_US/customers/" + canaries[9], "", "Authorization", "Bearer " + jwt},
		"refresh": {"POST", "/auths/refresh_token", `{"refreshToken":"` + canaries[8] + `"}`, "Content-Type", "application/json"},
		"other":   {"POST", "/unheard/of", `{"password":"` + canaries[5] + `"}`},
	}
	var shown strings.Builder
	for id, c := range ids {
		call(t, c[0], g.url+c[1], c[2], append(c[3:], "X-Request-Id", id)...)
		for _, suffix := range []string{"", ".har", ".curl", ".md"} {
			status, _, body := call(t, "GET", g.admin+"/api/v1/exchanges/"+id+suffix, "")
			if status != http.StatusOK {
				t.Errorf("%s%s: %d %s", id, suffix, status, body)
			}
			shown.WriteString(body)
		}
		eventually(t, "tail", func() bool { return strings.Contains(followed.String(), `"`+id+`"`) })
	}
	_, _, list := call(t, "GET", g.admin+"/api/v1/exchanges", "")
	shown.WriteString(list)
	_ = tail.Process.Signal(syscall.SIGINT)
	if err := tail.Wait(); err != nil {
		t.Errorf("an interrupted tail fails: %v", err)
	}
	g.stop()
	all := shown.String() + followed.String() + g.log.String()

	for _, canary := range canaries {
		encoded := base64.StdEncoding.EncodeToString([]byte(canary))
		for _, form := range []string{canary, url.QueryEscape(canary), encoded[:24], hex.EncodeToString([]byte(canary))} {
			if at := strings.Index(all, form); at >= 0 {
				t.Errorf("%s shows: %s", canary, all[max(0, at-150):min(len(all), at+80)])
			}
		}
	}
	for _, plain := range []string{`"request_id":"rpc"`, "listSubscriptionOffers", "AUTH0002", `"msg":"messages"`, `"body_form":"whole"`, `"body_form":"shape"`, "Bearer [redacted", "/3.1/offers"} {
		if !strings.Contains(all, plain) {
			t.Errorf("%s is missing: too much is hidden", plain)
		}
	}
}
