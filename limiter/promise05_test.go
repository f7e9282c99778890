package limiter_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/cleengate/cleengate/limiter"
)

// TestPromise05NoWindowHoldsMore: with a known limit no window of the provider holds
// more departures than the limit, when we are the only consumer: under random
// demand, cancellations, reordered answers, skewed clocks, changes of the limit,
// and restarts clean and unclean.
func TestPromise05NoWindowHoldsMore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawStory(rt)
		var problem string
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) { problem = s.play(t, dir) })
		if problem != "" {
			rt.Fatalf("%s\n%+v", problem, s)
		}
	})
}

// story is a random history of one bucket.
type story struct {
	Kind    string
	Limit   int
	Window  time.Duration
	Offset  time.Duration
	Dialect string
	Skew    time.Duration
	Jitter  time.Duration
	Seed    uint64
	Steps   []step
}

type step struct {
	Calls   int           // started at once
	Cancel  int           // of 10 calls, how many leave early
	Wait    time.Duration // afterwards
	Restart string        // afterwards: "", "clean" or "kill"
}

func drawStory(rt *rapid.T) story {
	s := story{
		Kind:    rapid.SampledFrom([]string{"fixed", "sliding", "bucket"}).Draw(rt, "kind"),
		Limit:   rapid.IntRange(1, 60).Draw(rt, "limit"),
		Window:  rapid.SampledFrom([]time.Duration{time.Second, time.Minute}).Draw(rt, "window"),
		Dialect: rapid.SampledFrom([]string{"delta", "delta floor", "fraction", "epoch", "epoch ms", "date", "ietf-06", "ietf-07", "ietf-11"}).Draw(rt, "dialect"),
		Skew:    time.Duration(rapid.Int64Range(-3600, 3600).Draw(rt, "skew")) * time.Second,
		Jitter:  time.Duration(rapid.Int64Range(1, 250).Draw(rt, "jitter")) * time.Millisecond,
		Seed:    rapid.Uint64().Draw(rt, "seed"),
	}
	s.Offset = time.Duration(rapid.Int64Range(0, int64(s.Window/time.Millisecond)).Draw(rt, "offset")) * time.Millisecond
	for range rapid.IntRange(2, 8).Draw(rt, "steps") {
		s.Steps = append(s.Steps, step{
			Calls:   rapid.IntRange(0, 40).Draw(rt, "calls"),
			Cancel:  rapid.IntRange(0, 5).Draw(rt, "cancel"),
			Wait:    time.Duration(rapid.Int64Range(0, int64(s.Window/time.Millisecond)).Draw(rt, "wait")) * time.Millisecond,
			Restart: rapid.SampledFrom([]string{"", "", "", "clean", "kill"}).Draw(rt, "restart"),
		})
	}
	return s
}

// referee counts departures as the provider would if they arrived at once.
type referee struct {
	story
	mu         sync.Mutex
	departures map[*http.Request]departure
	problem    string
}

type departure struct {
	at    time.Time
	known bool // the limit was known then
}

// lost takes back a departure that never reached the provider, since a process that
// begins with nothing known can only go by what the provider counts.
func (r *referee) lost(call *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.departures, call)
}

// departed notes a departure, and whether the limit was known.
func (r *referee) departed(call *http.Request, at time.Time, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.departures[call] = departure{at, known}
	if !known || r.problem != "" {
		return
	}
	if got, limit := r.fullest(at), r.Limit; got > limit {
		r.problem = fmt.Sprintf("%d departures in the window that holds %v, limit %d per %v", got, at, limit, r.Window)
	}
}

// fullest counts the departures of the window that ends with at; for a bucket, those
// that it has no tokens for come on top of its limit.
func (r *referee) fullest(at time.Time) int {
	window := func(t time.Time) int64 { return (t.UnixNano() - int64(r.Offset)) / int64(r.Window) }
	all := slices.SortedFunc(maps.Values(r.departures), func(a, b departure) int { return a.at.Compare(b.at) })
	count := 0
	for _, d := range all {
		if r.Kind == "fixed" && window(d.at) == window(at) || r.Kind == "sliding" && at.Sub(d.at) < r.Window {
			count++
		}
	}
	if r.Kind != "bucket" {
		return count
	}
	perSecond := float64(r.Limit) / r.Window.Seconds()
	tokens, last := float64(r.Limit), all[0].at
	for _, d := range all {
		tokens = min(float64(r.Limit), tokens+d.at.Sub(last).Seconds()*perSecond) - 1
		last = d.at
		if !d.known {
			tokens = max(tokens, 0) // it was refused
		}
	}
	// Tokens come in while a call is on its way, for a longer time or a shorter one.
	if tokens+perSecond*r.Jitter.Seconds()+1e-6 < 0 {
		return r.Limit + int(math.Ceil(-tokens))
	}
	return 0
}

func (s story) play(t *testing.T, dir string) string {
	ref := &referee{story: s, departures: map[*http.Request]departure{}}
	var p provider = &fixedWindow{limit: s.Limit, length: s.Window, offset: s.Offset}
	switch s.Kind {
	case "sliding":
		p = &slidingLog{limit: s.Limit, length: s.Window}
	case "bucket":
		p = &tokenBucket{capacity: float64(s.Limit), perSec: float64(s.Limit) / s.Window.Seconds()}
	}
	rng := rand.New(rand.NewPCG(s.Seed, 1))
	u := &upstream{provider: p, dialect: dialects[s.Dialect], skew: s.Skew, lost: ref.lost, rng: rand.New(rand.NewPCG(s.Seed, 2))}
	u.latency = func(rng *rand.Rand) time.Duration {
		return time.Millisecond + time.Duration(rng.Int64N(int64(s.Jitter)))
	}
	life, end := startLife(t, dir, u, ref)
	for _, st := range s.Steps {
		for range st.Calls {
			ctx, cancel := context.WithCancel(life.ctx)
			if rng.IntN(10) < st.Cancel {
				time.AfterFunc(time.Duration(rng.Int64N(int64(2*s.Window))), cancel)
			}
			life.run.wg.Go(func() {
				defer cancel()
				_, _ = life.run.send(ctx, normal)
			})
		}
		<-time.After(st.Wait)
		if st.Restart != "" {
			end(st.Restart == "clean")
			// By the time that a process is up, what the one before sent has arrived.
			<-time.After(s.Jitter)
			life, end = startLife(t, dir, u, ref)
		}
	}
	end(true)
	return ref.problem
}

// life is one process.
type life struct {
	ctx context.Context
	run *run
}

func startLife(t *testing.T, dir string, u *upstream, ref *referee) (l *life, end func(clean bool)) {
	set, err := limiter.NewSet([]limiter.Config{{Name: "test"}}, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Load(); err != nil {
		t.Fatal(err)
	}
	b := set.Get("test", "key")
	ctx, cancel := context.WithCancel(t.Context())
	l = &life{ctx: ctx, run: runWith(t, b, u)}
	l.run.transport.Departed = func(call *http.Request, _ *limiter.Place) {
		ref.departed(call, time.Now(), known(b.Snapshot(), ref.Window))
	}
	var saver sync.WaitGroup
	saver.Go(func() { _ = set.Run(ctx) })
	return l, func(clean bool) {
		cancel()
		l.run.wg.Wait()
		saver.Wait()
		if clean {
			if err := set.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// known tells whether the bucket knows the limit. It does not where it has guessed at
// the length of the window, says so, and is wrong.
func known(s limiter.Snapshot, window time.Duration) bool {
	for _, w := range s.Windows {
		if w.Sure || time.Duration(w.Span) >= window {
			return true
		}
	}
	return false
}
