package cache

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
)

// claimsOf returns the claims of the JWT in Authorization, nil for none.
func claimsOf(h http.Header) []byte {
	for _, line := range h["Authorization"] {
		if claims := claims(bareToken(line)); claims != nil {
			return claims
		}
	}
	return nil
}

// claims are those of a JWT (RFC 7519 section 3), nil for what is none.
func claims(token string) []byte {
	_, rest, _ := strings.Cut(token, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || strings.Contains(signature, ".") || len(payload) > maxNameBytes {
		return nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if err != nil {
		return nil
	}
	return decoded
}

// expiry is when the first of the JWTs that the app sent expires, wherever it
// put them; the zero time where none says so.
func (call *Call) expiry() time.Time {
	var first time.Time
	see := func(text string) {
		// A cookie, a query or a scheme may stand around it.
		for part := range strings.FieldsFuncSeq(text, func(c rune) bool { return strings.ContainsRune("&;, \"", c) }) {
			for token := range strings.SplitSeq(strings.TrimRight(part, "="), "=") {
				if at := expires(claims(token)); !at.IsZero() && (first.IsZero() || at.Before(first)) {
					first = at
				}
			}
		}
	}
	for _, field := range call.fields.names {
		for _, line := range call.Header[field] {
			see(line)
		}
	}
	see(call.Query)
	if call.RPC != nil {
		for _, kind := range []cleeng.Auth{cleeng.AuthPublisher, cleeng.AuthCustomer} {
			if token := call.RPC.Calls[call.element].Token(kind); !token.IsZero() {
				see(token.Reveal())
			}
		}
	}
	return first
}

// expires reads the exp of claims (RFC 7519 section 4.1.4).
func expires(claims []byte) time.Time {
	var c struct {
		Exp *float64 `json:"exp"`
	}
	if len(claims) == 0 || json.Unmarshal(claims, &c) != nil || c.Exp == nil || *c.Exp < 0 || *c.Exp > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(*c.Exp), 0)
}
