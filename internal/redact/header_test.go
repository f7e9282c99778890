package redact

import (
	"slices"
	"testing"
)

func plain() *Redactor { return NewRedactor(NewVault(), nil) }

func TestHeaderValues(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"Authorization", "Bearer abc", "Bearer [redacted]"},
		{"authorization", "bearer abc", "bearer [redacted]"},
		{"Proxy-Authorization", "Basic YTpi", "Basic [redacted]"},
		{"Authorization", "Bearer Bearer abc", "Bearer Bearer [redacted]"},
		{"Authorization", `Bearer "abc"`, `Bearer "[redacted]"`},
		{"Authorization", `'abc'`, `'[redacted]'`},
		{"Authorization", "Bearer undefined", "Bearer undefined"},
		{"Authorization", "Bearer ", "Bearer "},
		{"Authorization", "Bearer", "Bearer"},
		{"Authorization", "", ""},
		{"Authorization", "correct horse battery", "[redacted]"},
		{"X-Publisher-Token", "abc", "[redacted]"},
		{"X-Publisher-Token", `"abc"`, `"[redacted]"`},
		{"X-Publisher-Token", "cleengate", "cleengate"},
		{"Cleengate-Token", "abc", "[redacted]"},
		{"X-Api-Key", "abc", "[redacted]"},
		{"X-Unheard-Of", "abc", "[redacted]"},
		{"X-Forwarded-For", "192.0.2.7", "[redacted]"},
		{"Forwarded", "for=192.0.2.7", "[redacted]"},
		{"Cookie", "a=1; bb=x=y", "a=[redacted]; bb=[redacted]"},
		{"Cookie", "novalue", "[redacted]"},
		{"Set-Cookie", "sid=abc; Path=/; Max-Age=3; HttpOnly", "sid=[redacted]; Path=/; Max-Age=3; HttpOnly"},
		{"X-RateLimit-Remaining", "17", "17"},
		{"ratelimit-policy", `"burst";q=100;w=60`, `"burst";q=100;w=60`},
		{"Cache-Control", "no-store", "no-store"},
		{"ETag", `W/"abc"`, `W/"abc"`},
		{"Content-Type", "application/json", "application/json"},
		{"Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
		{"User-Agent", "shop/1.0 (jane@example.com)", "shop/1.0 ([redacted])"},
		{"Server", "x\x1b[31m\x9b", `x\x1b[31m\x9b`},
		{"Location", "https://u:p@pay.example/x?token=EC-1&limit=3", "https://[redacted]@pay.example/x?token=[redacted]&limit=3"},
		{"Referer", "https://shop.example/reset?code=123", "https://shop.example/reset?code=[redacted]"},
	}
	for _, tt := range tests {
		if got := plain().HeaderValue(tt.name, tt.value); got != tt.want {
			t.Errorf("%s: %q is shown as %q, want %q", tt.name, tt.value, got, tt.want)
		}
	}
}

func TestHeaderKeepsOrderAndArgument(t *testing.T) {
	in := []string{"identity", "jane@example.com", "gzip"}
	got := plain().Header("Accept-Encoding", in)
	if want := []string{"identity", "[redacted]", "gzip"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if in[1] != "jane@example.com" {
		t.Error("the argument was changed")
	}
}

func TestOwnSecretsAreFoundElsewhere(t *testing.T) {
	header := map[string][]string{
		"Authorization":     {"Bearer opaque-token-1"},
		"X-Publisher-Token": {`"publisher-key-22"`},
		"Cookie":            {"a=cookie-value-33; b=short"},
		"Set-Cookie":        {"s=set-cookie-val-4; Path=/this-is-no-secret"},
		"Accept":            {"application/json"},
		"X-Session-Token":   {"session-value-55"},
	}
	own := NewRedactor(nil, nil).Own(header, "limit=1&customerToken=query%2Bvalue-66&x=unknown-name-7", []byte(`{"password":"body-password-8","title":"not-a-secret-9","cut":{"refreshToken":"body-token-1010"`))
	var got []string
	for _, s := range own {
		got = append(got, s.Reveal())
	}
	slices.Sort(got)
	want := []string{"body-password-8", "body-token-1010", "cookie-value-33", "opaque-token-1", "publisher-key-22", "query+value-66", "session-value-55", "set-cookie-val-4"}
	if !slices.Equal(got, want) {
		t.Errorf("collected %q, want %q", got, want)
	}
	r := plain().With(own...)
	if got := r.String("said opaque-token-1 and query%2Bvalue-66"); got != "said [redacted] and [redacted]" {
		t.Errorf("with its own secrets: %q", got)
	}
	if rule, found := r.Find([]byte("opaque-token-1")); !found || rule != "exchange: plain" {
		t.Errorf("found as %q, %v", rule, found)
	}
}
