package support

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/redact"
)

const maxHint = 64 // bytes shown of a field that speaks of limits

// limitFields are the response fields that speak of limits. Not one carries a
// credential.
var limitFields = []string{
	"Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Rate-Limit-Limit", "RateLimit", "RateLimit-Policy",
	"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset",
}

// answered is the fact that everything begins with.
func answered(f *Facts) string {
	out := "Cleeng answered " + strconv.Itoa(f.Status)
	switch {
	case f.Code == cleeng.CodeRPCPublisherToken && f.Status == http.StatusOK:
		return out + " with JSON-RPC error 3."
	case f.Unread:
		return out + "; its body could not be read for its encoding, so no code is known."
	case f.Code == cleeng.CodeRefreshDead:
		return out + " without a code; its message is about the refresh token."
	case ofGateway(f.Code):
		return out + " without a code; its message is one that API gateways use."
	case f.Code == cleeng.CodeNone:
		return out + " without a code that is known."
	}
	return out + " with the code " + string(f.Code) + "."
}

// ofGateway reports codes that stand for a message, and that nobody sent.
func ofGateway(c cleeng.Code) bool { return strings.HasPrefix(string(c), "gateway:") }

// hints are what a throttled answer says of limits and of when to come back.
func hints(f *Facts) []string {
	if f.Status != http.StatusTooManyRequests {
		return nil
	}
	var out []string
	if f.Throttle.Cause == Unknown {
		out = append(out, f.Throttle.describe(), "No limit is known to compare that with.")
	}
	if told := LimitFields(f.Header); told != "" {
		out = append(out, "The answer says "+told+".")
	} else {
		out = append(out, "The answer has neither Retry-After nor X-RateLimit fields.")
	}
	if !f.Throttle.Until.IsZero() {
		out = append(out, "Calls of this quota are held back until "+stamp(f.Throttle.Until)+".")
	}
	return out
}

// LimitFields is what a header says of limits, in one line: each field with
// its value. It is empty where there is none.
func LimitFields(h http.Header) string {
	var out []string
	for _, name := range limitFields {
		for _, value := range h[http.CanonicalHeaderKey(name)] {
			value = redact.Printable(value)
			if len(value) > maxHint {
				value = strings.ToValidUTF8(value[:maxHint], "") + "…"
			}
			out = append(out, name+": "+value)
		}
	}
	return strings.Join(out, ", ")
}

// stamp writes an instant with its zone, as the vendor asks for.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
