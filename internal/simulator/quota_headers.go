package simulator

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rateHeaders writes what the limits told, in every dialect that is switched on.
// server is the server's clock, which epoch and date resets are told by.
func rateHeaders(h http.Header, k QuotaKnobs, readings []reading, now, server time.Time, throttled bool) {
	if len(readings) == 0 || k.HeadersOn == "429" && !throttled {
		return
	}
	tight := tightest(readings)
	for _, dialect := range k.Dialects {
		switch dialect {
		case "x-ratelimit":
			h.Set("X-RateLimit-Limit", strconv.Itoa(tight.limit))
			h.Set("X-RateLimit-Remaining", strconv.Itoa(tight.remaining))
			h.Set("X-RateLimit-Reset", resetText(k, tight.reset, now, server))
		case "ietf":
			ietfHeaders(h, readings, now)
		case "ietf-07":
			h.Set("RateLimit", fmt.Sprintf("limit=%d, remaining=%d, reset=%d", tight.limit, tight.remaining, seconds(tight.reset.Sub(now))))
			h.Set("RateLimit-Policy", policies(readings))
		case "ietf-06":
			h.Set("RateLimit-Limit", fmt.Sprintf("%d, %s", tight.limit, policies(readings)))
			h.Set("RateLimit-Remaining", strconv.Itoa(tight.remaining))
			h.Set("RateLimit-Reset", strconv.Itoa(seconds(tight.reset.Sub(now))))
		}
	}
	if throttled {
		retryAfter(h, k.RetryAfter, latest(readings).Sub(now), server)
	}
}

// ietfHeaders writes the structured fields of draft-ietf-httpapi-ratelimit-headers-11:
// one item per limit, q quota, w window in seconds, r remaining, t seconds to the reset.
func ietfHeaders(h http.Header, readings []reading, now time.Time) {
	var limits, policy []string
	for _, r := range readings {
		name := strconv.Quote(r.name)
		limits = append(limits, fmt.Sprintf("%s;r=%d;t=%d", name, r.remaining, seconds(r.reset.Sub(now))))
		policy = append(policy, fmt.Sprintf("%s;q=%d;w=%d", name, r.limit, seconds(r.window)))
	}
	h.Set("RateLimit", strings.Join(limits, ", "))
	h.Set("RateLimit-Policy", strings.Join(policy, ", "))
}

func policies(readings []reading) string {
	var list []string
	for _, r := range readings {
		list = append(list, fmt.Sprintf("%d;w=%d", r.limit, seconds(r.window)))
	}
	return strings.Join(list, ", ")
}

// tightest is the limit that holds the caller back longest, else the one with
// the smallest share left.
func tightest(readings []reading) reading {
	return slices.MaxFunc(readings, func(a, b reading) int {
		if c := a.next.Compare(b.next); c != 0 {
			return c
		}
		return b.remaining*max(a.limit, 1) - a.remaining*max(b.limit, 1)
	})
}

// latest is when the call would be admitted by all limits.
func latest(readings []reading) time.Time {
	t := readings[0].next
	for _, r := range readings[1:] {
		if r.next.After(t) {
			t = r.next
		}
	}
	return t
}

func resetText(k QuotaKnobs, reset, now, server time.Time) string {
	wait := max(0, reset.Sub(now))
	at := server.Add(wait)
	switch k.Reset {
	case "epoch":
		return strconv.FormatInt(ceilSecond(at).Unix(), 10)
	case "epoch_ms":
		return strconv.FormatInt(at.UnixMilli(), 10)
	case "date":
		return ceilSecond(at).UTC().Format(http.TimeFormat)
	default:
		if k.Fractional {
			return strconv.FormatFloat(math.Ceil(wait.Seconds()*1000)/1000, 'f', 3, 64)
		}
		return strconv.Itoa(seconds(wait))
	}
}

func retryAfter(h http.Header, form string, wait time.Duration, server time.Time) {
	switch form {
	case "seconds":
		h.Set("Retry-After", strconv.Itoa(max(1, seconds(wait))))
	case "date":
		h.Set("Retry-After", ceilSecond(server.Add(max(0, wait))).UTC().Format(http.TimeFormat))
	}
}

// seconds rounds up: a caller that comes back at the told second is admitted.
func seconds(d time.Duration) int {
	return max(0, int(math.Ceil(d.Seconds())))
}

func ceilSecond(t time.Time) time.Time {
	if floor := t.Truncate(time.Second); !floor.Equal(t) {
		return floor.Add(time.Second)
	}
	return t
}
