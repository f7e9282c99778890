package limiter

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxBelievable bounds hints. Longer ones are mistakes or malice, and count as
// no hint at all.
const maxBelievable = 31 * 24 * time.Hour

// moment is a parsed instant or delay, told as a delay from the answer's arrival.
type moment struct {
	delay time.Duration // the latest that the text can mean, at least 0
	grain time.Duration // how much earlier it may be
}

// Magnitudes at which a bare number changes its meaning: seconds since 1970 begin
// in the year 1973, where no delay reaches, and end in 5138; so do milliseconds.
const (
	epochSeconds      = 1e8
	epochMilliseconds = 1e11
	epochEnd          = 1e14
)

// parseWhen reads what APIs write into Reset fields: a delay in seconds, Unix
// time in seconds or milliseconds, told apart by magnitude, an HTTP date or an
// ISO 8601 time. Instants are compared with the provider's clock. The past means
// now, unless our clock has never been compared, when it means nothing.
func parseWhen(text string, server time.Time, uncertain time.Duration, compared bool) (moment, bool) {
	text = strings.TrimSpace(text)
	if number, ok := parseNumber(text); ok {
		switch {
		case number < epochSeconds:
			return delayOf(number, text)
		case number < epochMilliseconds:
			return until(time.Unix(int64(number), 0), time.Second, server, uncertain, compared)
		case number < epochEnd:
			return until(time.UnixMilli(int64(number)), time.Millisecond, server, uncertain, compared)
		}
		return moment{}, false
	}
	if t, err := http.ParseTime(text); err == nil {
		return until(t, time.Second, server, uncertain, compared)
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return until(t, time.Second, server, uncertain, compared)
		}
	}
	return moment{}, false
}

// parseDelay reads a delay in seconds, as RateLimit-Reset and the parameter t are.
func parseDelay(text string) (moment, bool) {
	text = strings.TrimSpace(text)
	number, ok := parseNumber(text)
	if !ok {
		return moment{}, false
	}
	return delayOf(number, text)
}

// parseRetryAfter reads Retry-After (RFC 9110, section 10.2.3): whole seconds or
// an HTTP date. Some providers send fractions, so they are accepted.
func parseRetryAfter(text string, server time.Time, uncertain time.Duration, compared bool) (moment, bool) {
	if m, ok := parseDelay(text); ok {
		return m, true
	}
	if t, err := http.ParseTime(strings.TrimSpace(text)); err == nil {
		return until(t, time.Second, server, uncertain, compared)
	}
	return moment{}, false
}

func delayOf(seconds float64, text string) (moment, bool) {
	if seconds > maxBelievable.Seconds() {
		return moment{}, false
	}
	grain := time.Second
	if strings.Contains(text, ".") {
		grain = 10 * time.Millisecond
	}
	return moment{delay: time.Duration(seconds * float64(time.Second)), grain: grain}, true
}

// skewed is how far in the past an instant may lie and still mean now.
const skewed = 2 * time.Second

func until(t time.Time, grain time.Duration, server time.Time, uncertain time.Duration, compared bool) (moment, bool) {
	delay := t.Sub(server) + uncertain
	switch {
	case delay > maxBelievable, !compared && delay < -skewed:
		return moment{}, false
	case delay < 0:
		return moment{grain: grain}, true
	}
	return moment{delay: delay, grain: max(grain, 2*uncertain)}, true
}

// parseNumber reads a plain decimal number: no sign, no exponent, no words.
func parseNumber(text string) (float64, bool) {
	if text == "" || len(text) > 24 {
		return 0, false
	}
	for i := range len(text) {
		if c := text[i]; c != '.' && (c < '0' || c > '9') {
			return 0, false
		}
	}
	number, err := strconv.ParseFloat(text, 64)
	return number, err == nil && !math.IsInf(number, 0)
}

// maxCount bounds limits and remainders: a provider that grants more is not
// worth waiting for.
const maxCount = 1 << 40

// parseCount reads a number of calls. Fractions, which averaging providers send,
// are cut.
func parseCount(text string) (int64, bool) {
	number, ok := parseNumber(strings.TrimSpace(text))
	if !ok {
		return 0, false
	}
	return int64(min(number, maxCount)), true
}
