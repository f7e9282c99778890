package limiter

import (
	"net/http"
	"testing"
	"time"
)

// FuzzHeaders: whatever a provider writes, what is read of it is within bounds, and a
// bucket that reads it neither panics, nor stops, nor sends faster than it may.
func FuzzHeaders(f *testing.F) {
	f.Add("100", "50", "30", "5", `"default";r=50;t=30`, `"default";q=100;w=60`, true)
	f.Add("-1", "1e18", "1795521600000", "0", "limit=100, remaining=50, reset=5", "100;w=60", false)
	f.Add("100, 100;w=1", "", "Tue, 24 Nov 2026 12:00:30 GMT", "-1", "((((", `"a";q=99999999999999`, true)
	f.Fuzz(func(t *testing.T, limit, remaining, reset, retry, rateLimit, policy string, throttle bool) {
		h := http.Header{
			"X-Ratelimit-Limit": {limit}, "X-Ratelimit-Remaining": {remaining}, "X-Ratelimit-Reset": {reset},
			"Ratelimit-Limit": {limit}, "Ratelimit-Remaining": {remaining}, "Ratelimit-Reset": {reset},
			"Retry-After": {retry}, "Ratelimit": {rateLimit}, "Ratelimit-Policy": {policy},
		}
		s := parseSignal(h, len(h), serverNow, 0, true)
		within := func(what string, d time.Duration) {
			if d < unknown || d > maxBelievable+time.Second {
				t.Errorf("%s of %v", what, d)
			}
		}
		within("hint", s.hint())
		for _, r := range s.all() {
			within("reset", r.reset)
			within("window", r.window)
			if r.limit < 0 || r.limit > maxCount || r.remaining < unknown || r.remaining > maxCount {
				t.Errorf("limit %d, remaining %d", r.limit, r.remaining)
			}
		}
		b, err := NewBucket(Config{Name: "fuzz"}, "key", nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			p := b.pass(&Call{Share: 1, Urgency: DefaultUrgency}, b.now())
			if p == nil {
				break
			}
			status := http.StatusOK
			if throttle {
				status = http.StatusTooManyRequests
			}
			out := p.Answered(Feedback{Status: status, Header: h, Throttle: throttle})
			if throttle != out.Throttled || throttle && time.Until(out.PausedUntil) > DefaultMaxPause+time.Second {
				t.Errorf("outcome %+v", out)
			}
		}
		snapshot := b.Snapshot()
		if rate := snapshot.Rate; !(rate > 0) || rate > maxCount/minSpan.Seconds() {
			t.Errorf("rate %v", rate)
		}
		if next := b.earliest(b.now()); next > b.now()+DefaultMaxPause+31*24*time.Hour {
			t.Errorf("the next call may leave in %v", next-b.now())
		}
	})
}
