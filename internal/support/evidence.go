package support

import (
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/cleengate/cleengate/internal/cleeng"
)

// Evidence is how a credential looked, never what it was.
type Evidence struct {
	Missing     bool // none at all
	WrongScheme bool // in a header or scheme that the endpoint does not take
	Malformed   bool // visibly broken
	Expired     bool // a JWT whose exp is past
}

// LookAtHeader examines the credentials in the header of a call that went
// upstream. accepted is what its endpoint takes, now the upstream's time.
func LookAtHeader(h http.Header, accepted cleeng.Auth, now time.Time) Evidence {
	authorization, key := strings.TrimSpace(h.Get("Authorization")), strings.TrimSpace(h.Get("X-Publisher-Token"))
	other := h.Get("X-Api-Key") != ""
	jwt, publisher := accepted.Any(cleeng.AuthJWT), accepted.Any(cleeng.AuthPublisher)
	switch {
	case publisher && key != "":
		return Evidence{Malformed: broken(key)}
	case jwt && authorization != "":
		return lookAtBearer(authorization, now)
	case authorization != "" || key != "" || other:
		return Evidence{WrongScheme: true}
	}
	return Evidence{Missing: true}
}

func lookAtBearer(value string, now time.Time) Evidence {
	bare := strings.Trim(value, `"' `)
	scheme, token, found := strings.Cut(bare, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") {
		return Evidence{WrongScheme: true}
	}
	if !found || token == "" {
		return Evidence{Missing: true}
	}
	return Evidence{Malformed: bare != value || broken(token), Expired: expired(token, now)}
}

// LookAtToken examines a token in the params of JSON-RPC.
func LookAtToken(token string, now time.Time) Evidence {
	if strings.TrimSpace(token) == "" {
		return Evidence{Missing: true}
	}
	return Evidence{Malformed: broken(token), Expired: expired(token, now)}
}

// broken reports what no key or JWT of Cleeng looks like, and what scripts
// make of them by mistake.
func broken(token string) bool {
	lower := strings.ToLower(token)
	switch lower {
	case "undefined", "null", "none", "nan", "[object object]":
		return true
	}
	return strings.ContainsAny(token, "\"' \t\r\n") || strings.HasPrefix(lower, "bearer")
}

// expired reads exp of a JWT without verifying it: the key is not published,
// and all that hangs on it is what we tell the user.
func expired(token string, now time.Time) bool {
	var claims jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(token, &claims); err != nil || claims.ExpiresAt == nil {
		return false
	}
	return !now.Before(claims.ExpiresAt.Time)
}
