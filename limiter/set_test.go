package limiter_test

import (
	"encoding/json"
	"net/http"
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
