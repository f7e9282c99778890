package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

// TestPromise06_KilledAndStartedAgain kills the process at random instants
// while its session is renewed as fast as it goes. Every start has a working
// session, and no refresh token is sent twice.
func TestPromise06_KilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	u := startLoginUpstream(t)
	u.tune(t, func(k *simulator.Knobs) { k.Latency.Uplink, k.Latency.Downlink = time.Millisecond, time.Millisecond })
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	const starts = 25
	for range starts {
		g := startSession(t, u, dir)
		g.flood(1)
		stop, done := make(chan struct{}), make(chan struct{})
		go func() { // each call meets a revoked token, so that renewals follow each other
			defer close(done)
			for {
				select {
				case <-stop:
					return
				default:
				}
				u.revoke()
				if resp, err := http.Get(g.url + customerPath); err == nil {
					_, _ = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
				}
			}
		}()
		moment := time.NewTimer(time.Duration(random.IntN(60)) * time.Millisecond)
		<-moment.C
		_ = g.cmd.Process.Kill()
		close(stop)
		g.wait()
		<-done
	}
	g := startSession(t, u, dir)
	g.flood(10)
	g.stop()
	logins, refreshes, twice := u.counts()
	t.Logf("%d kills: %d logins, %d refreshes", starts, logins, refreshes)
	if c := u.Counters(); twice != 0 || c.RefreshReuse != 0 {
		t.Errorf("%d refresh tokens were sent twice, %d reused", twice, c.RefreshReuse)
	}
	// Some kills hit a refresh whose answer was not stored yet: then the next
	// start logs in.
	if logins < 2 || logins > starts || refreshes < starts {
		t.Errorf("%d logins and %d refreshes in %d starts", logins, refreshes, starts)
	}
	left, err := filepath.Glob(filepath.Join(dir, "session-service*"))
	if err != nil || len(left) > 3+starts {
		t.Errorf("%d files are left: %v", len(left), left)
	}
	for _, name := range left {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
		}
	}
}

// TestPromise06_EndedDuringARefresh: SIGTERM lets a refresh that was sent finish,
// and the next start goes on with what it gave.
func TestPromise06_EndedDuringARefresh(t *testing.T) {
	t.Parallel()
	u := startLoginUpstream(t)
	dir := t.TempDir()
	g := startSession(t, u, dir, "CLEENGATE_SHUTDOWN_DRAIN=100ms", "CLEENGATE_TIMEOUTS_WRITE=20s")
	g.flood(1)
	u.tune(t, func(k *simulator.Knobs) {
		k.Faults = []simulator.Fault{{Match: "POST /auths/refresh_token", Kind: simulator.FaultDelayAfter, Delay: 2 * time.Second}}
	})
	u.revoke()
	cut := make(chan struct{})
	go func() {
		defer close(cut)
		if resp, err := http.Get(g.url + customerPath); err == nil {
			_ = resp.Body.Close()
		}
	}()
	eventually(t, "the refresh", func() bool { _, refreshes, _ := u.counts(); return refreshes == 1 })
	if status := g.stop(); status != 0 {
		t.Errorf("exit status %d\n%s", status, g.log)
	}
	<-cut
	g = startSession(t, u, dir)
	g.flood(5)
	g.stop()
	if logins, refreshes, twice := u.counts(); logins != 1 || refreshes != 1 || twice != 0 {
		t.Errorf("%d logins, %d refreshes, %d sent twice", logins, refreshes, twice)
	}
}

