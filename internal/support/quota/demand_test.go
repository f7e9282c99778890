package quota

import (
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/totals"
)

// daily has one busy hour a day, the last on the day before now.
func daily(requests ...int64) []totals.Hour {
	var hours []totals.Hour
	for i, n := range requests {
		at := now.Truncate(day).AddDate(0, 0, i-len(requests))
		if n > 0 {
			hours = append(hours, hourOf(at, row("core", "GET", "/3.1/offers", "shop", n)))
		}
	}
	return hours
}

func TestGrowth(t *testing.T) {
	two := []int64{10, 20, 30, 40, 50, 60, 70}
	for name, c := range map[string]struct {
		requests      []int64
		basis         string
		before, after float64
	}{
		"nothing complete":         {nil, "none", 0, 0},
		"one day":                  {[]int64{5}, "none", 0, 0},
		"two days":                 {[]int64{5, 10}, "day", 5, 10},
		"thirteen days":            {append(append([]int64{}, two...), 1, 2, 3, 4, 5, 6), "day", 5, 6},
		"two weeks":                {append(append([]int64{}, two...), 20, 40, 60, 80, 100, 120, 140), "week", 40, 80},
		"days of no traffic count": {[]int64{70, 0, 0, 0, 0, 0, 0, 140, 0, 0, 0, 0, 0, 0}, "week", 10, 20},
	} {
		hours := append(daily(c.requests...), hourOf(now.Truncate(time.Hour), row("core", "GET", "/3.1/offers", "shop", 1e6))) // today does not count
		r := Build(&Input{Now: now, Hours: hours})
		if g := r.Growth; g.Basis != c.basis || g.Before != c.before || g.After != c.after || g.Note == "" {
			t.Errorf("%s: %+v", name, g)
		}
		if g := r.Growth; c.before > 0 && g.Ratio != c.after/c.before {
			t.Errorf("%s: ratio %v", name, g.Ratio)
		}
	}
	// From nothing there is no ratio.
	list := make([]Day, 14)
	list[13].Requests = 7
	if g := growth(list); g.Ratio != 0 || g.After != 1 || !strings.Contains(g.Note, "no requests") {
		t.Errorf("%+v", g)
	}
}

func TestCoverageSaysWhatIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		hours    []totals.Hour
		complete int
		says     string
	}{
		"since this hour":       {[]totals.Hour{{Start: now.Truncate(time.Hour)}}, 0, "less than the 35 days"},
		"since yesterday noon":  {[]totals.Hour{{Start: now.Truncate(time.Hour).AddDate(0, 0, -1)}}, 0, "there are 0 complete days"},
		"since midnight before": {[]totals.Hour{{Start: now.Truncate(day).AddDate(0, 0, -1)}}, 1, "there is 1 complete day so far"},
		"all of it":             {[]totals.Hour{{Start: now.Truncate(time.Hour).AddDate(0, 0, -35).Add(time.Hour)}}, 34, "traffic"},
	} {
		got := coverage(c.hours, now)
		if got.CompleteDays != c.complete || !strings.Contains(got.Note, c.says) {
			t.Errorf("%s: %+v", name, got)
		}
		if strings.Contains(got.Note, "less than") == (name == "all of it") {
			t.Errorf("%s: %s", name, got.Note)
		}
	}
}

func TestDaysHaveNoGaps(t *testing.T) {
	r := Build(&Input{Now: now, Hours: daily(5, 0, 0, 7)})
	var got []string
	for _, d := range r.Days {
		got = append(got, d.Date)
	}
	if strings.Join(got, " ") != "2026-11-20 2026-11-21 2026-11-22 2026-11-23 2026-11-24" || r.Days[3].Requests != 7 || r.Days[0].Partial || !r.Days[4].Partial {
		t.Errorf("%+v", r.Days)
	}
}
