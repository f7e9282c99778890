package simulator_test

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

// TestHeaderDialects asks 250 ms into a window of a minute: 59.75 s remain.
func TestHeaderDialects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, limits(simulator.Limit{Name: "default", Limit: 100, Window: time.Minute}))
		base := time.Now() // a whole minute in a bubble
		time.Sleep(250 * time.Millisecond)
		left := 100
		for _, c := range []struct {
			name string
			set  func(q *simulator.QuotaKnobs)
			want map[string]string
		}{
			{"none", func(*simulator.QuotaKnobs) {}, map[string]string{"X-Ratelimit-Limit": "", "Ratelimit": "", "Retry-After": ""}},
			{
				"delta", func(q *simulator.QuotaKnobs) { q.Dialects = []string{"x-ratelimit"} },
				map[string]string{"X-Ratelimit-Limit": "100", "X-Ratelimit-Remaining": "98", "X-Ratelimit-Reset": "60"},
			},
			{"fractional", func(q *simulator.QuotaKnobs) { q.Fractional = true }, map[string]string{"X-Ratelimit-Reset": "59.750"}},
			{"epoch", func(q *simulator.QuotaKnobs) { q.Reset = "epoch" }, map[string]string{"X-Ratelimit-Reset": strconv.FormatInt(base.Unix()+60, 10)}},
			{"epoch_ms", func(q *simulator.QuotaKnobs) { q.Reset = "epoch_ms" }, map[string]string{"X-Ratelimit-Reset": strconv.FormatInt(base.UnixMilli()+60000, 10)}},
			{"date", func(q *simulator.QuotaKnobs) { q.Reset = "date" }, map[string]string{"X-Ratelimit-Reset": base.Add(time.Minute).UTC().Format(http.TimeFormat)}},
			{
				"ietf", func(q *simulator.QuotaKnobs) { q.Dialects = []string{"ietf"} },
				map[string]string{"Ratelimit": `"default";r=93;t=60`, "Ratelimit-Policy": `"default";q=100;w=60`, "X-Ratelimit-Limit": ""},
			},
			{
				"ietf-07", func(q *simulator.QuotaKnobs) { q.Dialects = []string{"ietf-07"} },
				map[string]string{"Ratelimit": "limit=100, remaining=92, reset=60", "Ratelimit-Policy": "100;w=60"},
			},
			{
				"ietf-06", func(q *simulator.QuotaKnobs) { q.Dialects = []string{"ietf-06", "x-ratelimit"} },
				map[string]string{"Ratelimit-Limit": "100, 100;w=60", "Ratelimit-Remaining": "91", "Ratelimit-Reset": "60", "X-Ratelimit-Remaining": "91"},
			},
		} {
			tune(t, r, func(k *simulator.Knobs) { c.set(&k.Quota) })
			a := r.core("GET", "/offers", nil)
			a.want(t, 200)
			left--
			for name, want := range c.want {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s (%d left): %s = %q, want %q", c.name, left, name, got, want)
				}
			}
		}
	})
}

func TestRetryAfterInEachForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(k *simulator.Knobs) {
			k.Quota.Limits = []simulator.Limit{{Limit: 1, Window: 10 * time.Second}}
			k.Quota.Dialects = []string{"x-ratelimit"}
			k.Quota.HeadersOn = "429"
		})
		base := time.Now()
		time.Sleep(500 * time.Millisecond)
		if a := r.core("GET", "/offers", nil); a.header.Get("X-RateLimit-Limit") != "" {
			t.Error("rate headers on a 200 although they are for 429 only")
		}
		for form, want := range map[string]string{"none": "", "seconds": "10", "date": base.Add(10 * time.Second).UTC().Format(http.TimeFormat)} {
			tune(t, r, func(k *simulator.Knobs) { k.Quota.RetryAfter = form })
			a := r.core("GET", "/offers", nil)
			a.want(t, 429)
			if got := a.header.Get("Retry-After"); got != want {
				t.Errorf("%s: %q, want %q", form, got, want)
			}
			if a.header.Get("X-RateLimit-Remaining") != "0" {
				t.Errorf("%s: remaining %q", form, a.header.Get("X-RateLimit-Remaining"))
			}
		}
	})
}

