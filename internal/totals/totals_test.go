package totals

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var quiet = slog.New(slog.DiscardHandler)

func sample(at time.Time, client string) *Sample {
	s := sampleOf(at)
	s.Departed(at)
	s.Departed(at)
	s.Client = client
	return s
}

func sampleOf(at time.Time) *Sample {
	return &Sample{
		Time: at, Arrived: at, Upstream: "core", Method: "GET", Endpoint: "/3.1/offers", Limit: "publisher",
		Throttled: 1, Demand: 1, Queue: time.Second, Duration: 2 * time.Second,
	}
}

func TestTotalsSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	first := New(dir, quiet)
	at := time.Date(2026, 11, 24, 10, 30, 0, 0, time.UTC)
	for i := range 10 {
		first.Add(sample(at.Add(time.Duration(i)*10*time.Minute), "shop"))
	}
	if err := first.Save(); err != nil {
		t.Fatal(err)
	}
	second := New(dir, quiet)
	if err := second.Load(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.Snapshot(time.Time{}), second.Snapshot(time.Time{})); diff != "" {
		t.Errorf("the restart lost something:\n%s", diff)
	}
	second.Add(sample(at, "shop"))
	hours := second.Snapshot(time.Time{})
	if len(hours) != 3 || hours[0].Rows[0].Requests != 4 || hours[0].Rows[0].Attempts != 8 || hours[0].PeakSecond != 2 {
		t.Errorf("%+v", hours)
	}
	if info, _ := os.Stat(filepath.Join(dir, fileName)); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestPeaks(t *testing.T) {
	totals := New("", quiet)
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for second, calls := range []int{3, 7, 1, 0, 5} {
		for range calls {
			s := sample(at.Add(time.Duration(second)*time.Second), "shop")
			s.sent = 1
			totals.Add(s)
		}
	}
	if h := totals.Snapshot(time.Time{})[0]; h.PeakSecond != 7 || h.PeakMinute != 16 {
		t.Errorf("peaks %d and %d", h.PeakSecond, h.PeakMinute)
	}
}

func TestPromise09_TotalsAreBounded(t *testing.T) {
	dir := t.TempDir()
	totals := New(dir, quiet)
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const names = 100_000
	for i := range names {
		totals.Add(sample(begin, fmt.Sprintf("client-%d", i)))
	}
	h := totals.Snapshot(time.Time{})[0]
	var requests int64
	for _, r := range h.Rows {
		requests += r.Requests
	}
	if len(h.Rows) > 2*maxRows+1 || requests != names {
		t.Errorf("%d rows hold %d of %d requests", len(h.Rows), requests, names)
	}
	for i := range 40 * 24 {
		for c := range 100 {
			totals.Add(sample(begin.Add(time.Duration(i)*time.Hour), fmt.Sprintf("a-client-with-a-long-name-%d", c)))
		}
	}
	if got := len(totals.Snapshot(time.Time{})); got > keepHours {
		t.Errorf("%d hours are kept", got)
	}
	if err := totals.Save(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, fileName))
	if err != nil || info.Size() > maxFile || info.Size() < maxFile*9/10 {
		t.Errorf("%v bytes on disk, %v", info.Size(), err)
	}
	again := New(dir, quiet)
	if err := again.Load(); err != nil {
		t.Fatal(err)
	}
	newest := begin.Add((40*24 - 1) * time.Hour)
	if hours := again.Snapshot(time.Time{}); !hours[len(hours)-1].Start.Equal(newest) {
		t.Errorf("the newest hour went first: %v", hours[len(hours)-1].Start)
	}
}

func TestSpoiltFileIsKeptAside(t *testing.T) {
	for _, content := range []string{"garbage", "", `{"cleengate_totals":99}`, `{"cleengate_totals":1}` + "\n{\"start\":"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, fileName), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		totals := New(dir, quiet)
		err := totals.Load()
		if err == nil || !strings.Contains(err.Error(), "spoilt") {
			t.Errorf("%q: %v", content, err)
		}
		if kept, _ := filepath.Glob(filepath.Join(dir, fileName+".spoilt-*")); len(kept) != 1 {
			t.Errorf("%q: kept %v", content, kept)
		}
		totals.Add(sample(time.Now(), "x"))
		if err := totals.Save(); err != nil {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestSavingGoesOnAfterAFailure(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	totals := New(dir, quiet)
	totals.Add(sample(time.Now(), "x"))
	if err := totals.Save(); err == nil {
		t.Fatal("saved into a directory that is not there")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := totals.Save(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.next-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestRunSavesEveryMinuteAndAtTheEnd(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		totals := New(dir, quiet)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- totals.Run(ctx) }()
		totals.Add(sample(time.Now(), "x"))
		time.Sleep(saveEvery + time.Second)
		saved := New(dir, quiet)
		if err := saved.Load(); err != nil || len(saved.Snapshot(time.Time{})) != 1 {
			t.Errorf("after a minute: %v", err)
		}
		totals.Add(sample(time.Now(), "y"))
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := saved.Load(); err != nil || len(saved.Snapshot(time.Time{})[0].Rows) != 2 {
			t.Errorf("at the end: %v", err)
		}
	})
}

func TestAddConcurrently(t *testing.T) {
	totals := New(t.TempDir(), quiet)
	var wg sync.WaitGroup
	at := time.Now()
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				totals.Add(sample(at, "x"))
			}
		})
	}
	wg.Go(func() {
		for range 10 {
			_ = totals.Save()
			totals.Snapshot(time.Time{})
		}
	})
	wg.Wait()
	if got := totals.Snapshot(time.Time{})[0].Rows[0].Requests; got != 8000 {
		t.Errorf("%d requests", got)
	}
}

func TestAddDoesNotAllocate(t *testing.T) {
	totals := New("", quiet)
	s := sample(time.Now(), "x")
	totals.Add(s)
	if n := testing.AllocsPerRun(1000, func() { totals.Add(s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	totals := New("", quiet)
	s := sample(time.Now(), "x")
	for b.Loop() {
		totals.Add(s)
	}
}
