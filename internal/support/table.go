package support

import (
	"strconv"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
)

// row is one cause of the table. fits returns the fact that proves it, ""
// where it does not apply; not says why it is none, for who comes further down.
type row struct {
	code string
	fits func(*Facts) string
	not  func(*Facts) string
}

// says builds a row on a code in the answer's body.
func says(code string, what string, codes ...cleeng.Code) row {
	return row{
		code: code,
		fits: func(f *Facts) string {
			for _, c := range codes {
				if f.Code == c && ofGateway(c) {
					return "That message means: " + what + "."
				}
				if f.Code == c {
					return "Cleeng's code " + string(c) + " means: " + what + "."
				}
			}
			return ""
		},
		not: func(f *Facts) string {
			if f.Unread {
				return "" // not read is not ruled out; answered tells it
			}
			return "The answer does not carry " + list(codes) + " (" + what + ")."
		},
	}
}

func list(codes []cleeng.Code) string {
	names := make([]string, len(codes))
	for i, c := range codes {
		if names[i] = string(c); ofGateway(c) {
			names[i] = "an API gateway's message"
		}
	}
	return strings.Join(names, " or ")
}

// either is a row that one of two observations proves.
func either(a, b row) row {
	return row{
		code: a.code,
		fits: func(f *Facts) string {
			if why := a.fits(f); why != "" {
				return why
			}
			return b.fits(f)
		},
		not: func(f *Facts) string { return strings.TrimSpace(a.not(f) + " " + b.not(f)) },
	}
}

// seen builds a row on how the credential looked.
func seen(code string, of func(*Evidence) bool, not string) row {
	return row{
		code: code,
		fits: func(f *Facts) string {
			if !of(&f.Sent) {
				return ""
			}
			return f.Sent.Describe()
		},
		not: func(f *Facts) string { return strings.ReplaceAll(not, "{where}", f.Sent.place()) },
	}
}

var unauthorizedRows = []row{
	says(BadPassword, "wrong e-mail or password", cleeng.CodeBadPassword),
	either(
		seen(CredentialMissing, func(e *Evidence) bool { return e.Missing }, "A credential was sent in {where}."),
		says(CredentialMissing, "no token was found in the call", cleeng.CodeJWTMissing)),
	seen(WrongScheme, func(e *Evidence) bool { return e.WrongScheme }, "It is where this endpoint takes it."),
	seen(CredentialMalformed, func(e *Evidence) bool { return e.Malformed }, "It has no quotes, inner spaces or doubled Bearer, and is not the text undefined or null."),
	either(
		row{
			code: CredentialExpired,
			fits: func(f *Facts) string {
				if !f.Sent.Expired {
					return ""
				}
				return f.Sent.Describe()
			},
			not: func(f *Facts) string {
				if f.Sent.Expires.IsZero() {
					return "It tells no time of expiry, as publisher keys do not."
				}
				return "It is valid until " + stamp(f.Sent.Expires) + "."
			},
		},
		says(CredentialExpired, "the token has expired", cleeng.CodeTokenExpired, cleeng.CodeGatewayExpired)),
	{
		code: InsufficientPermission,
		fits: func(f *Facts) string {
			if f.AcceptedElsewhere {
				return "The same credential was accepted at another endpoint within the last five minutes."
			}
			return ""
		},
		not: func(*Facts) string {
			return "It was not seen to be accepted at another endpoint within the last five minutes."
		},
	},
	{
		code: AddressNotAllowed,
		fits: func(f *Facts) string {
			if f.NamesAddress {
				return "The answer names an IP address."
			}
			return ""
		},
		not: func(f *Facts) string {
			if f.Unread {
				return ""
			}
			return "The answer names no IP address."
		},
	},
	{
		code: CredentialInvalid,
		fits: func(f *Facts) string {
			switch {
			case f.Code == cleeng.CodeJWTInvalid:
				return "Cleeng's code AUTH0002 means: the token is invalid."
			case f.Code == cleeng.CodeRefreshDead:
				return "Cleeng says that the refresh token is expired or does not exist; each works once."
			case f.Code == cleeng.CodeRPCPublisherToken:
				return "JSON-RPC error 3 means: the publisher's token is empty or invalid."
			case f.Surface == cleeng.SurfaceCore:
				return "The Core API takes nothing but the publisher's key, so a 401 is about that key."
			}
			return ""
		},
		not: func(f *Facts) string {
			if f.Unread {
				return ""
			}
			return "The answer does not say that the token is invalid (AUTH0002, or JSON-RPC error 3)."
		},
	},
}

var forbiddenRows = []row{{
	code: InsufficientPermission,
	fits: func(f *Facts) string {
		if f.NamesAddress {
			return "A 403 refuses the call, not the credential. The answer names an IP address: compare it with the key's list of addresses."
		}
		return "A 403 refuses the call, not the credential."
	},
	not: func(*Facts) string { return "" },
}}

var tooManyRows = []row{
	says(CaptchaRequired, "a human check is required", cleeng.CodeCaptchaRequired),
	says(CaptchaFailed, "the human check failed", cleeng.CodeCaptchaFailed),
	throttledBy(ForeignConsumer, "No other consumer of the quota was seen."),
	throttledBy(LimitExceeded, "No more was sent than a known limit allows."),
	throttledBy(Burst, "No limit is known that the calls kept on average."),
}

func throttledBy(cause, not string) row {
	return row{
		code: cause,
		fits: func(f *Facts) string {
			if f.Throttle.Cause != cause {
				return ""
			}
			return f.Throttle.describe()
		},
		not: func(*Facts) string { return not },
	}
}

func (t *Throttle) describe() string {
	span := t.Window
	if t.Limit == 0 {
		span = time.Second
	}
	out := "This proxy sent " + plural(int64(t.Sent), "call") + " within " + span.String()
	if t.Limit > 0 {
		out += "; the limit known is " + strconv.FormatInt(t.Limit, 10)
	}
	if t.Foreign > 0 {
		out += "; another consumer used " + strconv.FormatInt(t.Foreign, 10)
	}
	return out + "."
}

func plural(n int64, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.FormatInt(n, 10) + " " + what
}
