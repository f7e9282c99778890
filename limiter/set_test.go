package limiter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/limiter"
)

func newSet(t *testing.T, dir string, configs ...limiter.Config) *limiter.Set {
	t.Helper()
	s, err := limiter.NewSet(configs, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeSet(t *testing.T, s *limiter.Set) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// xRate is the header of an answer in the most common dialect.
func xRate(limit, remaining, reset string) http.Header {
	return http.Header{"X-Ratelimit-Limit": {limit}, "X-Ratelimit-Remaining": {remaining}, "X-Ratelimit-Reset": {reset}}
}

func TestBucketsOfASet(t *testing.T) {
	s := newSet(t, "", limiter.Config{Name: "publisher"}, limiter.Config{Name: "mediastore"})
	defer closeSet(t, s)
	a := s.Get("publisher", "key1")
	if a == nil || s.Get("publisher", "key1") != a || s.Get("publisher", "key2") == a || s.Get("mediastore", "key1") == a {
		t.Error("a bucket does not belong to one limit and one credential")
	}
	if s.Get("unknown", "key1") != nil {
		t.Error("a bucket of a limit that is not configured")
	}
	var names []string
	for _, b := range s.Snapshot() {
		names = append(names, b.Name+"/"+b.Credential)
	}
	if got := strings.Join(names, " "); got != "mediastore/key1 publisher/key1 publisher/key2" {
		t.Errorf("snapshot of %s", got)
	}
	for _, bad := range [][]limiter.Config{
		{{Name: "a"}, {Name: "a"}}, {{Name: "a", Rate: -1}}, {{Name: "a", Reserve: 2}}, {{Name: "a", Queue: -1}}, {{Name: "a", MaxPause: -1}},
	} {
		if err := s.Reconfigure(bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
	if s.Get("publisher", "key1") != a {
		t.Error("a refused configuration changed something")
	}
}

// A reload keeps what was learned and who waits; a removed limit refuses.
func TestReloadKeepsWhatWasLearned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSet(t, "", limiter.Config{Name: "a"}, limiter.Config{Name: "b"})
		a, b := s.Get("a", "key"), s.Get("b", "key")
		mustAcquire(t, a, normal).Answered(limiter.Feedback{Status: 200, Header: xRate("600", "599", "60")})
		before := a.Snapshot()
		if before.Source != limiter.Header || before.Windows[0].Limit != 600 {
			t.Fatalf("nothing learned: %+v", before)
		}
		<-time.After(time.Second)
		mustAcquire(t, a, normal)
		waiting := enqueue(t, a, 1, normal)
		gone := enqueue(t, b, 9, normal)
		if err := s.Reconfigure([]limiter.Config{{Name: "a", Rate: 5}}); err != nil {
			t.Fatal(err)
		}
		after := a.Snapshot()
		if after.Depth != 1 || after.Source != limiter.Configured || after.Rate != 5 || after.Windows[0].Limit != 600 {
			t.Errorf("after the reload: %+v", after)
		}
		if err := <-waiting; err != nil {
			t.Error(err)
		}
		refused := 0
		for range 9 {
			if err := <-gone; err != nil {
				refused++
			}
		}
		if refused == 0 || s.Get("b", "key") != nil {
			t.Errorf("%d calls of a limit that is gone were refused", refused)
		}
		closeSet(t, s)
	})
}

// A pinned rate is a ceiling that headers can lower, and lift no higher than it.
func TestPinnedRateIsACeiling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 50})
		mustAcquire(t, b, normal).Answered(limiter.Feedback{Status: 200, Header: xRate("6000", "5999", "60")})
		if s := b.Snapshot(); s.Rate != 50 || s.Source != limiter.Configured {
			t.Errorf("rate %v by %s, want the pinned 50", s.Rate, s.Source)
		}
		<-time.After(time.Second)
		mustAcquire(t, b, normal).Answered(limiter.Feedback{Status: 200, Header: xRate("600", "599", "60")})
		if s := b.Snapshot(); s.Rate > 10 || s.Source != limiter.Header {
			t.Errorf("rate %v by %s, want less than 10 by header", s.Rate, s.Source)
		}
	})
}

// A pinned rate that a silent provider refuses is lowered like a learned one.
func TestPinnedRateThatIsTooHigh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{Rate: 50})
		var mu sync.Mutex
		var admitted []time.Time // the provider's, which lets 10 pass in any second
		refused := 0
		admits := func() bool {
			mu.Lock()
			defer mu.Unlock()
			now := time.Now()
			if n := len(admitted); n >= 10 && now.Sub(admitted[n-10]) < time.Second {
				refused++
				return false
			}
			admitted = append(admitted, now)
			return true
		}
		const calls = 600
		var wg sync.WaitGroup
		for range calls {
			wg.Go(func() {
				for passed := false; !passed; {
					passed = sends(t, b, admits)
				}
			})
		}
		wg.Wait()
		if s := b.Snapshot(); refused > calls/50 || s.Rate > 12 || s.Source != limiter.Learned {
			t.Errorf("%d of %d calls were refused; rate %v by %s", refused, calls, s.Rate, s.Source)
		}
	})
}

// sends makes one call and reports whether the provider let it pass.
func sends(t *testing.T, b *limiter.Bucket, admits func() bool) bool {
	p, err := b.Acquire(t.Context(), normal)
	if err != nil {
		t.Error(err)
		return true
	}
	if admits() {
		p.Answered(limiter.Feedback{Status: http.StatusOK})
		return true
	}
	p.Answered(limiter.Feedback{Status: http.StatusTooManyRequests, Throttle: true})
	return false
}

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
		"paused_seconds":1e18,"failures":1000000,"windows":[{"family":"x","limit":-3,"span_seconds":1},{"family":"y","limit":5,"span_seconds":1e18},
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

func TestSnapshotAsJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(t, limiter.Config{})
		mustAcquire(t, b, normal).Answered(limiter.Feedback{Status: 200, Header: xRate("100", "42", "60")})
		mustAcquire(t, b, normal).Answered(limiter.Feedback{Status: 429, Throttle: true, Header: retryAfter(60)})
		enqueue(t, b, 2, limiter.Call{Caller: "shop", Urgency: 3})
		data, err := json.Marshal(b.Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{"name", "credential", "rate", "source", "burst", "remaining", "reset_at", "paused_until", "depth", "waiting", "throttled", "surfaced"} {
			if v, ok := m[field]; !ok || v == nil {
				t.Errorf("%s is %v in %s", field, v, data)
			}
		}
		if m["remaining"] != 41.0 || m["depth"] != 2.0 || m["waiting"].(map[string]any)["shop"] != 2.0 || m["throttled"] != 1.0 {
			t.Errorf("%s", data)
		}
	})
}
