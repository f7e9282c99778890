package limiter

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// fieldNames are all that is read of an answer, and some that look like it.
func fieldNames() []string {
	names := []string{
		"Retry-After", "Ratelimit", "Ratelimit-Policy", "Date", "Age", "Cache-Status", "X-Cache",
		"", "R", "X", "X-", "Rate", "Retry-Afterwards", "Ratelimits", "ratelimit-limit", "X-Rate", "X-Rate-Limit", "X-Ratelimit", "x-cache", "X-Cache-Hits",
		"Ages", "Dates", "Content-Type", "X-Request-Id",
	}
	for i := range triplets {
		names = append(names, triplets[i].limit, triplets[i].remaining, triplets[i].reset)
	}
	return names
}

// TestFieldsLeaveNothingUnread: one pass over an answer's names leads to the same
// reading as asking for each field.
func TestFieldsLeaveNothingUnread(t *testing.T) {
	names := rapid.SampledFrom(fieldNames())
	value := rapid.SampledFrom([]string{
		"0", "1", "7", "100", "100;w=60", "100, 100;w=1, 6000;w=60", "1795521660", `"a";r=5;t=3`, `"a";q=10;w=1`, "limit=100, remaining=50, reset=5",
		"Tue, 24 Nov 2026 12:00:30 GMT", "HIT", "Hit from cloud", "miss", "edge; hit", "soon", "", "-1",
	})
	rapid.Check(t, func(rt *rapid.T) {
		h := http.Header(rapid.MapOfN(names, rapid.SliceOfN(value, 0, 3), 0, 12).Draw(rt, "header"))
		f := fieldsOf(h)
		if got, want := f.age && stored(h), stored(h); got != want {
			rt.Errorf("it counts as stored: %v, want %v", got, want)
		}
		if f.date != h.Get("Date") {
			rt.Errorf("Date %q, want %q", f.date, h.Get("Date"))
		}
		slow := parseSignal(h, len(h), serverNow, time.Second, true)
		fast := signal{retry: unknown}
		if f.limits > 0 {
			fast = parseSignal(h, f.limits, serverNow, time.Second, true)
		}
		if got, want := fmt.Sprintf("%+v", fast), fmt.Sprintf("%+v", slow); got != want {
			rt.Errorf("it is read as\n%s\nwant\n%s", got, want)
		}
	})
}