// TestTwoProcessesShareASession on one state directory, also after a revocation.
func TestTwoProcessesShareASession(t *testing.T) {
	t.Parallel()
	u := startLoginUpstream(t)
	dir := t.TempDir()
	key := filepath.Join(t.TempDir(), "state-key")
	if err := os.WriteFile(key, []byte("a state key of thirty-two bytes.."), 0o600); err != nil {
		t.Fatal(err)
	}
	var both []*gate
	for range 2 {
		both = append(both, startSession(t, u, dir, "CLEENGATE_STATE_KEY_FILE="+key))
	}
	const rounds = 20
	for range rounds {
		var calls sync.WaitGroup
		for _, g := range both {
			calls.Go(func() { g.flood(20) })
		}
		calls.Wait()
		u.revoke()
	}
	if logins, refreshes, twice := u.counts(); logins != 1 || refreshes > rounds || twice != 0 {
		t.Errorf("%d logins, %d refreshes in %d rounds, %d sent twice", logins, refreshes, rounds, twice)
	}
	for _, g := range both {
		if status := g.stop(); status != 0 {
			t.Errorf("exit status %d", status)
		}
	}
	stored, err := os.ReadFile(filepath.Join(dir, "session-service.json"))
	if err != nil || bytes.Contains(stored, []byte("eyJ")) {
		t.Errorf("with a state key the session is stored as %s, %v", stored, err)
	}
}

// TestRefreshTokenFile: its token is used once, whatever is restarted. A new one
// in the file wins, one that was there before does not.
func TestRefreshTokenFile(t *testing.T) {
	t.Parallel()
	u := startLoginUpstream(t)
	state, file, conf := t.TempDir(), filepath.Join(t.TempDir(), "refresh"), filepath.Join(t.TempDir(), "cleengate.yaml")
	token := func(email string) string {
		_, _, body := call(t, "POST", u.url+"/auths", `{"email":"`+email+`","password":"`+simulator.CustomerPassword+`","publisherId":870553921}`)
		var login struct{ ResponseData struct{ RefreshToken string } }
		if err := json.Unmarshal([]byte(body), &login); err != nil || login.ResponseData.RefreshToken == "" {
			t.Fatalf("%s %v", body, err)
		}
		return login.ResponseData.RefreshToken
	}
	put := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	jane, john := token(simulator.CustomerEmail), token(simulator.OtherCustomerEmail)
	put(conf, "credentials: {service: {kind: session, refresh_token_file: "+file+"}}\nupstreams: {mediastore: {credential: service}}\n")
	put(file, jane+"\n")
	start := func() *gate {
		return startGate(t, append(upstreamEnv(u.url), "CLEENGATE_STATE_DIR="+state), "--config", conf)
	}
	customer := func(id string) int { return u.Counters().Credentials["customer:"+id]["GET /payment-methods"] }
	read := func(g *gate) {
		if status, _, body := call(t, "GET", g.url+"/payment-methods", ""); status != http.StatusOK {
			t.Errorf("%d %s", status, body)
		}
	}
	for range 3 {
		g := start()
		read(g)
		g.stop()
	}
	if _, refreshes, _ := u.counts(); refreshes != 1 || customer("100000001") != 3 {
		t.Errorf("%d refreshes in three starts", refreshes)
	}
	g := start()
	put(file, john)
	within(t, 10*time.Second, "the new refresh token", func() bool { read(g); return customer("100000002") > 0 })
	g.stop()
	put(file, jane)
	g = start()
	before := customer("100000002")
	read(g)
	if customer("100000002") != before+1 {
		t.Error("a token that was used before won")
	}
	g.stop()
	if _, refreshes, twice := u.counts(); refreshes != 2 || twice != 0 {
		t.Errorf("%d refreshes, %d sent twice", refreshes, twice)
	}
}

