package tokens

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// maxRetryAfter bounds what is believed of Retry-After.
const maxRetryAfter = time.Hour

// answer is an answer of the token endpoints: on success
// {"responseData":{"jwt","refreshToken",…},"errors":[]}, else errors, code or
// message in shapes that vary.
type answer struct {
	path   string
	status int
	header http.Header
	body   []byte
	cut    error // why the body ended early
	long   bool  // it was longer than is read
}

type envelope struct {
	ResponseData struct {
		JWT          string `json:"jwt"`
		RefreshToken string `json:"refreshToken"`
	} `json:"responseData"`
}

// pair returns the tokens. Call it only after failure returned nil.
func (a answer) pair() (token, refresh redact.Secret) {
	var e envelope
	_ = json.Unmarshal(a.body, &e) // failure has read it before
	return redact.New(e.ResponseData.JWT), redact.New(e.ResponseData.RefreshToken)
}

// failure says what is wrong with the answer, nil if it holds a usable token.
func (a answer) failure(received time.Time) *Failure {
	f := &Failure{Category: Malformed}
	switch {
	case a.status == http.StatusTooManyRequests:
		return a.throttled(received)
	case a.status >= 300 && a.status < 400:
		f.Detail = fmt.Sprintf("POST %s was answered with a redirect (%d), which is not followed so that the credential stays with its upstream; "+
			"set the upstream's url to where the API is", a.path, a.status)
		return f
	case a.status >= 500, a.status == http.StatusRequestTimeout, a.status == http.StatusTooEarly:
		f.Category = Transient
		f.RetryAfter = retryAfter(a.header, received)
		f.Detail = fmt.Sprintf("POST %s was answered with %d%s", a.path, a.status, a.code())
		return f
	case a.status >= 400:
		f.Category = Permanent
		f.Detail = fmt.Sprintf("POST %s was refused with %d%s; check the configured login or put in a new refresh token", a.path, a.status, a.code())
		return f
	case a.status < 200:
		f.Detail = fmt.Sprintf("POST %s was answered with %d", a.path, a.status)
		return f
	}
	if trouble := a.unusable(); trouble != "" {
		f.Detail = fmt.Sprintf("POST %s was answered with %d, but %s; check that the upstream's url is the MediaStore API", a.path, a.status, trouble)
		f.Err = a.cut
		return f
	}
	return nil
}

// unusable says why a 2xx holds no token, "" if it does.
func (a answer) unusable() string {
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	switch {
	case a.long:
		return fmt.Sprintf("its body is longer than %d KiB", maxAnswer>>10)
	case a.cut != nil:
		return "its body broke off or came too slowly"
	case len(a.body) == 0:
		return "its body is empty"
	case kind == "text/html":
		return "its body is an HTML page"
	}
	var e envelope
	if json.Unmarshal(a.body, &e) != nil {
		return "its body is not the documented JSON"
	}
	if !wellFormed(e.ResponseData.JWT) {
		return "it holds no usable token" + a.code()
	}
	if refresh := e.ResponseData.RefreshToken; refresh != "" && !wellFormed(refresh) {
		return "its refresh token is malformed"
	}
	return ""
}

// wellFormed reports whether a token can stand in a header field. "undefined"
// is what JavaScript makes of a missing one.
func wellFormed(token string) bool {
	return token != "" && token != "undefined" && token != "null" &&
		!strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}

// throttled describes a 429: a human check if the code says so, else a
// throttle. Both were refused before they were handled.
func (a answer) throttled(received time.Time) *Failure {
	if code := a.code(); strings.Contains(code, "CPT0001") || strings.Contains(code, "CPT0002") {
		return &Failure{
			Category: Permanent, Unspent: true,
			Detail: fmt.Sprintf("POST %s asks for a human check (429%s); log in once by hand or ask Cleeng to exempt this account", a.path, code),
		}
	}
	return &Failure{
		Category: Throttled, Unspent: true, RetryAfter: retryAfter(a.header, received),
		Detail: fmt.Sprintf("POST %s was throttled (429)", a.path),
	}
}

// code returns " and code X" if the body names a plain one, else "".
func (a answer) code() string {
	var e struct {
		Code any `json:"code"`
	}
	if json.Unmarshal(a.body, &e) != nil {
		return ""
	}
	code, ok := e.Code.(string)
	plain := func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' }
	if !ok || code == "" || len(code) > 16 || strings.ContainsFunc(code, func(r rune) bool { return !plain(r) }) {
		return ""
	}
	return " and code " + code
}

// retryAfter reads Retry-After (RFC 9110 section 10.2.3), both forms. Without
// a believable one it is zero.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	var wait time.Duration
	if seconds, err := strconv.ParseUint(text, 10, 63); err == nil {
		wait = time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		if date, err := http.ParseTime(header.Get("Date")); err == nil {
			now = date // both are of the upstream's clock
		}
		wait = at.Sub(now)
	}
	return min(max(0, wait), maxRetryAfter)
}
