package totals

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestPromise09_RowsOfAllHoursAreBounded(t *testing.T) {
	totals := New("", quiet)
	for hour := range 100 {
		for c := range 2 * maxRows {
			totals.Add(sample(noon.Add(time.Duration(hour)*time.Hour), fmt.Sprint(c)))
		}
	}
	hours := totals.Snapshot(time.Time{})
	rows := 0
	for _, h := range hours {
		rows += len(h.Rows)
	}
	if rows > maxAllRows || rows < maxAllRows*9/10 || rows != totals.rows {
		t.Errorf("%d rows are kept, %d are counted", rows, totals.rows)
	}
	if newest := hours[len(hours)-1].Start; !newest.Equal(noon.Add(99 * time.Hour)) {
		t.Errorf("the newest hour is %v", newest)
	}
}

func TestAWrongClockKeepsNothingOut(t *testing.T) {
	totals := New("", quiet)
	totals.Add(sample(noon.AddDate(10, 0, 0), "a"))
	for range 5 {
		totals.Add(sample(noon, "a"))
	}
	hours := totals.Snapshot(time.Time{})
	if len(hours) != 1 || !hours[0].Start.Equal(noon) || hours[0].Rows[0].Requests != 5 {
		t.Errorf("%+v", hours)
	}
}

func TestPeaksOfCallsToldOutOfOrder(t *testing.T) {
	totals := New("", quiet)
	for i := range 20 { // two seconds, told alternately
		s := sample(noon.Add(time.Duration(59+i%2)*time.Second), "a")
		s.sent = 1
		totals.Add(s)
	}
	if h := totals.Snapshot(time.Time{})[0]; h.PeakSecond != 10 || h.PeakMinute != 10 {
		t.Errorf("peaks %d and %d", h.PeakSecond, h.PeakMinute)
	}
}

func TestNamesComeBackAsTheyWere(t *testing.T) {
	dir := t.TempDir()
	totals := New(dir, quiet)
	for _, name := range []string{strings.Repeat("ä", maxName), strings.Repeat("x", 1<<20), "bad\xff", "new\nline\x1b[0m", ""} {
		totals.Add(sample(noon, name))
	}
	if err := totals.Save(); err != nil {
		t.Fatal(err)
	}
	again := New(dir, quiet)
	if err := again.Load(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(totals.Snapshot(time.Time{}), again.Snapshot(time.Time{})); diff != "" {
		t.Errorf("the restart changed something:\n%s", diff)
	}
}

func TestACrashBeforeTheRenameLosesAMinuteAtMost(t *testing.T) {
	dir := t.TempDir()
	totals := New(dir, quiet)
	totals.Add(sample(noon, "a"))
	if err := totals.Save(); err != nil {
		t.Fatal(err)
	}
	old, young := filepath.Join(dir, fileName+".next-1"), filepath.Join(dir, fileName+".next-2")
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, []byte(`{"cleengate_tot`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if past := time.Now().Add(-time.Hour); os.Chtimes(old, past, past) != nil {
		t.Fatal("the time of the file cannot be set")
	}
	again := New(dir, quiet)
	if err := again.Load(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(totals.Snapshot(time.Time{}), again.Snapshot(time.Time{})); diff != "" {
		t.Errorf("what was saved is gone:\n%s", diff)
	}
	left, _ := filepath.Glob(filepath.Join(dir, fileName+nextName))
	if diff := cmp.Diff([]string{young}, left); diff != "" {
		t.Errorf("leftovers:\n%s", diff)
	}
}

func TestAFailureIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	dir := filepath.Join(t.TempDir(), "gone")
	totals := New(dir, slog.New(slog.NewTextHandler(&log, nil)))
	save := func() {
		totals.Add(sample(noon, "a"))
		totals.report(totals.Save())
	}
	save()
	save()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	save()
	save()
	if failed, healed := strings.Count(log.String(), "level=WARN"), strings.Count(log.String(), "saved again"); failed != 1 || healed != 1 {
		t.Errorf("%d warnings, %d recoveries:\n%s", failed, healed, &log)
	}
}