// TestStateFileThatIsSpoilt is kept aside, said loudly, and a login follows.
func TestStateFileThatIsSpoilt(t *testing.T) {
	t.Parallel()
	u := startLoginUpstream(t)
	dir := t.TempDir()
	g := startSession(t, u, dir)
	g.flood(1)
	g.stop()
	file := filepath.Join(dir, "session-service.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text[:len(text)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	g = startSession(t, u, dir)
	g.flood(5)
	g.stop()
	aside, _ := filepath.Glob(file + ".spoilt-*")
	if len(aside) != 1 || !strings.Contains(g.log.String(), filepath.Base(aside[0])) {
		t.Errorf("kept aside: %v; the log says\n%s", aside, g.log)
	}
	if logins, refreshes, _ := u.counts(); logins != 2 || refreshes != 0 {
		t.Errorf("%d logins, %d refreshes", logins, refreshes)
	}
}

// TestPromise11_StateDirectoryThatGoesAway: what can be served is served, the
// admin API says so, and it heals by itself.
func TestPromise11_StateDirectoryThatGoesAway(t *testing.T) {
	t.Parallel()
	u := startLoginUpstream(t)
	dir := filepath.Join(t.TempDir(), "state")
	g := startSession(t, u, dir)
	g.flood(1)
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // nothing can be made below it
		t.Fatal(err)
	}
	for range 5 {
		u.revoke()
		g.flood(5)
	}
	if s := g.session(); !s.Valid || !strings.Contains(s.LastError, "memory only") {
		t.Errorf("without its directory: %+v", s)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the healing", func() bool { return g.session().LastError == "" })
	before, _, _ := u.counts()
	g.stop()
	g = startSession(t, u, dir)
	g.flood(1)
	if after, _, twice := u.counts(); after != before || twice != 0 {
		t.Errorf("%d more logins after the restart, %d tokens sent twice", after-before, twice)
	}
	g.stop()
}

// TestSessionIsShownWithoutItsSecrets in status, metrics and log, through
// renewals and failures.
func TestSessionIsShownWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	u := startLoginUpstream(t)
	dir := t.TempDir()
	g := startSession(t, u, dir, "CLEENGATE_LOG_LEVEL=debug")
	g.flood(1)
	u.revoke()
	g.flood(1)
	s := g.session()
	if s.Kind != "session" || s.Generation != 2 || !s.Valid || s.ExpiresAt == nil || s.RenewedAt == nil || s.LastError != "" {
		t.Errorf("after a renewal: %+v", s)
	}
	u.tune(t, func(k *simulator.Knobs) {
		k.Faults = []simulator.Fault{{Match: "POST /auths*", Kind: simulator.FaultStatus, Status: 401, Body: `{"code":"USER0001","errors":["no"]}`}}
	})
	u.revoke()
	status, header, body := call(t, "GET", g.url+customerPath, "")
	if status != http.StatusBadGateway || !strings.Contains(body, `"credential_rejected"`) || header.Get("Proxy-Status") == "" {
		t.Errorf("a session that is dead for good: %d %s", status, body)
	}
	if s := g.session(); s.LastError == "" {
		t.Errorf("the failure is not shown: %+v", s)
	}
	_, _, metrics := call(t, "GET", g.admin+"/metrics", "")
	for _, line := range []string{
		`cleengate_credential_renewals_total{credential="service",outcome="renewed"} 2`,
		`cleengate_credential_renewals_total{credential="service",outcome="permanent"} 1`,
		`cleengate_credential_valid{credential="service"} 1`,
		`cleengate_credential_expiry_timestamp_seconds{credential="service"} 1.`,
		`cleengate_shielded_total{kind="401"} 1`,
		`cleengate_surfaced_total{diagnosis="credential_rejected",kind="401"} 1`,
		`reason="login",`, `reason="renewed",`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
	_, _, credentials := call(t, "GET", g.admin+"/api/v1/credentials", "")
	g.stop()
	stored, err := os.ReadFile(filepath.Join(dir, "session-service.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range append(u.seen(), simulator.CustomerPassword) {
		findsNone(t, credentials+metrics+body+g.log.String(), secret)
	}
	if !strings.Contains(string(stored), "eyJ") {
		t.Error("without state_key_file the session is stored as it is")
	}
}

// seen are the refresh tokens that arrived.
func (u *loginUpstream) seen() (list []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for token := range u.refreshes {
		list = append(list, token)
	}
	return list
}
