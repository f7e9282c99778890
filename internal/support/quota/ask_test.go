package quota

import (
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/totals"
)

func TestAskFollowsFromItsArithmetic(t *testing.T) {
	a := Build(month()).Limits[1].Ask
	// 1,490 × 1.5 × 1.25 = 2,793.75
	if !a.Needed || a.PerMinute != 2800 || a.PerSecond != 47 || a.Burst != 238 {
		t.Errorf("%+v", a)
	}
	// 2,793.75 × (1 − 0.4375) = 1,571.5
	if a.AfterFindings != 1600 {
		t.Errorf("after the findings %d", a.AfterFindings)
	}
	// seven days of 11,925
	if a.PerDay != 11925 || a.PerMonth != 30*11925 {
		t.Errorf("%d a day, %d a month", a.PerDay, a.PerMonth)
	}
	steps := strings.Join(a.Steps, "\n")
	for _, want := range []string{"1,490", "2026-11-17 10:02:00 UTC", "× 1.50", "2,794", "2,800 calls a minute", "43.8 %", "83,475 calls needed"} {
		if !strings.Contains(steps, want) {
			t.Errorf("%q is not in the steps:\n%s", want, steps)
		}
	}
}

func TestGrowthInTheAskIsBounded(t *testing.T) {
	in := &Input{Now: now, LimitOf: map[string]string{"core": "publisher"}, Hours: daily(800, 800, 800, 800, 800, 800, 800, 8000, 8000, 8000, 8000, 8000, 8000, 8000)}
	a := Build(in).Limits[0].Ask
	if a.PerMinute != 2500 || !strings.Contains(strings.Join(a.Steps, "\n"), "× 10.00, taken as × 2.00") { // 1,000 × 2 × 1.25
		t.Errorf("%+v", a)
	}
	in.Hours = daily(8000, 8000, 8000, 8000, 8000, 8000, 8000, 800, 800, 800, 800, 800, 800, 800)
	if a := Build(in).Limits[0].Ask; a.PerMinute != 1300 { // 1,000 × 1.25: less demand asks for no less
		t.Errorf("%+v", a)
	}
}

func TestWhenAHigherLimitIsNeeded(t *testing.T) {
	told := Limit{Name: "publisher", Rate: 9.9, Source: "header", Windows: []Window{{Limit: 600, SpanSeconds: 60}}}
	pinned := Limit{Name: "publisher", Rate: 10, Source: configured}
	searching := Limit{Name: "publisher", Rate: 20, Source: learned}
	both := Limit{Name: "publisher", Rate: 5, Source: configured, Windows: []Window{{Limit: 600, SpanSeconds: 60}}}
	for name, c := range map[string]struct {
		limit     Limit
		hour      totals.LimitHour
		needed    bool
		says      string
		perMinute float64
	}{
		"quiet":                     {told, totals.LimitHour{Sent: 100, Demand: 100}, false, "not in the way", 600},
		"surfaced":                  {told, totals.LimitHour{Sent: 100, Demand: 100, Throttled: 3, Surfaced: 2}, true, "apps got to see 2", 600},
		"throttled":                 {searching, totals.LimitHour{Sent: 100, Demand: 100, Throttled: 3}, true, "did not get to see", 1200},
		"waits for a known limit":   {told, totals.LimitHour{Sent: 100, Demand: 100, Waited: 9, WaitedOver: [3]int64{9, 9, 0}}, true, "keeps to the known limit", 600},
		"refused for a known limit": {told, totals.LimitHour{Sent: 100, Demand: 101, Refused: 1}, true, "keeps to the known limit", 600},
		"a few short waits":         {told, totals.LimitHour{Sent: 10_000, Demand: 10_000, Waited: 500, WaitedOver: [3]int64{400, 9, 0}}, false, "not in the way", 600},
		"nearly full":               {told, totals.LimitHour{Sent: 500, Demand: 500, SentPeak: totals.Peaks{Minute: 480}}, true, "80.0 %", 600},
		"waits for one's own":       {pinned, totals.LimitHour{Sent: 100, Demand: 101, Refused: 1}, false, "ceiling that is configured here", 600},
		"one's own below the told":  {both, totals.LimitHour{Sent: 100, Demand: 101, Refused: 1}, false, "ceiling that is configured here", 300},
		"waits while feeling":       {searching, totals.LimitHour{Sent: 100, Demand: 101, Refused: 1}, false, "no limit is known", 0},
	} {
		c.hour.Limit = "publisher"
		l := Build(&Input{Now: now, Limits: []Limit{c.limit}, Hours: []totals.Hour{{Start: now.Truncate(time.Hour), Limits: []totals.LimitHour{c.hour}}}}).Limits[0]
		if l.Ask.Needed != c.needed || !strings.Contains(l.Ask.Reason, c.says) || l.PerMinute != c.perMinute {
			t.Errorf("%s: %v, %v a minute, %s", name, l.Ask.Needed, l.PerMinute, l.Ask.Reason)
		}
	}
}

func TestSeveralCredentialsAndWindows(t *testing.T) {
	in := month()
	in.Limits = []Limit{
		{Name: "publisher", Credential: "a", Rate: 9, Source: "header", Windows: []Window{{Limit: 600, SpanSeconds: 60}, {Limit: 6000, SpanSeconds: 3600}}},
		{Name: "publisher", Credential: "b", Rate: 5, Source: configured},
	}
	if l := Build(in).Limits[1]; l.PerMinute != 100+300 || len(l.Known) != 2 {
		t.Errorf("%v a minute from %+v", l.PerMinute, l.Known)
	}
}

func TestRoundUp(t *testing.T) {
	for v, want := range map[float64]int64{0: 0, 0.1: 1, 7: 7, 99.5: 100, 100: 100, 100.5: 110, 101: 110, 999: 1000, 2793.75: 2800, 1e6: 1e6, 1000001: 1100000} {
		if got := roundUp(v); got != want {
			t.Errorf("%v becomes %d, not %d", v, got, want)
		}
	}
}
