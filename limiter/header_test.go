package limiter

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var serverNow = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// parse reads fields given as name, value, name, value.
func parse(fields ...string) signal {
	h := http.Header{}
	for i := 0; i < len(fields); i += 2 {
		h.Add(fields[i], fields[i+1])
	}
	return parseSignal(h, len(h), serverNow, 0, true)
}

func TestDialects(t *testing.T) {
	second, minute := time.Second, time.Minute
	for name, tt := range map[string]struct {
		fields []string
		want   []reading
	}{
		"draft 11": {
			[]string{"RateLimit", `"default";r=50;t=30`, "RateLimit-Policy", `"default";q=100;w=60`},
			[]reading{{family: "ietf", policy: "default", limit: 100, remaining: 50, reset: 30 * second, grain: second, window: minute}},
		},
		"draft 11, two policies": {
			[]string{"RateLimit", `"burst";r=9;t=1, "daily";r=800;t=3600`, "RateLimit-Policy", `"burst";q=10;w=1,"daily";q=1000;w=86400`},
			[]reading{
				{family: "ietf", policy: "burst", limit: 10, remaining: 9, reset: second, grain: second, window: second},
				{family: "ietf", policy: "daily", limit: 1000, remaining: 800, reset: time.Hour, grain: second, window: 24 * time.Hour},
			},
		},
		"draft 11 over two lines, other units left out": {
			[]string{"RateLimit", `"a";r=1`, "RateLimit", `"bytes";r=4096`, "RateLimit-Policy", `"a";q=10;w=1`, "RateLimit-Policy", `"bytes";q=65536;qu="content-bytes";w=10`},
			[]reading{
				{family: "ietf", policy: "a", limit: 10, remaining: 1, reset: unknown, grain: second, window: second},
				{family: "ietf", policy: "bytes", remaining: 4096, reset: unknown, grain: second},
			},
		},
		"draft 7": {
			[]string{"RateLimit", "limit=100, remaining=50, reset=5", "RateLimit-Policy", "100;w=60"},
			[]reading{{family: "ietf-07", limit: 100, remaining: 50, reset: 5 * second, grain: second, window: minute}},
		},
		"draft 6": {
			[]string{"RateLimit-Limit", "100, 100;w=1, 6000;w=60", "RateLimit-Remaining", "99", "RateLimit-Reset", "1"},
			[]reading{
				{family: "ratelimit", limit: 100, remaining: 99, reset: second, grain: second, window: second},
				{family: "policy", limit: 6000, remaining: unknown, reset: unknown, window: minute},
			},
		},
		"delta": {
			[]string{"X-RateLimit-Limit", "100", "X-RateLimit-Remaining", "7", "X-RateLimit-Reset", "12"},
			[]reading{{family: "x-ratelimit", limit: 100, remaining: 7, reset: 12 * second, grain: second}},
		},
		"fraction": {
			[]string{"X-RateLimit-Limit", "100", "X-RateLimit-Remaining", "7.9", "X-RateLimit-Reset", "1.5"},
			[]reading{{family: "x-ratelimit", limit: 100, remaining: 7, reset: 1500 * time.Millisecond, grain: 10 * time.Millisecond}},
		},
		"epoch seconds": {
			[]string{"X-Rate-Limit-Limit", "100", "X-Rate-Limit-Remaining", "7", "X-Rate-Limit-Reset", "1795521660"},
			[]reading{{family: "x-rate-limit", limit: 100, remaining: 7, reset: minute, grain: second}},
		},
		"epoch milliseconds": {
			[]string{"X-RateLimit-Limit", "100", "X-RateLimit-Remaining", "7", "X-RateLimit-Reset", "1795521600250"},
			[]reading{{family: "x-ratelimit", limit: 100, remaining: 7, reset: 250 * time.Millisecond, grain: time.Millisecond}},
		},
		"HTTP date": {
			[]string{"X-RateLimit-Limit", "100", "X-RateLimit-Remaining", "7", "X-RateLimit-Reset", "Tue, 24 Nov 2026 12:00:30 GMT"},
			[]reading{{family: "x-ratelimit", limit: 100, remaining: 7, reset: 30 * second, grain: second}},
		},
		"ISO 8601": {
			[]string{"X-RateLimit-Limit", "100", "X-RateLimit-Remaining", "7", "X-RateLimit-Reset", "2026-11-24T12:00:30Z"},
			[]reading{{family: "x-ratelimit", limit: 100, remaining: 7, reset: 30 * second, grain: second}},
		},
		"a field for each window": {
			[]string{"X-RateLimit-Limit-Second", "5", "X-RateLimit-Remaining-Second", "4", "X-RateLimit-Limit-Hour", "1000", "X-RateLimit-Remaining-Hour", "900"},
			[]reading{
				{family: "x-ratelimit", policy: "second", limit: 5, remaining: 4, reset: unknown, window: second},
				{family: "x-ratelimit", policy: "hour", limit: 1000, remaining: 900, reset: unknown, window: time.Hour},
			},
		},
		"window as a parameter": {
			[]string{"X-RateLimit-Limit", "100;window=60", "X-RateLimit-Remaining", "7"},
			[]reading{{family: "x-ratelimit", limit: 100, remaining: 7, reset: unknown, window: minute}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := parse(tt.fields...)
			if diff := cmp.Diff(tt.want, s.all(), cmp.AllowUnexported(reading{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if s.odd != "" {
				t.Errorf("%s counts as unreadable", s.odd)
			}
		})
	}
}

// TestBadInput: what cannot be believed counts as absent; of two values the more
// careful one counts.
func TestBadInput(t *testing.T) {
	day := 24 * time.Hour
	for name, tt := range map[string]struct {
		fields []string
		hint   time.Duration
		limit  int64
		left   int64
	}{
		"Retry-After negative":         {[]string{"Retry-After", "-1"}, unknown, 0, unknown},
		"Retry-After zero":             {[]string{"Retry-After", "0"}, unknown, 0, unknown},
		"Retry-After 1e18":             {[]string{"Retry-After", "1e18"}, unknown, 0, unknown},
		"Retry-After 10^18":            {[]string{"Retry-After", "1000000000000000000"}, unknown, 0, unknown},
		"Retry-After overflowing":      {[]string{"Retry-After", "99999999999999999999999999"}, unknown, 0, unknown},
		"Retry-After in 1970":          {[]string{"Retry-After", "Thu, 01 Jan 1970 00:00:00 GMT"}, unknown, 0, unknown},
		"Retry-After garbage":          {[]string{"Retry-After", "soon"}, unknown, 0, unknown},
		"Retry-After empty":            {[]string{"Retry-After", ""}, unknown, 0, unknown},
		"Retry-After hexadecimal":      {[]string{"Retry-After", "0x10"}, unknown, 0, unknown},
		"Retry-After infinite":         {[]string{"Retry-After", "inf"}, unknown, 0, unknown},
		"Retry-After twice":            {[]string{"Retry-After", "3", "Retry-After", "7"}, 7 * time.Second, 0, unknown},
		"Retry-After good and bad":     {[]string{"Retry-After", "garbage", "Retry-After", "7"}, 7 * time.Second, 0, unknown},
		"Retry-After a month":          {[]string{"Retry-After", "2678400"}, 31 * day, 0, unknown},
		"Retry-After more":             {[]string{"Retry-After", "2678401"}, unknown, 0, unknown},
		"limit zero":                   {[]string{"X-RateLimit-Limit", "0", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "5"}, 5 * time.Second, 0, 0},
		"limit negative":               {[]string{"X-RateLimit-Limit", "-5", "X-RateLimit-Remaining", "3"}, unknown, 0, 3},
		"remaining negative":           {[]string{"X-RateLimit-Limit", "5", "X-RateLimit-Remaining", "-3"}, unknown, 5, unknown},
		"more remaining than allowed":  {[]string{"X-RateLimit-Limit", "5", "X-RateLimit-Remaining", "500"}, unknown, 5, 5},
		"limit 10^18":                  {[]string{"X-RateLimit-Limit", "1000000000000000000", "X-RateLimit-Remaining", "5"}, unknown, maxCount, 5},
		"two limits":                   {[]string{"X-RateLimit-Limit", "100", "X-RateLimit-Limit", "50", "X-RateLimit-Remaining", "9"}, unknown, 50, 9},
		"two remainders":               {[]string{"X-RateLimit-Limit", "100", "X-RateLimit-Remaining", "9", "X-RateLimit-Remaining", "2"}, unknown, 100, 2},
		"reset in the past":            {[]string{"X-RateLimit-Limit", "5", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1700000000"}, unknown, 5, 0},
		"reset far away":               {[]string{"X-RateLimit-Limit", "5", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "99999999999999999"}, unknown, 5, 0},
		"Retry-After against reset":    {[]string{"Retry-After", "2", "X-RateLimit-Limit", "5", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "9"}, 9 * time.Second, 5, 0},
		"reset with something left":    {[]string{"Retry-After", "2", "X-RateLimit-Limit", "5", "X-RateLimit-Remaining", "1", "X-RateLimit-Reset", "9"}, 2 * time.Second, 5, 1},
		"structured field cut short":   {[]string{"RateLimit", `"default";r=`, "RateLimit-Policy", `"default";q=;w=`}, unknown, 0, unknown},
		"structured field with a list": {[]string{"RateLimit", `("a" "b");r=1`, "RateLimit-Policy", `("a" "b");q=1`}, unknown, 0, unknown},
		"negative parameters":          {[]string{"RateLimit", `"a";r=-1;t=-1`, "RateLimit-Policy", `"a";q=-1;w=-1`}, unknown, 0, unknown},
		"control characters":           {[]string{"X-RateLimit-Limit", "1\x00\r0", "Retry-After", "\x7f"}, unknown, 0, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			s := parse(tt.fields...)
			if got := s.hint(); got != tt.hint {
				t.Errorf("hint %v, want %v", got, tt.hint)
			}
			limit, left := int64(0), int64(unknown)
			for _, r := range s.all() {
				limit, left = r.limit, r.remaining
			}
			if limit != tt.limit || left != tt.left {
				t.Errorf("limit %d with %d left, want %d with %d", limit, left, tt.limit, tt.left)
			}
		})
	}
}

// A clock that was never compared with the provider's makes nothing of the past.
func TestResetWithAWrongClock(t *testing.T) {
	h := http.Header{"X-Ratelimit-Limit": {"100"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"1795518000000"}}
	if s := parseSignal(h, len(h), serverNow, 0, false); s.readings[0].reset != unknown {
		t.Errorf("an instant an hour ago by a clock that nobody checked is read as %v", s.readings[0].reset)
	}
	// With a Date it is read by the provider's own clock.
	var c serverClock
	local := serverNow
	hourAgo := serverNow.Add(-time.Hour)
	for i := range 10 {
		at := time.Duration(i) * 370 * time.Millisecond
		c.observe(hourAgo.Add(at).Truncate(time.Second), local.Add(at-20*time.Millisecond), local.Add(at+20*time.Millisecond))
	}
	server, uncertain, ok := c.now(local)
	if d := server.Sub(hourAgo); !ok || d.Abs() > uncertain || uncertain > 200*time.Millisecond {
		t.Errorf("the provider's clock is read %v off, uncertain by %v", d, uncertain)
	}
	h.Set("X-RateLimit-Reset", "1795518005000")
	s := parseSignal(h, len(h), server, uncertain, ok)
	if got := s.readings[0].reset; got < 5*time.Second || got > 5500*time.Millisecond {
		t.Errorf("five seconds from now by the provider's clock are read as %v", got)
	}
}

// A clock that was set makes the older samples worthless.
func TestClockThatWasSet(t *testing.T) {
	var c serverClock
	c.observe(serverNow, serverNow, serverNow)
	c.observe(serverNow.Add(time.Hour), serverNow, serverNow)
	if offset, _, _ := c.offset(); (offset - time.Hour).Abs() > time.Second {
		t.Errorf("offset %v, want an hour", offset)
	}
	if _, _, ok := (&serverClock{}).offset(); ok {
		t.Error("an offset without any sample")
	}
}

func TestStoredAnswersAreNoReadings(t *testing.T) {
	for name, tt := range map[string]struct {
		header http.Header
		want   bool
	}{
		"plain":           {http.Header{}, false},
		"Age":             {http.Header{"Age": {"7"}}, true},
		"Age 0 of a miss": {http.Header{"Age": {"0"}}, false},
		"Cache-Status":    {http.Header{"Cache-Status": {"origin; fwd=miss, edge; hit; ttl=7"}}, true},
		"miss":            {http.Header{"Cache-Status": {"hit; fwd=miss"}}, false},
		"X-Cache":         {http.Header{"X-Cache": {"Hit from cloudfront"}}, true},
		"X-Cache miss":    {http.Header{"X-Cache": {"Miss from cloudfront"}}, false},
	} {
		if got := stored(tt.header); got != tt.want {
			t.Errorf("%s: stored %v, want %v", name, got, tt.want)
		}
	}
}
