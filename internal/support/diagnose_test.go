package support

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/journal"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func token(exp time.Time) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc(fmt.Appendf(nil, `{"customerId":1,"exp":%d}`, exp.Unix())) + "." + enc([]byte("signature"))
}

func header(fields ...string) http.Header {
	h := http.Header{}
	for i := 0; i+1 < len(fields); i += 2 {
		h.Add(fields[i], fields[i+1])
	}
	return h
}

func TestDiagnose(t *testing.T) {
	const core, mediastore = cleeng.SurfaceCore, cleeng.SurfaceMediaStore
	valid, expired := token(now.Add(time.Hour)), token(now.Add(-time.Hour))
	jwt := func(fields ...string) Evidence { return LookAtHeader(header(fields...), cleeng.AuthJWT, now) }
	key := func(fields ...string) Evidence { return LookAtHeader(header(fields...), cleeng.AuthPublisher, now) }
	for _, tt := range []struct {
		name  string
		facts Facts
		want  string
		fact  string // a part of what led to it
	}{
		{"bad password", Facts{Status: 401, Surface: mediastore, Code: cleeng.CodeBadPassword, Sent: jwt()}, BadPassword, "USER0001"},
		{"none sent", Facts{Status: 401, Surface: mediastore, Sent: jwt()}, CredentialMissing, "went up without Authorization: Bearer"},
		{"bearer without token", Facts{Status: 401, Surface: mediastore, Sent: jwt("Authorization", "Bearer ")}, CredentialMissing, "no token"},
		{"missing by code", Facts{Status: 401, Surface: mediastore, Code: cleeng.CodeJWTMissing, Sent: jwt("Authorization", "Bearer "+valid)}, CredentialMissing, "AUTH0001"},
		{"missing by code, for it stands elsewhere", Facts{Status: 401, Surface: mediastore, Code: cleeng.CodeJWTMissing, Sent: jwt("X-Publisher-Token", "k")}, CredentialMissing, "stands in X-Publisher-Token"},
		{"jwt at core", Facts{Status: 401, Surface: core, Sent: key("Authorization", "Bearer "+valid)}, WrongScheme, "stands in Authorization, and this endpoint takes X-Publisher-Token"},
		{"key at mediastore", Facts{Status: 401, Surface: mediastore, Sent: jwt("X-Publisher-Token", "k")}, WrongScheme, "stands in X-Publisher-Token, and this endpoint takes Authorization: Bearer"},
		{"basic", Facts{Status: 401, Surface: mediastore, Sent: jwt("Authorization", "Basic YTpi")}, WrongScheme, "scheme Basic"},
		{"bare token", Facts{Status: 401, Surface: mediastore, Sent: jwt("Authorization", valid)}, WrongScheme, "does not begin with the scheme Bearer"},
		{"api key", Facts{Status: 401, Surface: core, Sent: key("X-Api-Key", "k")}, WrongScheme, "X-API-Key"},
		{"quotes", Facts{Status: 401, Surface: mediastore, Sent: jwt("Authorization", `Bearer "`+valid+`"`)}, CredentialMalformed, "quotes"},
		{"quotes around all", Facts{Status: 401, Surface: mediastore, Sent: jwt("Authorization", `"Bearer `+valid+`"`)}, CredentialMalformed, "quotes"},
		{"doubled", Facts{Status: 401, Surface: mediastore, Sent: jwt("Authorization", "Bearer Bearer "+valid)}, CredentialMalformed, "begins with Bearer"},
		{"undefined", Facts{Status: 401, Surface: mediastore, Sent: jwt("Authorization", "Bearer undefined")}, CredentialMalformed, "the text undefined"},
		{"inner space", Facts{Status: 401, Surface: core, Sent: key("X-Publisher-Token", "abc def")}, CredentialMalformed, "spaces"},
		{"bearer in the key", Facts{Status: 401, Surface: core, Sent: key("X-Publisher-Token", "Bearer abc")}, CredentialMalformed, "begins with Bearer"},
		{"placeholder", Facts{Status: 401, Surface: core, Sent: key("X-Publisher-Token", "cleengate")}, CredentialMissing, "holds the word cleengate"},
		{"curly quotes", Facts{Status: 401, Surface: core, Sent: key("X-Publisher-Token", "\u201cabc\u201d")}, CredentialMalformed, "quotes"},
		{"zero-width space", Facts{Status: 401, Surface: core, Sent: key("X-Publisher-Token", "abc\u200bdef")}, CredentialMalformed, "invisible"},
		{"template", Facts{Status: 401, Surface: core, Sent: key("X-Publisher-Token", "${CLEENG_KEY}")}, CredentialMalformed, "not filled in"},
		{"key as bearer", Facts{Status: 401, Surface: mediastore, Code: cleeng.CodeJWTInvalid, Sent: jwt("Authorization", "Bearer abcdef")}, CredentialInvalid, "no JSON Web Token"},
		{"expired", Facts{Status: 401, Surface: mediastore, Code: cleeng.CodeJWTInvalid, Sent: jwt("Authorization", "Bearer "+expired)}, CredentialExpired, "expired at 2026-03-01T11:00:00.000Z; Cleeng's clock said 2026-03-01T12:00:00.000Z"},
		{"expired by code", Facts{Status: 401, Surface: mediastore, Code: cleeng.CodeTokenExpired, Sent: jwt("Authorization", "Bearer "+valid)}, CredentialExpired, "AUTH0003"},
		{"accepted elsewhere", Facts{Status: 401, Surface: core, AcceptedElsewhere: true, NamesAddress: true, Sent: key("X-Publisher-Token", "k")}, InsufficientPermission, "accepted at another endpoint"},
		{"address", Facts{Status: 401, Surface: core, NamesAddress: true, Sent: key("X-Publisher-Token", "k")}, AddressNotAllowed, "names an IP address"},
		{"invalid jwt", Facts{Status: 401, Surface: mediastore, Code: cleeng.CodeJWTInvalid, Sent: jwt("Authorization", "Bearer "+valid)}, CredentialInvalid, "AUTH0002"},
		{"refresh token", Facts{Status: 401, Surface: mediastore, Code: cleeng.CodeRefreshDead, Sent: InBody()}, CredentialInvalid, "each works once"},
		{"invalid key", Facts{Status: 401, Surface: core, Sent: key("X-Publisher-Token", "k")}, CredentialInvalid, "Core API"},
		{"rpc", Facts{Status: 200, Surface: cleeng.SurfaceRPC, Code: cleeng.CodeRPCPublisherToken}, CredentialInvalid, "JSON-RPC error 3"},
		{"unknown", Facts{Status: 401, Surface: mediastore, Sent: jwt("Authorization", "Bearer "+valid)}, Unknown, "without a code"},
		{"unread", Facts{Status: 401, Surface: mediastore, Unread: true, Sent: jwt("Authorization", "Bearer "+valid)}, Unknown, "could not be read"},
		{"forbidden", Facts{Status: 403, Surface: core}, InsufficientPermission, "refuses the call"},
		{"forbidden address", Facts{Status: 403, Surface: core, NamesAddress: true}, InsufficientPermission, "list of addresses"},
		{"captcha", Facts{Status: 429, Surface: mediastore, Code: cleeng.CodeCaptchaRequired}, CaptchaRequired, "CPT0001"},
		{"captcha failed", Facts{Status: 429, Surface: mediastore, Code: cleeng.CodeCaptchaFailed}, CaptchaFailed, "CPT0002"},
		{"foreign", Facts{Status: 429, Throttle: Throttle{Cause: ForeignConsumer, Limit: 10, Window: time.Second, Sent: 4, Foreign: 7}}, ForeignConsumer, "sent 4 calls within 1s; the limit known is 10; another consumer used 7"},
		{"over", Facts{Status: 429, Throttle: Throttle{Cause: LimitExceeded, Limit: 10, Window: time.Second, Sent: 12}}, LimitExceeded, "sent 12 calls within 1s; the limit known is 10."},
		{"burst", Facts{Status: 429, Throttle: Throttle{Cause: Burst, Limit: 10, Window: time.Minute, Sent: 1}}, Burst, "sent 1 call within 1m0s"},
		{"throttled for no known reason", Facts{Status: 429, Throttle: Throttle{Cause: Unknown, Sent: 3}}, Unknown, "sent 3 calls within 1s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, known := Diagnose(tt.facts)
			if !known || d.Code != tt.want {
				t.Fatalf("%+v, want %s", d, tt.want)
			}
			if all := strings.Join(d.Facts, "\n"); !strings.Contains(all, tt.fact) {
				t.Errorf("%q is missing in\n%s", tt.fact, all)
			}
			if d.Sentence == "" || d.Next == "" {
				t.Errorf("a cause without words: %+v", d)
			}
		})
	}
}

