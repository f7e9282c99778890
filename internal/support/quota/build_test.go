package quota

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cleengate/cleengate/internal/totals"
)

var update = flag.Bool("update", false, "write the golden report anew")

func TestGoldenReport(t *testing.T) {
	const name = "testdata/report.md"
	got := Build(month()).Markdown()
	if *update {
		if err := os.WriteFile(name, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the report differs from %s; -update writes it anew:\n%s", name, diff)
	}
}

// TestVolumesAddUp compares sums with ones made by hand from the fixture.
func TestVolumesAddUp(t *testing.T) {
	in := month()
	r := Build(in)
	const sizes = 9*1000 + 7*1500
	want := Volume{
		Requests: 10 * sizes, Sent: 8 * sizes, Saved: 2 * sizes, Joined: sizes / 2, SavedPart: 0.2,
		Throttled: sizes / 10, Refused: sizes / 20, Surfaced: 16 * 3, Failed: sizes/20 + 16*3,
	}
	if diff := cmp.Diff(want, r.Totals); diff != "" {
		t.Error(diff)
	}
	var days, endpoints, callers, hours int64
	byDay := Volume{SavedPart: want.SavedPart}
	for _, d := range r.Days {
		days += d.Sent
		byDay.Requests, byDay.Sent, byDay.Saved, byDay.Joined = byDay.Requests+d.Requests, byDay.Sent+d.Sent, byDay.Saved+d.Saved, byDay.Joined+d.Joined
		byDay.Failed, byDay.Throttled, byDay.Refused, byDay.Surfaced = byDay.Failed+d.Failed, byDay.Throttled+d.Throttled, byDay.Refused+d.Refused, byDay.Surfaced+d.Surfaced
	}
	if diff := cmp.Diff(want, byDay); diff != "" {
		t.Errorf("days: %s", diff)
	}
	for _, h := range r.Hours {
		hours += h.Sent
	}
	for _, l := range r.Endpoints.Top {
		endpoints += l.Sent
	}
	for _, l := range r.Callers.Top {
		callers += l.Sent
	}
	for name, sum := range map[string]int64{"days": days, "hours": hours, "endpoints": endpoints, "callers": callers} {
		if sum != want.Sent {
			t.Errorf("%s sum up to %d, not %d", name, sum, want.Sent)
		}
	}
	if r.Callers.Top[0].Name != "shop" || r.Callers.Top[0].Share != 0.625 || r.FoundCalls != 7*sizes/2 || r.FoundShare != 0.4375 {
		t.Errorf("%+v, found %d, %v", r.Callers.Top[0], r.FoundCalls, r.FoundShare)
	}
	l := r.Limits[1]
	if l.Name != "publisher" || l.PerMinute != 600 || l.PeakShare != 2 || l.Waits.MeanSeconds != 0.5 || l.Waits.Over1s != 1600 || l.Waits.LongestSeconds != 7.25 {
		t.Errorf("%+v", l)
	}
	if want := time.Date(2026, 11, 17, 10, 1, 0, 0, time.UTC); l.SentPeak.Minute != 1200 || !l.SentPeak.MinuteAt.Equal(want) {
		t.Errorf("peak %+v", l.SentPeak)
	}
	if span := now.Sub(in.Hours[0].Start).Minutes(); l.AverageShare != 8*float64(sizes)/span/600 {
		t.Errorf("average share %v", l.AverageShare)
	}
}

func TestNothingCountedYet(t *testing.T) {
	r := Build(&Input{Now: now, Mode: "shield", Limits: []Limit{{Name: "publisher", Credential: "publisher", Rate: 20, Source: "learned"}}})
	text := string(r.Markdown())
	for _, want := range []string{"# Quota report", "Nothing was counted yet.", "Point an app at cleengate", "`publisher`"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "NaN") || strings.Contains(text, "Findings") {
		t.Error(text)
	}
	b, err := json.Marshal(r)
	if err != nil || strings.Contains(string(b), "null") {
		t.Errorf("%v %s", err, b)
	}
}

func TestJSONHoldsTheWholeReport(t *testing.T) {
	r := Build(month())
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var again Report
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, &again, cmpopts.IgnoreUnexported(LimitReport{})); diff != "" {
		t.Error(diff)
	}
	if string(again.Markdown()) != string(r.Markdown()) {
		t.Error("the Markdown of what came by JSON differs")
	}
}

func TestHoursToComeAreLeftOut(t *testing.T) {
	in := month()
	want := Build(in)
	in.Hours = append(in.Hours, hourOf(now.AddDate(1, 0, 0), row("core", "GET", "/3.1/offers", "shop", 1e6)))
	if diff := cmp.Diff(want, Build(in), cmpopts.IgnoreUnexported(LimitReport{})); diff != "" {
		t.Errorf("an hour of next year is in the report:\n%s", diff)
	}
	in.Now = now.AddDate(-1, 0, 0) // the clock was set back over all of it
	if r := Build(in); !r.Coverage.From.IsZero() || r.Totals.Requests != 0 {
		t.Errorf("%+v", r.Coverage)
	}
	in.Now = now.AddDate(10, 0, 0) // and forward
	if r := Build(in); len(r.Days) > keptDays+2 || r.Totals.Requests == 0 {
		t.Errorf("%d days", len(r.Days))
	}
}

// TestPromise09_ReportIsBounded: the totals never hold more than 32,768 rows; all of
// them different makes the largest report.
func TestPromise09_ReportIsBounded(t *testing.T) {
	in := month()
	in.Hours = nil
	for h := range 32 {
		var rows []totals.Row
		for i := range 1024 {
			rows = append(rows, row("core", "GET", fmt.Sprintf("/3.1/%d/%d", h, i), fmt.Sprintf("caller %d %d", h, i), 100, func(r *totals.Row) { r.Identical, r.Found = 90, 90 }))
		}
		in.Hours = append(in.Hours, hourOf(now.Add(time.Duration(h-40)*time.Hour).Truncate(time.Hour), rows...))
	}
	r := Build(in)
	b, err := json.Marshal(r)
	if err != nil || len(b) > 256<<10 || len(r.Markdown()) > 64<<10 {
		t.Errorf("%v: %d bytes of JSON, %d of Markdown", err, len(b), len(r.Markdown()))
	}
	if len(r.Callers.Top) != maxLines || r.Callers.More != 32*1024-maxLines || r.Callers.MoreCalls != 100*(32*1024-maxLines) {
		t.Errorf("%d callers, %d more with %d calls", len(r.Callers.Top), r.Callers.More, r.Callers.MoreCalls)
	}
}

func BenchmarkBuild(b *testing.B) {
	in := month()
	for b.Loop() {
		Build(in)
	}
}
