package proxy

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/support"
)

func testJWT(exp time.Time) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc(fmt.Appendf(nil, `{"customerId":1,"exp":%d}`, exp.Unix())) + "." + enc([]byte("signature"))
}

func TestDiagnosisHeader(t *testing.T) {
	good, old := testJWT(time.Now().Add(time.Hour)), testJWT(time.Now().Add(-time.Hour))
	for _, tt := range []struct {
		name, method, path string
		fields             []string
		status             int
		body, want         string
	}{
		{"bad password", "POST", "/auths", nil, 401, `{"code":"USER0001","errors":["x"]}`, "bad_password"},
		{"missing", "GET", "/customers/1", nil, 401, `{"code":"AUTH0001"}`, "credential_missing"},
		{"empty is missing", "GET", "/customers/1", []string{"Authorization", ""}, 401, `{"message":"Unauthorized"}`, "credential_missing"},
		{"basic", "GET", "/customers/1", []string{"Authorization", "Basic YTpi"}, 401, `{}`, "wrong_scheme"},
		{"key at mediastore", "GET", "/customers/1", []string{"X-Publisher-Token", "k"}, 401, `{}`, "wrong_scheme"},
		{"jwt at core", "GET", "/3.1/offers", []string{"Authorization", "Bearer " + good}, 401, `{}`, "wrong_scheme"},
		{"undefined", "GET", "/customers/1", []string{"Authorization", "Bearer undefined"}, 401, `{}`, "credential_malformed"},
		{"quoted", "GET", "/customers/1", []string{"Authorization", `Bearer "` + good + `"`}, 401, `{}`, "credential_malformed"},
		{"doubled", "GET", "/customers/1", []string{"Authorization", "Bearer Bearer " + good}, 401, `{}`, "credential_malformed"},
		{"expired", "GET", "/customers/1", []string{"Authorization", "Bearer " + old}, 401, `{"code":"AUTH0002"}`, "credential_expired"},
		{"expired by code", "GET", "/customers/1", []string{"Authorization", "Bearer " + good}, 401, `{"code":"AUTH0003"}`, "credential_expired"},
		{"address", "GET", "/3.1/offers", []string{"X-Publisher-Token", "k"}, 401, `{"message":"IP 203.0.113.7 is not allowed"}`, "ip_not_allowed"},
		{"invalid jwt", "GET", "/customers/1", []string{"Authorization", "Bearer " + good}, 401, `{"code":"AUTH0002"}`, "credential_invalid"},
		{"dead refresh token", "POST", "/auths/refresh_token", nil, 401, `{"errors":["Refresh token is expired or does not exist"]}`, "credential_invalid"},
		{"invalid key", "GET", "/3.1/offers", []string{"X-Publisher-Token", "k"}, 401, `{"message":"no"}`, "credential_invalid"},
		{"unknown", "GET", "/customers/1", []string{"Authorization", "Bearer " + good}, 401, `{"message":"no"}`, "unknown"},
		{"forbidden", "GET", "/3.1/offers", nil, 403, `{}`, "insufficient_permission"},
		{"captcha", "POST", "/customers", nil, 429, `{"code":"CPT0001"}`, "captcha_required"},
		{"captcha failed", "POST", "/customers", nil, 429, `{"code":"CPT0002"}`, "captcha_failed"},
		{"not found", "GET", "/3.1/offers", nil, 404, `{}`, ""},
		{"rpc code 3", "POST", "/3.0/json-rpc", nil, 200, `{"result":null,"error":{"code":3,"message":"x"},"id":"1"}`, "credential_invalid"},
		{"rpc success", "POST", "/3.0/json-rpc", nil, 200, `{"result":{},"error":null,"id":"1"}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}), func(c *config.Config) {
				if tt.name == "jwt at core" {
					cred := c.Credentials["publisher"]
					cred.Mode = config.Pass
					c.Credentials["publisher"] = cred
				}
			}, noRetry)
			var body io.Reader
			if strings.HasPrefix(tt.path, "/3.0") {
				body = strings.NewReader(`{"method":"listCustomers","id":1}`)
			}
			a := r.do(tt.method, tt.path, body, tt.fields...)
			if got := a.Header.Get("Cleengate-Diagnosis"); got != tt.want || a.body != tt.body || a.StatusCode != tt.status {
				t.Errorf("diagnosis %q, want %q; %d %q", got, tt.want, a.StatusCode, a.body)
			}
			if rec := r.next(t); rec.Diagnosis != tt.want {
				t.Errorf("recorded %q", rec.Diagnosis)
			}
		})
	}
}

func TestDiagnosisQuotesInJSONRPC(t *testing.T) {
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"result":null,"error":{"code":3,"message":"x"},"id":"1"}`)
	}), noRetry)
	a := r.do("POST", "/3.0/json-rpc", strings.NewReader(`{"method":"listCustomers","params":{"publisherToken":"\"abc\""},"id":1}`))
	if got := a.Header.Get("Cleengate-Diagnosis"); got != "credential_malformed" {
		t.Errorf("diagnosis %q", got)
	}
}

func TestDiagnosisKnowsWhatWasAcceptedElsewhere(t *testing.T) {
	for _, fields := range [][]string{nil, {"X-Publisher-Token", "an-own-key-of-the-app"}} {
		r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if strings.HasPrefix(req.URL.Path, "/3.1/customers") {
				w.WriteHeader(http.StatusUnauthorized)
			}
		}), noRetry)
		if a := r.do("GET", "/3.1/customers/1", nil, fields...); a.Header.Get("Cleengate-Diagnosis") != "credential_invalid" {
			t.Errorf("at first: %q", a.Header.Get("Cleengate-Diagnosis"))
		}
		r.do("GET", "/3.1/offers", nil, fields...)
		if a := r.do("GET", "/3.1/customers/1", nil, fields...); a.Header.Get("Cleengate-Diagnosis") != "insufficient_permission" {
			t.Errorf("once accepted elsewhere: %q", a.Header.Get("Cleengate-Diagnosis"))
		}
	}
}

// Every answer of our own has words in reports, too.
func TestEveryProblemIsExplained(t *testing.T) {
	for code := range kinds {
		if d := support.Explain(code); d.Code != code {
			t.Errorf("%s is explained as %s", code, d.Code)
		}
	}
}
