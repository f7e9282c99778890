package totals

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cleengate/cleengate/internal/pattern"
)

// listed says of every endpoint that a list could replace many of its calls.
func listed(string, string, string) Traits { return Traits{Bulk: pattern.List} }

func TestHabitsAreKeptWithTheirRow(t *testing.T) {
	dir := t.TempDir()
	totals := New(dir, quiet)
	totals.Traits = listed
	for i := range 30 {
		s := sample(noon.Add(time.Duration(i)*time.Minute), "poller")
		s.Digest = 7
		totals.Add(s)
	}
	for i := range 40 {
		s := sample(noon.Add(31*time.Minute), "looper")
		s.Digest = uint64(100 + i)
		totals.Add(s)
	}
	hit := sample(noon.Add(30*time.Minute), "poller") // in time, but costs no quota
	hit.Digest, hit.Saved, hit.sent = 7, true, 0
	totals.Add(hit)
	if err := totals.Save(); err != nil {
		t.Fatal(err)
	}
	again := New(dir, quiet)
	if err := again.Load(); err != nil {
		t.Fatal(err)
	}
	rows := again.Snapshot(time.Time{})[0].Rows
	want := []pattern.Counts{{Bulk: 40, Runs: 1, Found: 40}, {Polled: 24, PollSeconds: 24 * 60, Found: 24}}
	if diff := cmp.Diff(want, []pattern.Counts{rows[0].Counts, rows[1].Counts}); diff != "" {
		t.Error(diff)
	}
}

func TestDigestsAreNotSaved(t *testing.T) {
	dir := t.TempDir()
	totals := New(dir, quiet)
	s := sample(noon, "a")
	s.Digest = 0x1234567890abcdef
	totals.Add(s)
	if err := totals.Save(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil || strings.Contains(string(content), fmt.Sprint(s.Digest)) || !strings.Contains(string(content), "/3.1/offers") {
		t.Errorf("%v: %s", err, content)
	}
}

func TestCallersThatShareARowHaveNoHabits(t *testing.T) {
	totals := New("", quiet)
	totals.Traits = listed
	for i := range maxRows {
		totals.Add(sample(noon, fmt.Sprint(i)))
	}
	for i := range 100 {
		s := sample(noon, fmt.Sprint("late", i))
		s.Digest = uint64(i + 1)
		totals.Add(s)
	}
	for _, r := range totals.Snapshot(time.Time{})[0].Rows {
		if r.Found != 0 {
			t.Errorf("%+v", r)
		}
	}
}

func TestAFileOfTheFirstVersionIsRead(t *testing.T) {
	dir := t.TempDir()
	old := `{"cleengate_totals":1}
{"start":"2026-11-24T12:00:00Z","peak_second":7,"peak_minute":90,"rows":[{"upstream":"core","endpoint":"/3.1/offers","client":"shop","requests":100,"attempts":90,"saved":10,"queue_seconds":1.5}]}
`
	if err := os.WriteFile(filepath.Join(dir, fileName), []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	totals := New(dir, quiet)
	if err := totals.Load(); err != nil {
		t.Fatal(err)
	}
	want := []Hour{{Start: noon, PeakSecond: 7, PeakMinute: 90, Limits: []LimitHour{}, Rows: []Row{
		{Upstream: "core", Endpoint: "/3.1/offers", Client: "shop", Requests: 100, Attempts: 90, Saved: 10, QueueSeconds: 1.5},
	}}}
	if diff := cmp.Diff(want, totals.Snapshot(time.Time{})); diff != "" {
		t.Error(diff)
	}
	totals.Add(sample(noon, "shop"))
	if err := totals.Save(); err != nil {
		t.Fatal(err)
	}
	if content, _ := os.ReadFile(filepath.Join(dir, fileName)); !strings.HasPrefix(string(content), `{"cleengate_totals":2}`) {
		t.Errorf("%.40s", content)
	}
}

func TestFiguresThatCannotBeAreKeptAside(t *testing.T) {
	for _, hour := range []string{
		`{"start":"2026-11-24T12:00:00Z","peak_second":-1}`,
		`{"start":"0001-01-01T00:00:00Z"}`,
		`{"start":"2026-11-24T12:00:00Z","rows":[{"requests":9223372036854775807}]}`,
		`{"start":"2026-11-24T12:00:00Z","rows":[{"found":-5}]}`,
		`{"start":"2026-11-24T12:00:00Z","rows":[{"queue_seconds":1e300}]}`,
		`{"start":"2026-11-24T12:00:00Z","limits":[{"limit":"a","waited_over":[0,-1,0]}]}`,
		`{"start":"2026-11-24T12:00:00Z","limits":[{"limit":"a","sent_peak":{"second":1,"second_at":3600}}]}`,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, fileName), []byte(`{"cleengate_totals":2}`+"\n"+hour+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		totals := New(dir, quiet)
		if err := totals.Load(); err == nil || !strings.Contains(err.Error(), "spoilt") {
			t.Errorf("%s: %v", hour, err)
		}
		if kept, _ := filepath.Glob(filepath.Join(dir, fileName+".spoilt-*")); len(kept) != 1 || len(totals.Snapshot(time.Time{})) != 0 {
			t.Errorf("%s: kept aside %v", hour, kept)
		}
	}
}
