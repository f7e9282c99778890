package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// spelledOut are the forms in which a value must not show.
func spelledOut(value string) []string {
	quoted, _ := json.Marshal(value)
	forms := []string{value, url.QueryEscape(value), url.PathEscape(value), hex.EncodeToString([]byte(value)), strings.Trim(string(quoted), `"`)}
	for lead := range 3 {
		padded := append(make([]byte, lead), value...)
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := enc.EncodeToString(padded)
			forms = append(forms, text[4:len(text)-4])
		}
	}
	return forms
}

// send makes a call whose body goes out in small pieces.
func send(t *testing.T, method, target, body string, fields ...string) int {
	t.Helper()
	r, w := io.Pipe()
	go func() {
		for len(body) > 0 {
			n := min(7, len(body))
			if _, err := io.WriteString(w, body[:n]); err != nil {
				return
			}
			body = body[n:]
		}
		_ = w.Close()
	}()
	req, err := http.NewRequestWithContext(t.Context(), method, target, r)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		req.Header.Add(fields[i], fields[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode
}

// TestPromise01_CanariesInEvidence puts secrets and personal data into every
// place of requests and answers, in every spelling, and looks for them in all
// that can be sent to support.
func TestPromise01_CanariesInEvidence(t *testing.T) {
	sim, upstream := startSimulator(t)
	canaries := map[string]string{}
	secret := func(name string) string {
		canaries[name] = "Cnry" + strings.ReplaceAll(name, "-", "") + "7f3A91c2E8b3D605q+/x"
		return canaries[name]
	}
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte("key:" + s + ":end")) }
	nested := func(v any) string { b, _ := json.Marshal(v); return string(b) }
	key := secret("configured-key")
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	token := "eyJhbGciOiJSUzI1NiJ9.eyJjdXN0b21lcklkIjoxfQ." + strings.NewReplacer("+", "-", "/", "_").Replace(secret("jwt-signature"))
	canaries["jwt"] = token
	person := strings.ToLower("jane.canary") + "@example.org"
	canaries["email"] = person
	answer := nested(map[string]any{
		"message": "The token " + token + " is not good for " + person, "code": "AUTH0002", "errors": []string{"see " + upstream + "/x?token=" + url.QueryEscape(key), b64(key), hex.EncodeToString([]byte(key))},
		"plain": "plain-answer", "inner": nested(map[string]any{"deep": nested(map[string]any{"publisherToken": secret("answer-token"), "email": person})}),
	})
	patch := nested(map[string]any{"faults": []map[string]any{{"kind": "status", "match": "POST /orders", "status": 401, "body": answer}, {"kind": "status", "match": "POST /auths", "status": 401, "body": answer}}})
	if err := sim.Patch([]byte(patch)); err != nil {
		t.Fatal(err)
	}
	g := startGate(t, append(upstreamEnv(upstream), "CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS_FILE="+file, "CLEENGATE_JOURNAL_LOG_BODIES=all", "CLEENGATE_LOG_LEVEL=debug"))
	order := nested(map[string]any{
		"offerId": "S1-plain-offer", "customerEmail": person, "jwt": token, "note": "as sent: " + token, "encoded": b64(key), "escaped": url.QueryEscape(key),
		"nested": nested(map[string]any{"password": secret("password"), "address": secret("street")}),
	})
	json1 := []string{"Content-Type", "application/json", "User-Agent", "plain-agent/1"}
	with := func(id string, fields ...string) []string {
		return append(append(append([]string{}, json1...), "X-Request-Id", id), fields...)
	}
	send(t, "POST", g.url+"/orders?token="+url.QueryEscape(secret("query"))+"&offerId=plain-query", order, with("order", "Authorization", "Bearer "+token, "Cookie", "session="+secret("cookie"), "X-Unknown", secret("unknown-field"))...)
	send(t, "POST", g.url+"/auths", nested(map[string]any{"email": person, "password": canaries["password"]}), with("login")...)
	send(t, "GET", g.url+"/offers/S1/customers/"+person, "", with("path", "Authorization", "Bearer "+token)...)
	send(t, "POST", g.url+"/3.0/json-rpc", `{"method":"listOfferIdsByVideoId","params":{"publisherToken":"`+secret("rpc-token")+`","videoId":"plain-video","note":"`+b64(key)+`","again":"`+canaries["rpc-token"]+`"},"id":1}`, with("rpc")...)
	send(t, "POST", g.url+"/nowhere/at/all", "email="+url.QueryEscape(person)+"&x="+canaries["password"], append(with("form"), "Authorization", "Basic "+b64(secret("basic")))...)
	send(t, "GET", g.url+"/3.1/offers?search="+secret("search"), "", with("core", "X-Publisher-Token", secret("own-key"))...)

	shown := map[string]string{}
	for _, id := range []string{"order", "login", "path", "rpc", "form", "core"} {
		_, parts := fetched(t, g, id)
		for name, content := range parts {
			shown[id+"/"+name] = content
		}
		for _, suffix := range []string{"", ".har", ".curl", ".md"} {
			status, _, body := call(t, "GET", g.admin+"/api/v1/exchanges/"+id+suffix, "")
			if status != 200 {
				t.Errorf("%s%s: %d %s", id, suffix, status, body)
			}
			shown[id+suffix] = body
		}
	}
	g.stop()
	shown["log"] = g.log.String()
	for where, content := range shown {
		for name, value := range canaries {
			for _, form := range spelledOut(value) {
				if at := strings.Index(content, form); at >= 0 {
					t.Errorf("%s shows the %s: %s", where, name, content[max(0, at-60):min(len(content), at+60)])
				}
			}
		}
	}
	for where, plain := range map[string][]string{
		"order/report.md":    {"S1-plain-offer", "plain-query", "plain-answer", "plain-agent/1", "AUTH0002", "Bearer [redacted:", "session=[redacted:"},
		"order/exchange.har": {"S1-plain-offer", "plain-answer", "plain-agent/1", "[redacted:"},
		"order/curl.sh":      {"S1-plain-offer", "plain-agent/1", "${CUSTOMER_JWT}"},
		"order.md":           {"S1-plain-offer"}, "order.har": {"S1-plain-offer"}, "order.curl": {"S1-plain-offer"},
		"login/report.md": {"AUTH0002", "string("},
		"path/report.md":  {"/offers/S1/customers/[redacted:"},
		"rpc/report.md":   {"listOfferIdsByVideoId", "plain-video"},
		"log":             {"plain-agent/1", "S1-plain-offer"},
	} {
		for _, text := range plain {
			if !strings.Contains(shown[where], text) {
				t.Errorf("%s does not show %q: too much is hidden", where, text)
			}
		}
	}
}
