package tokens

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

func unsigned(header, claims string) redact.Secret {
	encode := base64.RawURLEncoding.EncodeToString
	return redact.New(encode([]byte(header)) + "." + encode([]byte(claims)) + ".c2ln")
}

func TestClaimTimes(t *testing.T) {
	const header = `{"alg":"RS256","typ":"JWT"}`
	at := time.Unix(1_900_000_000, 0)
	tests := []struct {
		name            string
		token           redact.Secret
		expires, issued time.Time
	}{
		{"both", unsigned(header, `{"exp":1900000000,"iat":1900000000}`), at, at},
		{"exp alone", unsigned(header, `{"customerId":"7","exp":1900000000}`), at, time.Time{}},
		{"fraction", unsigned(header, `{"exp":1900000000.9}`), at, time.Time{}},
		{"unknown algorithm", unsigned(`{"alg":"EdX"}`, `{"exp":1900000000}`), at, time.Time{}},
		{"no algorithm", unsigned(`{}`, `{"exp":1900000000}`), at, time.Time{}},
		{"exp as text", unsigned(header, `{"exp":"1900000000","iat":1900000000}`), time.Time{}, at},
		{"exp null", unsigned(header, `{"exp":null}`), time.Time{}, time.Time{}},
		{"negative", unsigned(header, `{"exp":-5}`), time.Time{}, time.Time{}},
		{"beyond all time", unsigned(header, `{"exp":1e300}`), time.Time{}, time.Time{}},
		{"no claims", unsigned(header, `[]`), time.Time{}, time.Time{}},
		{"opaque", redact.New("0123456789abcdef"), time.Time{}, time.Time{}},
		{"dots", redact.New(strings.Repeat(".", 9000)), time.Time{}, time.Time{}},
		{"empty", redact.Secret{}, time.Time{}, time.Time{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			expires, issued := claimTimes(test.token)
			if !expires.Equal(test.expires) || !issued.Equal(test.issued) {
				t.Errorf("exp %v, iat %v; want %v, %v", expires, issued, test.expires, test.issued)
			}
		})
	}
}

func FuzzClaimTimes(f *testing.F) {
	f.Add("eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjE5MDAwMDAwMDB9.c2ln")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		for _, at := range []time.Time{first(claimTimes(redact.New(token)))} {
			if !at.IsZero() && (at.Year() < 1990 || at.Year() > 9999) {
				t.Errorf("an implausible time %v", at)
			}
		}
	})
}

func first(expires, _ time.Time) time.Time { return expires }
