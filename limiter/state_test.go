package limiter_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/limiter"
)

func TestRestartRemembers(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newSet(t, dir, limiter.Config{Name: "a"})
		ctx, cancel := context.WithCancel(t.Context())
		saved := make(chan error, 1)
		go func() { saved <- s.Run(ctx) }()
		b := s.Get("a", "key")
		mustAcquire(t, b, normal).Answered(limiter.Feedback{Status: 200, Header: xRate("600", "599", "60")})
		<-time.After(2 * time.Second)
		p := mustAcquire(t, b, normal)
		p.Answered(limiter.Feedback{Status: 429, Throttle: true, Header: retryAfter(120)})
		<-time.After(2 * time.Second)
		cancel() // killed: no last save
		if err := <-saved; err != nil {
			t.Error(err)
		}

		<-time.After(10 * time.Second)
		s = newSet(t, dir, limiter.Config{Name: "a"})
		if err := s.Load(); err != nil {
			t.Fatal(err)
		}
		got := s.Get("a", "key").Snapshot()
		if len(got.Windows) != 1 || got.Windows[0].Limit != 600 || time.Duration(got.Windows[0].Span) != time.Minute {
			t.Errorf("windows %+v", got.Windows)
		}
		if got.PausedUntil == nil || time.Until(*got.PausedUntil) < 105*time.Second || time.Until(*got.PausedUntil) > 112*time.Second {
			t.Errorf("paused until %v, want about 108s from now", got.PausedUntil)
		}
		closeSet(t, s)

		// Another credential's bucket did not ask for its state meanwhile; it is kept.
		s = newSet(t, dir, limiter.Config{Name: "a"})
		if err := s.Load(); err != nil {
			t.Fatal(err)
		}
		closeSet(t, s)
		s = newSet(t, dir, limiter.Config{Name: "a"})
		if err := s.Load(); err != nil {
			t.Fatal(err)
		}
		if got := s.Get("a", "key").Snapshot(); len(got.Windows) != 1 {
			t.Errorf("what was not asked for is forgotten: %+v", got)
		}
		closeSet(t, s)
	})
	info, err := os.Stat(filepath.Join(dir, "limits.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("state file %v, %v; want mode 0600", info.Mode(), err)
	}
}

// An endpoint that is held back on its own still is after a restart.
func TestRestartRemembersAHeldEndpoint(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		u := &throttling{header: retryAfter(60), delay: 10 * time.Millisecond}
		s := newSet(t, dir, limiter.Config{Name: "a"})
		b := s.Get("a", "key")
		c := &caller{t: t, transport: transportTo(u, b)}
		u.set("/bad", true)
		results := []<-chan result{c.start("/bad", 5*time.Minute)}
		<-time.After(20 * time.Millisecond)
		results = append(results, c.start("/good", 5*time.Minute), c.start("/bad", 5*time.Minute))
		<-time.After(65 * time.Second) // the pause, the probe elsewhere, the refusal of its own
		until, held := b.Snapshot().PausedEndpoints["/bad"]
		if !held {
			t.Fatalf("the endpoint is not held back: %+v", b.Snapshot())
		}
		if err := s.Save(); err != nil {
			t.Fatal(err)
		}
		// A process between, in which nobody asked for the bucket, lengthens nothing.
		between := newSet(t, dir, limiter.Config{Name: "a"})
		if err := between.Load(); err != nil {
			t.Fatal(err)
		}
		<-time.After(10 * time.Second)
		if err := between.Save(); err != nil {
			t.Fatal(err)
		}
		after := newSet(t, dir, limiter.Config{Name: "a"})
		if err := after.Load(); err != nil {
			t.Fatal(err)
		}
		now, held := after.Get("a", "key").Snapshot().PausedEndpoints["/bad"]
		if !held || now.Sub(until).Abs() > time.Second {
			t.Errorf("held back until %v, %v before the restart", now, until)
		}
		u.set("/bad", false)
		for _, res := range results {
			<-res
		}
		closeSet(t, s)
		closeSet(t, between)
		closeSet(t, after)
	})
}

