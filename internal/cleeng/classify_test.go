package cleeng_test

import (
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/cleeng"
)

func TestClassifyBody(t *testing.T) {
	ms, core, rpc := cleeng.SurfaceMediaStore, cleeng.SurfaceCore, cleeng.SurfaceRPC
	for _, c := range []struct {
		surface cleeng.Surface
		status  int
		body    string
		want    cleeng.Code
	}{
		{ms, 401, `{"errors":["Wrong email or password"],"code":"USER0001"}`, cleeng.CodeBadPassword},
		{ms, 401, ` {"code" : "AUTH0002"}`, cleeng.CodeJWTInvalid},
		{ms, 401, `{"responseData":{"code":"AUTH0001"},"errors":["x"]}`, cleeng.CodeNone},
		{ms, 429, `{"code":"CPT0001","errors":["recaptcha"]}`, cleeng.CodeCaptchaRequired},
		{ms, 429, `{"message":"Too Many Requests"}`, cleeng.CodeGatewayThrottled},
		{ms, 429, `{"message":"Limit Exceeded."}`, cleeng.CodeGatewayThrottled},
		{ms, 401, `{"message":"The incoming token has expired"}`, cleeng.CodeGatewayExpired},
		{ms, 422, `{"errors":["Refresh token is expired or does not exist"]}`, cleeng.CodeRefreshDead},
		{ms, 422, `{"errors":["Refresh token is expired or does not exist"],"code":"REQ0001"}`, cleeng.CodeBadBody},
		{ms, 500, `{"code":"S0001"}`, "S0001"},
		{ms, 409, `{"code":"SK2C0101"}`, cleeng.CodeLocked1},
		{ms, 400, `{"code":"<script>"}`, cleeng.CodeNone},
		{ms, 400, `{"code":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`, cleeng.CodeNone},
		{ms, 400, `{"code":401}`, cleeng.CodeNone},
		{ms, 200, `{"code":"AUTH0002"}`, cleeng.CodeNone},
		{core, 401, `{"message":"Unauthorized"}`, cleeng.CodeGatewayUnauthorized},
		{core, 403, `{"message":"Forbidden"}`, cleeng.CodeGatewayForbidden},
		{core, 403, `{"message":"Missing Authentication Token"}`, cleeng.CodeGatewayNoRoute},
		{core, 401, `{"message":"no such key"}`, cleeng.CodeNone},
		{core, 401, `{"error":"Unauthorized"}`, cleeng.CodeGatewayUnauthorized},
		{rpc, 200, `{"result":null,"error":{"code":3,"message":"Invalid publisher token"},"id":"1"}`, cleeng.CodeRPCPublisherToken},
		{rpc, 200, `{"result":null,"error":{"code":"1"},"id":"1"}`, cleeng.CodeRPCCustomerToken},
		{rpc, 200, `{"result":{"code":"AUTH0001"},"error":null,"id":"1"}`, cleeng.CodeNone},
		{rpc, 200, `[{"result":1,"id":1},7,{"error":{"code":14},"id":2},{"error":{"code":3},"id":3}]`, cleeng.CodeRPCAddressLimit},
		{rpc, 200, `{"error":{"code":-32700}}`, "RPC-32700"},
		{rpc, 429, `{"message":"Too Many Requests"}`, cleeng.CodeGatewayThrottled},
		// Cut off, empty, of another type.
		{ms, 401, `{"code":"AUTH0001","errors":["a long te`, cleeng.CodeJWTMissing},
		{ms, 401, `{"errors":["a long te`, cleeng.CodeNone},
		{ms, 401, `{"code":"AUTH00`, cleeng.CodeNone},
		{ms, 401, ``, cleeng.CodeNone},
		{ms, 401, `   `, cleeng.CodeNone},
		{ms, 401, `"AUTH0001"`, cleeng.CodeNone},
		{ms, 401, `<html>AUTH0001</html>`, cleeng.CodeNone},
		{ms, 401, `[{"code":"AUTH0001"`, cleeng.CodeNone},
		{ms, 401, "\x1f\x8b\x08\x00", cleeng.CodeNone},
	} {
		if got := cleeng.ClassifyBody(c.surface, c.status, []byte(c.body)); got != c.want {
			t.Errorf("%s %d %s: %q, want %q", c.surface, c.status, c.body, got, c.want)
		}
	}
}

func TestCodes(t *testing.T) {
	for _, c := range []cleeng.Code{cleeng.CodeJWTMissing, cleeng.CodeJWTInvalid, cleeng.CodeTokenExpired, cleeng.CodeGatewayExpired} {
		if !c.JWT() || c.Captcha() {
			t.Errorf("%s: JWT %v, captcha %v", c, c.JWT(), c.Captcha())
		}
	}
	for _, c := range []cleeng.Code{cleeng.CodeBadPassword, cleeng.CodeNone, cleeng.CodeResetToken, cleeng.CodeCaptchaFailed} {
		if c.JWT() {
			t.Errorf("%q speaks of a JWT", c)
		}
	}
	for _, c := range []struct {
		status int
		code   cleeng.Code
		want   bool
	}{
		{429, cleeng.CodeNone, true},
		{429, cleeng.CodeGatewayThrottled, true},
		{429, "S0001", true},
		{429, cleeng.CodeCaptchaRequired, false},
		{429, cleeng.CodeCaptchaFailed, false},
		{503, cleeng.CodeGatewayThrottled, false},
		{200, cleeng.CodeNone, false},
	} {
		if got := cleeng.IsThrottle(c.status, c.code); got != c.want {
			t.Errorf("%d %s: throttle %v", c.status, c.code, got)
		}
	}
}

func TestMentionsAddress(t *testing.T) {
	for _, body := range []string{
		`{"message":"Your IP is not allowed"}`, `{"message":"Access denied for ip-address"}`, `{"message":"IP."}`, `IPs are restricted`,
		`{"message":"192.0.2.1 is not on the list"}`, `from 2001:db8::1, denied`, `Address: 192.0.2.7.`,
	} {
		if !cleeng.MentionsAddress([]byte(body)) {
			t.Errorf("%s mentions no address", body)
		}
	}
	for _, body := range []string{
		``, `{"message":"Invalid token"}`, `{"message":"invalid email address"}`, `a@192.0.2.1`, `zip ship tip`, `version 1.2.3`, `1.2.3.400`,
		`10:20:30`, `{"message":"customerIP must be text"}`, `time 12:30`,
	} {
		if cleeng.MentionsAddress([]byte(body)) {
			t.Errorf("%s mentions an address", body)
		}
	}
}

func FuzzClassifyBody(f *testing.F) {
	for _, s := range []string{`{"code":"AUTH0001","errors":["a`, `[{"error":{"code":3`, `{"errors":[[[{`, `{"message":"Unauthorized"}`, `{"a":"\`, `[}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, s := range []cleeng.Surface{cleeng.SurfaceMediaStore, cleeng.SurfaceRPC} {
			code := cleeng.ClassifyBody(s, 401, body)
			if len(code) > 40 || strings.ContainsFunc(string(code), func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
				t.Fatalf("code %q", code)
			}
		}
		cleeng.MentionsAddress(body)
	})
}
