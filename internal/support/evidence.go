package support

import (
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/golang-jwt/jwt/v5"

	"github.com/cleengate/cleengate/internal/cleeng"
)

// Evidence is how a credential looked, never what it was. The zero value is
// one in which nothing is wrong.
type Evidence struct {
	Missing     bool // none at all
	WrongScheme bool // in a header or scheme that the endpoint does not take
	Malformed   bool // visibly broken
	Expired     bool // a JWT whose exp is past

	Where   string    // the field or parameter that it was found in, "" for ours
	Flaw    string    // what is wrong with it, in words
	Expires time.Time // exp of a JWT; zero if it tells none
	Now     time.Time // the upstream's clock that exp was compared with
	Hint    string    // a sentence on something that looks odd and may be right
}

// Describe says in a sentence what was found.
func (e *Evidence) Describe() string {
	switch {
	case e.Flaw != "":
		return e.Flaw + "."
	case e.Missing:
		return "The call went up without a credential."
	case e.Expired:
		return "The token in " + e.place() + " expired at " + stamp(e.Expires) + "; Cleeng's clock said " + stamp(e.Now) + "."
	}
	return "A credential was sent in " + e.place() + "."
}

func (e *Evidence) place() string {
	if e.Where == "" {
		return "the place that this proxy puts it in"
	}
	return e.Where
}

// LookAtHeader examines the credentials in the header of a call that went
// upstream. accepted is what its endpoint takes, now the upstream's time.
func LookAtHeader(h http.Header, accepted cleeng.Auth, now time.Time) Evidence {
	authorization, key := strings.TrimSpace(h.Get("Authorization")), strings.TrimSpace(h.Get("X-Publisher-Token"))
	other := strings.TrimSpace(h.Get("X-Api-Key")) != ""
	jwt, publisher := accepted.Any(cleeng.AuthJWT), accepted.Any(cleeng.AuthPublisher)
	switch {
	case publisher && key != "":
		return judge("X-Publisher-Token", key, now)
	case jwt && authorization != "":
		return lookAtBearer(authorization, now)
	case authorization != "" || key != "" || other:
		return misplaced(carried(authorization, key), accepted)
	}
	return Evidence{Missing: true, Flaw: "The call went up without " + takes(accepted)}
}

// InBody is the evidence of a call whose credential stands in its body, such as
// a refresh token: it is there, and not looked at.
func InBody() Evidence { return Evidence{Where: "the body"} }

// misplaced is a credential in a field that does not count.
func misplaced(where string, accepted cleeng.Auth) Evidence {
	flaw := "The credential stands in " + where + ", and this endpoint takes " + takes(accepted)
	if accepted&^cleeng.AuthOptional == cleeng.AuthNone {
		flaw = "The credential stands in " + where + ", which this endpoint is not known to take"
	}
	return Evidence{WrongScheme: true, Where: where, Flaw: flaw}
}

func carried(authorization, key string) string {
	switch {
	case authorization != "":
		return "Authorization"
	case key != "":
		return "X-Publisher-Token"
	}
	return "X-API-Key"
}

// takes names the credentials of a set as an integrator knows them.
func takes(accepted cleeng.Auth) string {
	var names []string
	if accepted.Any(cleeng.AuthPublisher) {
		names = append(names, "X-Publisher-Token")
	}
	if accepted.Any(cleeng.AuthJWT) {
		names = append(names, "Authorization: Bearer")
	}
	if accepted.Any(cleeng.AuthCustomer) {
		names = append(names, "a customerToken in its body")
	}
	if len(names) == 0 {
		return "any credential"
	}
	return strings.Join(names, " or ")
}