// A spoilt state file is kept beside under another name, and limits are learned anew.
func TestSpoiltStateIsKeptAside(t *testing.T) {
	for name, content := range map[string]string{
		"garbage":      "\x00\xff{",
		"cut":          `{"version":1,"buckets":[{"limit":"a"`,
		"other format": `{"version":99}`,
		"huge":         `{"version":1,"x":"` + strings.Repeat("x", 9<<20) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "limits.json")
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			s := newSet(t, dir, limiter.Config{Name: "a"})
			err := s.Load()
			if err == nil || !strings.Contains(err.Error(), "limits.json.spoilt-") {
				t.Fatalf("got %v, want to be told where the file is kept", err)
			}
			kept, _ := filepath.Glob(file + ".spoilt-*")
			if len(kept) != 1 {
				t.Fatalf("kept %v", kept)
			}
			if data, err := os.ReadFile(kept[0]); err != nil || string(data) != content {
				t.Error("the file is not kept as it was")
			}
			if s.Get("a", "key").Snapshot().Rate != limiter.DefaultStart {
				t.Error("the bucket does not begin anew")
			}
			if err := s.Save(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(file); err != nil {
				t.Error(err)
			}
			closeSet(t, s)
		})
	}
}

// Absurd figures in a state file do no harm.
func TestAbsurdStateIsClamped(t *testing.T) {
	dir := t.TempDir()
	content := `{"version":1,"saved_at":"2199-01-01T00:00:00Z","clean":true,"buckets":[{"limit":"a","credential":"key","rate":1e300,"cut":true,"ceiling":-5,
		"paused_seconds":1e18,"failures":1000000,"held":[{"endpoint":"/a","paused_seconds":-1e18},{"endpoint":"/b","paused_seconds":1e18,"failures":-7}],"windows":[{"family":"x","limit":-3,"span_seconds":1},{"family":"y","limit":5,"span_seconds":1e18},
		{"family":"z","limit":1000,"span_seconds":60,"sent":[{"ago_seconds":-5,"count":99999999999},{"ago_seconds":1,"count":-4}],"remaining":-9,"holds_seconds":1e18}]}]}`
	if err := os.WriteFile(filepath.Join(dir, "limits.json"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newSet(t, dir, limiter.Config{Name: "a", MaxPause: time.Minute})
	if err := s.Load(); err != nil {
		t.Fatal(err)
	}
	got := s.Get("a", "key").Snapshot()
	if len(got.Windows) != 1 || got.Windows[0].Limit != 1000 || got.Windows[0].Sent > 1000 || got.PausedUntil == nil || time.Until(*got.PausedUntil) > time.Minute {
		t.Errorf("%+v", got)
	}
	if until, held := got.PausedEndpoints["/b"]; !held || time.Until(until) > time.Minute || len(got.PausedEndpoints) != 1 {
		t.Errorf("held back: %v", got.PausedEndpoints)
	}
	closeSet(t, s)
}

// A directory that cannot be written to is reported and changes nothing else.
func TestStateThatCannotBeSaved(t *testing.T) {
	s := newSet(t, filepath.Join(t.TempDir(), "missing"), limiter.Config{Name: "a"})
	mustAcquire(t, s.Get("a", "key"), normal)
	if err := s.Save(); err == nil || s.Err() == nil {
		t.Errorf("got %v and %v", err, s.Err())
	}
	mustAcquire(t, s.Get("a", "key"), normal)
	ended, end := context.WithCancel(t.Context())
	end()
	if err := s.Run(ended); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err == nil {
		t.Error("the last save failed silently")
	}
}

// A set that never ran leaves the file alone: it may be that of a process at work.
func TestSetThatNeverRanSavesNothing(t *testing.T) {
	dir := t.TempDir()
	other := newSet(t, dir, limiter.Config{Name: "a"})
	if err := other.Save(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "limits.json")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := newSet(t, dir, limiter.Config{Name: "a"})
	if err := s.Load(); err != nil {
		t.Fatal(err)
	}
	s.Get("a", "key")
	closeSet(t, s)
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
		t.Errorf("%v; it was\n%s\nand is\n%s", err, before, after)
	}
	closeSet(t, other)
}