func TestNextStepForACustomersToken(t *testing.T) {
	for code, want := range map[cleeng.Code]string{cleeng.CodeJWTInvalid: "Log the customer in again", cleeng.CodeRefreshDead: "Log the customer in again", cleeng.CodeRPCPublisherToken: "dashboard"} {
		if d, _ := Diagnose(Facts{Status: 401, Surface: cleeng.SurfaceMediaStore, Code: code, Sent: InBody()}); !strings.Contains(d.Next, want) {
			t.Errorf("%s: %s", code, d.Next)
		}
	}
}

// A 401 says unknown only where every row above was ruled out, and says how;
// what could not be looked at is not called ruled out.
func TestUnknownRulesOutEveryRow(t *testing.T) {
	sent := LookAtHeader(header("Authorization", "Bearer "+token(now.Add(time.Hour))), cleeng.AuthJWT, now)
	d, _ := Diagnose(Facts{Status: 401, Surface: cleeng.SurfaceMediaStore, Sent: sent})
	if len(d.RuledOut) != len(unauthorizedRows) {
		t.Errorf("%d of %d rows are ruled out:\n%s", len(d.RuledOut), len(unauthorizedRows), strings.Join(d.RuledOut, "\n"))
	}
	for _, want := range []string{"USER0001", "sent in Authorization", "where this endpoint takes it", "no quotes", "valid until 2026-03-01T13:00:00.000Z", "accepted at another endpoint", "no IP address", "AUTH0002"} {
		if !strings.Contains(strings.Join(d.RuledOut, "\n"), want) {
			t.Errorf("%q is missing", want)
		}
	}
	d, _ = Diagnose(Facts{Status: 401, Surface: cleeng.SurfaceMediaStore, Sent: sent, Unread: true})
	if all := strings.Join(d.RuledOut, "\n"); strings.Contains(all, "USER0001") || strings.Contains(all, "IP address") || strings.Contains(all, "AUTH000") {
		t.Errorf("what was not read is called ruled out:\n%s", all)
	}
}

