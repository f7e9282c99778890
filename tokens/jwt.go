package tokens

import (
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/cleengate/cleengate/internal/redact"
)

// maxLifetime is the longest lifetime that is believed. Customer JWTs live 15
// minutes or 24 hours; beyond a year the claim is taken as unknown.
const maxLifetime = 366 * 24 * time.Hour

// claimTimes reads exp and iat (RFC 7519 section 4.1) from a JWT without
// checking its signature: the key is not published, and the token came from
// its issuer. A time is zero where the claim is absent or unreadable, and for
// a token that is no JWT.
func claimTimes(token redact.Secret) (expires, issued time.Time) {
	claims := jwt.MapClaims{}
	// The error is of no interest: an unknown algorithm leaves the claims
	// readable, and without claims both times stay zero.
	_, _, _ = jwt.NewParser().ParseUnverified(token.Reveal(), claims)
	if date, err := claims.GetExpirationTime(); err == nil {
		expires = plausible(date)
	}
	if date, err := claims.GetIssuedAt(); err == nil {
		issued = plausible(date)
	}
	return expires, issued
}

func plausible(date *jwt.NumericDate) time.Time {
	if date == nil || date.Year() < 1990 || date.Year() > 9999 {
		return time.Time{}
	}
	return date.Time
}