// TestTheToldInstantIsTrue sleeps exactly as told and must be admitted.
func TestTheToldInstantIsTrue(t *testing.T) {
	for _, provider := range []string{"fixed", "sliding", "bucket"} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, func(k *simulator.Knobs) {
				k.Quota.Limits = []simulator.Limit{{Provider: provider, Limit: 3, Window: 7 * time.Second}}
				k.Quota.RetryAfter = "seconds"
			})
			for i := range 40 {
				time.Sleep(time.Duration(i*37) * time.Millisecond)
				a := r.core("GET", "/offers", nil)
				if a.status != 429 {
					continue
				}
				wait, err := strconv.Atoi(a.header.Get("Retry-After"))
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Duration(wait) * time.Second)
				r.core("GET", "/offers", nil).want(t, 200)
			}
		})
	}
}

func TestSeveralWindowsTellTheTightest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(k *simulator.Knobs) {
			k.Quota.Limits = []simulator.Limit{{Name: "second", Limit: 3, Window: time.Second}, {Name: "minute", Limit: 5, Window: time.Minute}}
			k.Quota.Dialects = []string{"ietf", "x-ratelimit"}
			k.Quota.RetryAfter = "seconds"
		})
		if n := r.admitted(4); n != 3 {
			t.Fatalf("%d in the first second", n)
		}
		time.Sleep(time.Second)
		r.core("GET", "/offers", nil).want(t, 200)
		a := r.core("GET", "/offers", nil)
		a.want(t, 200)
		if got, want := a.header.Get("RateLimit"), `"second";r=1;t=1, "minute";r=0;t=59`; got != want {
			t.Errorf("RateLimit %s, want %s", got, want)
		}
		a = r.core("GET", "/offers", nil)
		a.want(t, 429)
		if got := a.header.Get("Retry-After"); got != "59" {
			t.Errorf("Retry-After %q, want that of the minute, 59", got)
		}
		if got := a.header.Get("X-RateLimit-Limit"); got != "5" {
			t.Errorf("X-RateLimit-Limit %q, want that of the minute, 5", got)
		}
	})
}

func TestThrottleBodies(t *testing.T) {
	r := start(t, limits(simulator.Limit{Limit: 0, Window: time.Hour}))
	for form, want := range map[string]string{
		"message": `{"message":"Too Many Requests"}`,
		"errors":  `{"errors":["Too many requests"],"responseData":{}}`,
		"empty":   ``,
	} {
		tune(t, r, func(k *simulator.Knobs) { k.Quota.Body = form })
		a := r.do("GET", "/locales", nil)
		a.want(t, 429)
		if string(a.body) != want {
			t.Errorf("%s: %q, want %q", form, a.body, want)
		}
	}
	for form, code := range map[string]string{"captcha_required": "CPT0001", "captcha_failed": "CPT0002"} {
		tune(t, r, func(k *simulator.Knobs) { k.Quota.Body = form })
		a := r.do("GET", "/locales", nil)
		a.want(t, 429)
		a.same(t, code, "code")
	}
	if c := r.sim.Counters(); c.Throttled != 3 || c.Captchas != 2 {
		t.Errorf("throttled %d, captchas %d", c.Throttled, c.Captchas)
	}
}

func TestClockSkewMovesDateAndEpochResets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(k *simulator.Knobs) {
			k.Clock.Skew = time.Hour
			k.Quota.Limits = []simulator.Limit{{Limit: 9, Window: time.Minute}}
			k.Quota.Dialects, k.Quota.Reset = []string{"x-ratelimit"}, "epoch"
		})
		now := time.Now()
		a := r.core("GET", "/offers", nil)
		if got, want := a.header.Get("Date"), now.Add(time.Hour).UTC().Format(http.TimeFormat); got != want {
			t.Errorf("Date %s, want %s", got, want)
		}
		if got, want := a.header.Get("X-RateLimit-Reset"), strconv.FormatInt(now.Add(time.Hour+time.Minute).Unix(), 10); got != want {
			t.Errorf("Reset %s, want %s", got, want)
		}
		tune(t, r, func(k *simulator.Knobs) { k.Clock.DateSkew = -2 * time.Hour })
		if got, want := r.core("GET", "/offers", nil).header.Get("Date"), now.Add(-time.Hour).UTC().Format(http.TimeFormat); got != want {
			t.Errorf("Date %s, want %s", got, want)
		}
		tune(t, r, func(k *simulator.Knobs) { k.Clock.NoDate = true })
		if _, there := r.core("GET", "/offers", nil).header["Date"]; there {
			t.Error("a Date although none was to be sent")
		}
	})
}
