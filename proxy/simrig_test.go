package proxy

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/internal/simulator"
	"github.com/cleengate/cleengate/limiter"
	"github.com/cleengate/cleengate/tokens"
)

// customerPath is an endpoint that takes the JWT of the simulator's customer.
const customerPath = "/customers/100000001/transactions"

// simRig is the whole chain before a simulated Cleeng, in a bubble. The
// mediastore upstream has a session of ours.
type simRig struct {
	*rig
	sim     *simulator.Simulator
	session *tokens.Session
	wire    *wire
}

// wire counts what passes before the simulator, or its faults, see it.
type wire struct {
	next http.Handler

	mu        sync.Mutex     // guards what follows
	refreshes map[string]int // refresh token to times it arrived
	logins    int
	tokens    map[string]int // JWT of other calls to times it arrived
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/auths", "/auths/refresh_token":
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		var sent struct{ RefreshToken string }
		_ = json.Unmarshal(body, &sent)
		w.mu.Lock()
		if sent.RefreshToken != "" {
			w.refreshes[sent.RefreshToken]++
		} else {
			w.logins++
		}
		w.mu.Unlock()
	default:
		if jwt, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			w.mu.Lock()
			w.tokens[jwt]++
			w.mu.Unlock()
		}
	}
	w.next.ServeHTTP(rw, r)
}

// twice counts the refresh tokens that arrived more than once.
func (w *wire) twice() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, times := range w.refreshes {
		if times > 1 {
			n++
		}
	}
	return n
}

func (w *wire) sent() (logins, refreshes int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, times := range w.refreshes {
		refreshes += times
	}
	return w.logins, refreshes
}

// distinct is how many different JWTs arrived.
func (w *wire) distinct() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.tokens)
}

// withSession gives the mediastore upstream a session to inject.
func withSession(c *config.Config) {
	c.Credentials["service"] = config.Credential{
		Kind: config.Session, Mode: config.Fill, Email: simulator.CustomerEmail, Password: redact.New(simulator.CustomerPassword),
	}
	up := c.Upstreams[config.MediaStoreUpstream]
	up.Credential = "service"
	c.Upstreams[config.MediaStoreUpstream] = up
}

// newSimRig starts the chain. Without [simRig.keepFresh] tokens are replaced on
// demand only.
func newSimRig(t testing.TB, tune func(*simulator.Knobs), change ...func(*config.Config)) *simRig {
	t.Helper()
	knobs := simulator.DefaultKnobs()
	knobs.Latency.Uplink, knobs.Latency.Downlink = 15*time.Millisecond, 15*time.Millisecond
	if tune != nil {
		tune(&knobs)
	}
	sim := simulator.New(simulator.Options{Knobs: &knobs, RecordArrivals: -1})
	w := &wire{next: sim, refreshes: map[string]int{}, tokens: map[string]int{}}
	r := &simRig{rig: newBubbleRig(t, w, append([]func(*config.Config){withSession}, change...)...), sim: sim, wire: w}
	t.Cleanup(func() { _ = sim.Close() })

	cfg := r.view.Load().cfg
	source, err := tokens.NewMediaStore("http://upstream.test", r.Lane(config.MediaStoreUpstream))
	if err != nil {
		t.Fatal(err)
	}
	r.session, err = tokens.NewSession(tokens.SessionConfig{
		Name: "service", Source: source, Upstream: "http://upstream.test",
		Login: tokens.Login{Email: simulator.CustomerEmail, Password: redact.New(simulator.CustomerPassword), PublisherID: "870553921"},
	})
	if err != nil {
		t.Fatal(err)
	}
	parts := testParts(t, cfg)
	parts.Credentials["service"] = r.session
	if parts.Limits, err = limiter.NewSet(LimitConfigs(cfg), "", nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.session.Close(); _ = parts.Limits.Close() })
	if err := r.Apply(cfg, parts); err != nil {
		t.Fatal(err)
	}
	return r
}

// keepFresh lets the session renew ahead, until stop.
func (r *simRig) keepFresh() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var loop sync.WaitGroup
	loop.Go(func() { _ = r.session.Run(ctx) })
	return func() { cancel(); loop.Wait() }
}

// warmUp makes the first login.
func (r *simRig) warmUp() {
	r.t.Helper()
	if a := r.do("GET", customerPath, nil); a.StatusCode != http.StatusOK {
		r.t.Fatalf("the first call got %d %s", a.StatusCode, a.body)
	}
}

// flood makes n calls at once and returns how many got each status.
func (r *simRig) flood(n int, fields ...string) map[int]int {
	var mu sync.Mutex
	got := make(map[int]int)
	var calls sync.WaitGroup
	for range n {
		calls.Go(func() {
			a := r.do("GET", customerPath, nil, fields...)
			mu.Lock()
			defer mu.Unlock()
			got[a.StatusCode]++
			if a.StatusCode != http.StatusOK && got[a.StatusCode] == 1 {
				r.t.Logf("%d %s", a.StatusCode, a.body)
			}
		})
	}
	calls.Wait()
	return got
}