func TestDiagnosisIsKeptByTheJournal(t *testing.T) {
	want, _ := Diagnose(Facts{Status: 401, Surface: cleeng.SurfaceCore, Sent: LookAtHeader(header("X-Publisher-Token", "k"), cleeng.AuthPublisher, now)})
	rec := &journal.Record{Explanation: want.Record()}
	rec.Diagnosis = want.Code
	if got, ok := Recorded(rec); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if d, ok := Recorded(&journal.Record{}); ok {
		t.Errorf("%+v", d)
	}
}

func TestDiagnoseLeavesOtherAnswersAlone(t *testing.T) {
	for _, status := range []int{200, 304, 400, 404, 422, 500, 503} {
		if d, known := Diagnose(Facts{Status: status, Sent: Evidence{Missing: true}}); known {
			t.Errorf("%d: %+v", status, d)
		}
	}
}

func TestLookAtRPC(t *testing.T) {
	for _, tt := range []struct {
		body, field, want string
	}{
		{`{"method":"listCustomers","params":{"publisherToken":"\"abc\""},"id":1}`, "", "The token in params.publisherToken has quotes in it."},
		{`{"method":"getCustomer","params":{"customerToken":"undefined"},"id":1}`, "", "The token in params.customerToken is the text undefined."},
		{`{"method":"listCustomers","params":{},"id":1}`, "", "No call has a publisherToken or customerToken in its params."},
		{`{"method":"listCustomers","params":{},"id":1}`, "X-Publisher-Token", "The credential stands in X-Publisher-Token, and JSON-RPC takes publisherToken or customerToken in params."},
		{`[{"method":"a","id":1},{"method":"b","params":{"publisherToken":"good"},"id":2}]`, "", "A credential was sent in params.publisherToken."},
	} {
		rpc, err := cleeng.ParseRPC([]byte(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{}
		if tt.field != "" {
			h.Set(tt.field, "abc")
		}
		e := LookAtRPC(rpc.Calls, h, now)
		if got := e.Describe(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.body, got, tt.want)
		}
	}
}

// The words never show a part of a credential, whatever is wrong with it.
func TestEvidenceShowsNoPartOfACredential(t *testing.T) {
	const canary = "c4n4ry-5ecret"
	for _, value := range []string{canary, "Bearer " + canary, `Bearer "` + canary + `"`, canary + " Bearer x", "Bearer Bearer " + canary, canary + "x y", `'` + canary, "Basic " + canary} {
		for _, field := range []string{"Authorization", "X-Publisher-Token", "X-Api-Key"} {
			for _, accepted := range []cleeng.Auth{cleeng.AuthJWT, cleeng.AuthPublisher, cleeng.AuthNone, cleeng.AuthJWT | cleeng.AuthPublisher, cleeng.AuthOptional} {
				d, _ := Diagnose(Facts{Status: 401, Sent: LookAtHeader(header(field, value), accepted, now)})
				if all := fmt.Sprint(d); strings.Contains(all, canary[:6]) {
					t.Errorf("%s: %s shows it: %s", field, value, all)
				}
			}
		}
	}
}

func TestLimitFields(t *testing.T) {
	h := header("X-RateLimit-Limit", "100", "X-Ratelimit-Remaining", "0", "Retry-After", "3", "Authorization", "Bearer x", "RateLimit", strings.Repeat("é", 80)+"\x1b[31m")
	got := LimitFields(h)
	if !strings.HasPrefix(got, "Retry-After: 3, X-RateLimit-Limit: 100, X-RateLimit-Remaining: 0, RateLimit: é") || !strings.HasSuffix(got, "…") || strings.Contains(got, "\x1b") || strings.Contains(got, "Bearer") {
		t.Errorf("%q", got)
	}
	if got := LimitFields(nil); got != "" {
		t.Errorf("%q", got)
	}
}

func TestExplanationsAreWhole(t *testing.T) {
	for _, table := range []map[string]Diagnosis{explanations, ownExplanations} {
		for code := range table {
			if d := Explain(code); d.Code != code || d.Sentence == "" || d.Next == "" {
				t.Errorf("%+v", d)
			}
		}
	}
	if d := Explain("no such code"); d.Code != Unknown {
		t.Errorf("%+v", d)
	}
}

func TestWaits(t *testing.T) {
	w := Waits{Line: 3 * time.Second, Renewal: 200 * time.Millisecond, Backoff: time.Second, Upstream: 2 * time.Second, Attempts: 3, Throttle: 1, Again: 1, Until: now}
	var codes []string
	for _, d := range w.Explain() {
		codes = append(codes, d.Code)
		if len(d.Facts) == 0 || d.Next == "" {
			t.Errorf("%+v", d)
		}
	}
	if got := strings.Join(codes, " "); got != "waited_renewal waited_in_line throttled waited_backoff slow_upstream" {
		t.Error(got)
	}
	if got := (Waits{Line: time.Millisecond, Upstream: time.Millisecond, Attempts: 1}).Explain(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}