func lookAtBearer(value string, now time.Time) Evidence {
	const where = "Authorization"
	bare := strings.Trim(value, `"' `)
	scheme, token, found := strings.Cut(bare, " ")
	token = strings.TrimSpace(token)
	switch {
	case !strings.EqualFold(scheme, "Bearer"):
		flaw := "Authorization does not begin with the scheme Bearer"
		if known := knownScheme(scheme); known != "" {
			flaw = "Authorization has the scheme " + known + ", and this endpoint takes Bearer"
		}
		return Evidence{WrongScheme: true, Where: where, Flaw: flaw}
	case !found || token == "":
		return Evidence{Missing: true, Where: where, Flaw: "Authorization names the scheme Bearer and no token"}
	case bare != value:
		return Evidence{Malformed: true, Where: where, Flaw: "Authorization has quotes around its value"}
	}
	e := judge(where, token, now)
	if strings.Count(token, ".") != 2 && !e.Malformed && !e.Missing {
		e.Hint = "The token in Authorization is no JSON Web Token, which has three parts with dots between them; a publisher's key does not go there."
	}
	return e
}

// knownScheme returns schemes that may be shown; the first word of anything
// else may be a part of the secret.
func knownScheme(scheme string) string {
	switch strings.ToLower(scheme) {
	case "basic", "digest", "apikey", "token", "jwt", "negotiate", "hmac":
		return scheme
	}
	return ""
}

// LookAtRPC examines the tokens in the params of JSON-RPC calls, and where
// there is none the header, as some put it there.
func LookAtRPC(calls []cleeng.RPCCall, h http.Header, now time.Time) Evidence {
	for i := range calls {
		for _, name := range []string{"publisherToken", "customerToken"} {
			if token := calls[i].Param(name); token != "" {
				return judge("params."+name, token, now)
			}
		}
	}
	authorization, key := strings.TrimSpace(h.Get("Authorization")), strings.TrimSpace(h.Get("X-Publisher-Token"))
	if authorization != "" || key != "" {
		where := carried(authorization, key)
		return Evidence{WrongScheme: true, Where: where, Flaw: "The credential stands in " + where + ", and JSON-RPC takes publisherToken or customerToken in params"}
	}
	return Evidence{Missing: true, Flaw: "No call has a publisherToken or customerToken in its params"}
}

// judge examines a token that is where it belongs.
func judge(where, token string, now time.Time) Evidence {
	e := Evidence{Where: where, Now: now}
	if token == cleeng.Placeholder {
		e.Missing, e.Flaw = true, e.place()+" holds the word "+cleeng.Placeholder+", and no credential is configured to take its place"
		return e
	}
	if flaw := flaw(token); flaw != "" {
		e.Malformed, e.Flaw = true, "The token in "+e.place()+" "+flaw
		return e
	}
	if e.Expires = expiry(token); !e.Expires.IsZero() {
		e.Expired = !now.Before(e.Expires)
	}
	return e
}

// flaw reports what no key or JWT of Cleeng looks like, and what scripts make
// of them by mistake.
func flaw(token string) string {
	lower := strings.ToLower(token)
	switch lower {
	case "undefined", "null", "none", "nan", "[object object]":
		return "is the text " + lower
	}
	switch {
	case strings.ContainsAny(token, "\"'`\u201c\u201d\u2018\u2019"):
		return "has quotes in it"
	case strings.HasPrefix(lower, "bearer"):
		return "begins with Bearer, which belongs in front of it once and only in Authorization"
	case strings.ContainsFunc(token, unicode.IsSpace):
		return "has spaces or line breaks in it"
	case strings.ContainsFunc(token, func(r rune) bool { return r > unicode.MaxASCII || unicode.IsControl(r) }):
		return "has characters in it that no key has, which may be invisible"
	case template(token):
		return "is a placeholder of a template that was not filled in"
	}
	return ""
}

// template reports what stands in an example or a template for the value.
func template(token string) bool {
	for _, around := range [][2]string{{"<", ">"}, {"{", "}"}, {"${", "}"}, {"$(", ")"}, {"%", "%"}} {
		if strings.HasPrefix(token, around[0]) && strings.HasSuffix(token, around[1]) {
			return true
		}
	}
	return strings.HasPrefix(token, "YOUR_") || strings.HasPrefix(token, "$")
}

// expiry reads exp of a JWT without verifying it: the key is not published,
// and all that hangs on it is what we tell the user.
func expiry(token string) time.Time {
	var claims jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(token, &claims); err != nil || claims.ExpiresAt == nil {
		return time.Time{}
	}
	return claims.ExpiresAt.Time
}
