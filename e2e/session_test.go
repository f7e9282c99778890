package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

const customerPath = "/customers/100000001/transactions"

// loginUpstream is a simulated Cleeng that counts how often each refresh token
// arrives, before any fault strikes.
type loginUpstream struct {
	*simulator.Simulator
	url string

	mu        sync.Mutex // guards what follows
	refreshes map[string]int
	logins    int
}

func startLoginUpstream(t *testing.T) *loginUpstream {
	t.Helper()
	u := &loginUpstream{Simulator: simulator.New(simulator.Options{Seed: 1}), refreshes: map[string]int{}}
	server := httptest.NewServer(u)
	t.Cleanup(func() { _ = u.Close(); server.Close() })
	u.url = server.URL
	return u
}

func (u *loginUpstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/auths" || r.URL.Path == "/auths/refresh_token" {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		var sent struct{ RefreshToken string }
		_ = json.Unmarshal(body, &sent)
		u.mu.Lock()
		if sent.RefreshToken != "" {
			u.refreshes[sent.RefreshToken]++
		} else {
			u.logins++
		}
		u.mu.Unlock()
	}
	u.Simulator.ServeHTTP(w, r)
}

// counts are the logins, the refreshes, and the refresh tokens that arrived
// more than once.
func (u *loginUpstream) counts() (logins, refreshes, twice int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, n := range u.refreshes {
		refreshes += n
		if n > 1 {
			twice++
		}
	}
	return u.logins, refreshes, twice
}

func (u *loginUpstream) tune(t *testing.T, change func(*simulator.Knobs)) {
	t.Helper()
	if err := u.Tune(change); err != nil {
		t.Fatal(err)
	}
}

func (u *loginUpstream) revoke() { u.Revoke(simulator.Revocation{JWTs: true}) }

// startSession runs cleengate with a session on the mediastore upstream.
func startSession(t *testing.T, u *loginUpstream, stateDir string, more ...string) *gate {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cleengate.yaml")
	content := fmt.Sprintf(`
credentials: {service: {kind: session, email: %s, password: %s, publisher_id: "%d"}}
upstreams: {mediastore: {credential: service}}
limits: {mediastore: {rate: 1000/s}}
timeouts: {write: 1s}
patience: {default: 60s}
`, simulator.CustomerEmail, simulator.CustomerPassword, simulator.PublisherID)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(upstreamEnv(u.url), "CLEENGATE_STATE_DIR="+stateDir)
	return startGate(t, append(env, more...), "--config", file)
}

// shown is a credential as the admin API shows it.
type shown struct {
	Name       string
	Kind       string
	Generation int
	Valid      bool
	ExpiresAt  *time.Time `json:"expires_at"`
	RenewedAt  *time.Time `json:"renewed_at"`
	LastError  string     `json:"last_error"`
}

// session asks the admin API for the session.
func (g *gate) session() shown {
	g.t.Helper()
	var list struct{ Credentials []shown }
	_, _, body := call(g.t, "GET", g.admin+"/api/v1/credentials", "")
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		g.t.Fatal(err)
	}
	for _, c := range list.Credentials {
		if c.Name == "service" {
			return c
		}
	}
	g.t.Fatalf("no session in %s", body)
	return shown{}
}

// flood makes n calls at once and reports those that failed.
func (g *gate) flood(n int) {
	g.t.Helper()
	var calls sync.WaitGroup
	for range n {
		calls.Go(func() {
			if status, _, body := call(g.t, "GET", g.url+customerPath, ""); status != http.StatusOK {
				g.t.Errorf("the app saw %d %s", status, body)
			}
		})
	}
	calls.Wait()
}

// TestPromise06_OneRefreshForFiveHundredCalls: whatever killed the session, one
// refresh cures all calls that met it dead.
func TestPromise06_OneRefreshForFiveHundredCalls(t *testing.T) {
	t.Run("revocation", func(t *testing.T) {
		u := startLoginUpstream(t)
		g := startSession(t, u, t.TempDir())
		g.flood(1)
		u.revoke()
		g.flood(500)
		if logins, refreshes, twice := u.counts(); logins != 1 || refreshes != 1 || twice != 0 {
			t.Errorf("%d logins, %d refreshes, %d sent twice", logins, refreshes, twice)
		}
		if status := g.stop(); status != 0 {
			t.Errorf("exit status %d", status)
		}
	})
	t.Run("expiry", func(t *testing.T) {
		u := startLoginUpstream(t)
		u.tune(t, func(k *simulator.Knobs) { k.Credentials.JWTLifetime = 3 * time.Second })
		g := startSession(t, u, t.TempDir(), "CLEENGATE_LIMITS_MEDIASTORE_CONCURRENCY=1")
		g.flood(1)
		// Renewals fail before they are handled until the token has died.
		u.tune(t, func(k *simulator.Knobs) {
			k.Credentials.JWTLifetime = 15 * time.Minute
			k.Faults = []simulator.Fault{{Match: "POST /auths*", Kind: simulator.FaultThrottle, Headers: map[string][]string{"Retry-After": {"1"}}}}
		})
		eventually(t, "the expiry", func() bool { return !g.session().Valid })
		u.tune(t, func(k *simulator.Knobs) { k.Faults = nil })
		g.flood(500)
		if c := u.Counters(); c.Logins != 1 || c.Refreshes != 1 || c.RefreshReuse != 0 || c.Unauthorized != 0 {
			t.Errorf("%d logins, %d refreshes, %d of a used token, %d dead tokens sent", c.Logins, c.Refreshes, c.RefreshReuse, c.Unauthorized)
		}
		g.stop()
	})
}

// TestPromise06_LostAnswersOfTheBinary loses 1 % of the answers to logins and
// refreshes while each token is revoked after its first use.
func TestPromise06_LostAnswersOfTheBinary(t *testing.T) {
	t.Parallel()
	u := startLoginUpstream(t)
	g := startSession(t, u, t.TempDir())
	g.flood(1)
	u.tune(t, func(k *simulator.Knobs) {
		for _, kind := range []string{simulator.FaultResetAfter, simulator.FaultHangAfter, simulator.FaultCutBody, simulator.FaultResetBefore, simulator.FaultResetDuring} {
			k.Faults = append(k.Faults, simulator.Fault{Match: "POST /auths*", Kind: kind, Rate: 0.002})
		}
	})
	lost := func() (n int) {
		for _, times := range u.Counters().Faults {
			n += times
		}
		return n
	}
	for round := 0; round < 400 || round < 4000 && lost() < 4; round++ {
		u.revoke()
		g.flood(3)
	}
	logins, refreshes, twice := u.counts()
	c := u.Counters()
	t.Logf("%d logins, %d refreshes, lost %v", logins, refreshes, c.Faults)
	if twice != 0 || c.RefreshReuse != 0 {
		t.Errorf("%d refresh tokens were sent twice, %d reused; lost %v", twice, c.RefreshReuse, c.Faults)
	}
	if lost() < 4 || logins < 2 || refreshes < 390 {
		t.Errorf("%d logins, %d refreshes, lost %v: this shows nothing", logins, refreshes, c.Faults)
	}
	g.stop()
}
