package proxy

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

const slowAnswer = 500 * time.Millisecond

// slowUpstream answers every call after slowAnswer.
func slowUpstream() *counting {
	return count(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(slowAnswer)
		_, _ = io.WriteString(w, "the answer")
	})
}

// patient lets calls wait for each other's connections in a bubble.
func patient(cfg *config.Config) { cfg.Patience.Default = 30 * time.Second }

func TestIdenticalColdCallsAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := slowUpstream()
		r := newCacheBubble(t, up, patient)
		began := time.Now()
		var calls sync.WaitGroup
		for range 500 {
			calls.Go(func() {
				if a := r.do(http.MethodGet, "/3.1/offers/S1", nil); a.StatusCode != 200 || a.body != "the answer" {
					t.Errorf("got %d %q", a.StatusCode, a.body)
				}
			})
		}
		calls.Wait()
		if n, took := up.calls.Load(), time.Since(began); n != 1 || took != slowAnswer {
			t.Errorf("%d calls upstream, %s", n, took)
		}
		if n := r.count("joined"); n != 499 {
			t.Errorf("%d calls joined", n)
		}
		sources := map[journal.Source]int{}
		for range 500 {
			x := r.next(t)
			sources[x.Source]++
			if x.Source == journal.SourceUpstream && x.AttemptCount() != 1 {
				t.Errorf("%d attempts recorded", x.AttemptCount())
			}
		}
		if sources[journal.SourceUpstream] != 1 || sources[journal.SourceFlight] != 499 {
			t.Errorf("recorded sources %v", sources)
		}
	})
}

// TestLeaderThatLeavesDisturbsNobody cancels the call that the others joined at
// each stage of it.
func TestLeaderThatLeavesDisturbsNobody(t *testing.T) {
	for _, after := range []time.Duration{0, 1, 10 * time.Millisecond, slowAnswer / 2, slowAnswer - 1, slowAnswer} {
		synctest.Test(t, func(t *testing.T) {
			up := slowUpstream()
			r := newCacheBubble(t, up, patient)
			ctx, leave := context.WithCancel(t.Context())
			var calls sync.WaitGroup
			calls.Go(func() {
				req, _ := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/3.1/offers/S1", http.NoBody)
				if resp, err := r.client().RoundTrip(req); err == nil {
					_, _ = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
				}
			})
			synctest.Wait()
			for range 20 {
				calls.Go(func() {
					if a := r.do(http.MethodGet, "/3.1/offers/S1", nil); a.StatusCode != 200 || a.body != "the answer" {
						t.Errorf("after %s: got %d %q", after, a.StatusCode, a.body)
					}
				})
			}
			synctest.Wait()
			time.Sleep(after)
			leave()
			calls.Wait()
			if n := up.calls.Load(); n != 1 {
				t.Errorf("after %s: %d calls upstream", after, n)
			}
		})
	}
}

// TestReloadDuringAFlight replaces the key by another account's while a call is
// under way, and applies the configuration anew: who asks after it gets an answer
// of the new key, and who asked before the one of the old.
func TestReloadDuringAFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := count(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			_, _ = io.WriteString(w, r.Header.Get("X-Publisher-Token"))
		})
		r := newBubbleRig(t, up)
		stored := withCache(t, r, false)
		cfg := *r.view.Load().cfg
		keys, err := tokens.NewKeys(tokens.KeysConfig{Name: "publisher", Kind: tokens.KindPublisherToken, Values: []redact.Secret{redact.New("key-one")}})
		if err != nil {
			t.Fatal(err)
		}
		parts := Parts{Credentials: map[string]tokens.Credential{"publisher": keys}, Cache: stored}
		if err := r.Apply(&cfg, parts); err != nil {
			t.Fatal(err)
		}
		var callers sync.WaitGroup
		ask := func(want string) {
			callers.Go(func() {
				if a := r.do(http.MethodGet, "/3.1/offers/S1", nil); a.body != want {
					t.Errorf("got an answer of %q, want %q (%s)", a.body, want, a.Header.Get("Cache-Status"))
				}
			})
		}
		ask("key-one")
		ask("key-one")
		time.Sleep(time.Second / 2)
		if err := keys.SetKeys([]redact.Secret{redact.New("key-two")}); err != nil {
			t.Fatal(err)
		}
		again := cfg
		if err := r.Apply(&again, parts); err != nil {
			t.Fatal(err)
		}
		ask("key-two")
		ask("key-two")
		callers.Wait()
		ask("key-two")
		callers.Wait()
		if n := up.calls.Load(); n != 2 {
			t.Errorf("%d calls upstream", n)
		}
		time.Sleep(time.Minute)
	})
}
