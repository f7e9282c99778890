// Package support answers why a call failed and what to do about it.
package support

import (
	"net/http"

	"github.com/cleengate/cleengate/internal/cleeng"
)

// Codes of causes, as headers, logs and metrics spell them.
const (
	BadPassword            = "bad_password"
	CredentialMissing      = "credential_missing"
	WrongScheme            = "wrong_scheme"
	CredentialMalformed    = "credential_malformed"
	CredentialExpired      = "credential_expired"
	InsufficientPermission = "insufficient_permission"
	AddressNotAllowed      = "ip_not_allowed"
	CredentialInvalid      = "credential_invalid"
	CaptchaRequired        = "captcha_required"
	CaptchaFailed          = "captcha_failed"
	ForeignConsumer        = "foreign_consumer"
	LimitExceeded          = "limit_exceeded"
	Burst                  = "burst"
	Unknown                = "unknown"
)

// Facts are what is known of a failed call. None is a secret.
type Facts struct {
	Status  int
	Surface cleeng.Surface
	Code    cleeng.Code // read from the answer's body
	// Sent is how the credential looked that went upstream.
	Sent Evidence
	// AcceptedElsewhere: the same credential was accepted at another endpoint
	// within the last five minutes.
	AcceptedElsewhere bool
	// NamesAddress: the answer's body mentions an IP address.
	NamesAddress bool
	// Throttle is what the limiter made of a 429, "" if it did not see it.
	Throttle string
}

// Diagnosis is the cause of a failure in words.
type Diagnosis struct {
	Code     string `json:"code"`
	Sentence string `json:"sentence"` // what happened
	Next     string `json:"next"`     // what to do, after the vendor's guide
}

// Diagnose names the cause of a 401, 403 or 429, or of a JSON-RPC error that
// stands for one. The first row that fits wins, the most certain first. It
// reports false for an answer that is none of these.
func Diagnose(f Facts) (Diagnosis, bool) {
	var code string
	switch {
	case f.Status == http.StatusUnauthorized, f.Code == cleeng.CodeRPCPublisherToken:
		code = unauthorized(f)
	case f.Status == http.StatusForbidden:
		code = InsufficientPermission
	case f.Status == http.StatusTooManyRequests:
		code = tooMany(f)
	default:
		return Diagnosis{}, false
	}
	return Explain(code), true
}

func unauthorized(f Facts) string {
	switch {
	case f.Code == cleeng.CodeBadPassword:
		return BadPassword
	case f.Sent.Missing, f.Code == cleeng.CodeJWTMissing:
		return CredentialMissing
	case f.Sent.WrongScheme:
		return WrongScheme
	case f.Sent.Malformed:
		return CredentialMalformed
	case f.Sent.Expired, f.Code == cleeng.CodeTokenExpired, f.Code == cleeng.CodeGatewayExpired:
		return CredentialExpired
	case f.AcceptedElsewhere:
		return InsufficientPermission
	case f.NamesAddress:
		return AddressNotAllowed
	case f.Code == cleeng.CodeJWTInvalid, f.Code == cleeng.CodeRPCPublisherToken, f.Surface == cleeng.SurfaceCore:
		return CredentialInvalid
	}
	return Unknown
}

func tooMany(f Facts) string {
	switch {
	case f.Code == cleeng.CodeCaptchaRequired:
		return CaptchaRequired
	case f.Code == cleeng.CodeCaptchaFailed:
		return CaptchaFailed
	case f.Throttle == ForeignConsumer, f.Throttle == LimitExceeded, f.Throttle == Burst:
		return f.Throttle
	}
	return Unknown
}
