package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cleengate/cleengate/internal/simulator"
)

// scenario runs one scenario of the published MediaStore client.
func scenario(t *testing.T, base, name string, env ...string) string {
	t.Helper()
	cmd := exec.Command("node", "run.mjs", base, name)
	cmd.Dir = "mediastore"
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s at %s: %v", name, base, err)
	}
	return string(out)
}

func needClient(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("node")
	need(t, "node", err == nil)
	_, err = os.Stat("mediastore/node_modules/@cleeng/mediastore-sdk")
	need(t, "the npm package @cleeng/mediastore-sdk", err == nil)
}

// TestMediaStoreClient holds the published client, unchanged, in front of the
// simulator and then with cleengate between: the user sees the same, and the
// client makes the same calls with the same answers.
func TestMediaStoreClient(t *testing.T) {
	needClient(t)
	for _, name := range []string{"login", "badPassword", "register", "myAccount", "planDetails", "transactionList", "purchase"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			simAlone, alone := startSimulator(t)
			simBehind, behind := startSimulator(t)
			g := startGate(t, upstreamEnv(behind))
			direct, through := scenario(t, alone, name), scenario(t, g.url, name)
			if direct != through {
				t.Errorf("without cleengate:\n%s\nwith it:\n%s", direct, through)
			}
			want, got := simAlone.Counters(), simBehind.Counters()
			if diff := cmp.Diff(writes(want), writes(got)); diff != "" || len(got.Writes.Duplicates) != 0 {
				t.Errorf("other writes than without cleengate: %s, twice: %v", diff, got.Writes.Duplicates)
			}
			if status := g.stop(); status != 0 {
				t.Errorf("exit status %d", status)
			}
		})
	}
}

// writes are the arrivals of everything but reads, by endpoint.
func writes(c simulator.Counters) map[string]int {
	found := map[string]int{}
	for endpoint, n := range c.Endpoints {
		if !strings.HasPrefix(endpoint, "GET ") {
			found[endpoint] = n.Arrivals
		}
	}
	return found
}

// A demand for a human check is no throttle: it is shown to the user at once,
// and costs one call.
func TestMediaStoreClientSeesCaptchas(t *testing.T) {
	needClient(t)
	for _, kind := range []string{"required", "failed"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			simAlone, alone := startSimulator(t)
			simBehind, behind := startSimulator(t)
			for _, sim := range []*simulator.Simulator{simAlone, simBehind} {
				if err := sim.Patch([]byte(`{"data":{"captcha_on_login":"` + kind + `"}}`)); err != nil {
					t.Fatal(err)
				}
			}
			g := startGate(t, upstreamEnv(behind))
			direct, through := scenario(t, alone, "captcha"), scenario(t, g.url, "captcha")
			if direct != through || !strings.Contains(through, `"POST /auths 429"`) {
				t.Errorf("without cleengate:\n%s\nwith it:\n%s", direct, through)
			}
			if c := simBehind.Counters(); c.Captchas != 1 || c.Endpoints["POST /auths"].Arrivals != 1 {
				t.Errorf("%d logins, %d of them asked for a check; want 1", c.Endpoints["POST /auths"].Arrivals, c.Captchas)
			}
			g.stop()
		})
	}
}

// logIn returns the refresh token of a fresh session of a customer.
func logIn(t *testing.T, g *gate) string {
	t.Helper()
	status, _, body := call(t, "POST", g.url+"/auths", `{"email":"jane@example.com","password":"Sunny-Day-42","publisherId":"870553921"}`, "Content-Type", "application/json")
	var login struct {
		ResponseData struct{ RefreshToken string }
	}
	if err := json.Unmarshal([]byte(body), &login); err != nil || status != 200 {
		t.Fatalf("%d %s %v", status, body, err)
	}
	return login.ResponseData.RefreshToken
}

// TestPromise06_TwoTabsOfTheClient: tabs that hold one pair both stay logged
// in with the same new one, from one refresh.
func TestPromise06_TwoTabsOfTheClient(t *testing.T) {
	needClient(t)
	t.Parallel()
	sim, behind := startSimulator(t)
	g := startGate(t, append(upstreamEnv(behind), "CLEENGATE_SESSIONS_GRACE=2m"))
	old := logIn(t, g)
	var tabs [2]string
	var wg sync.WaitGroup
	for i := range tabs {
		wg.Go(func() { tabs[i] = scenario(t, g.url, "tab", "REFRESH_TOKEN="+old) })
	}
	wg.Wait()
	if tabs[0] != tabs[1] || strings.Contains(tabs[0], old) || !strings.Contains(tabs[0], `"loggedIn":true`) || !strings.Contains(tabs[0], `"events":[]`) {
		t.Errorf("one tab:\n%s\nthe other:\n%s", tabs[0], tabs[1])
	}
	if c := sim.Counters(); c.Refreshes != 1 || c.RefreshReuse != 0 {
		t.Errorf("%d refreshes, %d of a used token", c.Refreshes, c.RefreshReuse)
	}
	g.stop()
}

// TestPromise06_TabThatClosesAtOnce: its refresh runs to its end, and the other
// tab gets the pair.
func TestPromise06_TabThatClosesAtOnce(t *testing.T) {
	needClient(t)
	t.Parallel()
	sim, behind := startSimulator(t)
	g := startGate(t, append(upstreamEnv(behind), "CLEENGATE_SESSIONS_GRACE=2m"))
	old := logIn(t, g)
	if err := sim.Patch([]byte(`{"faults":[{"kind":"delay","match":"POST /auths/refresh_token","delay":"2s"}]}`)); err != nil {
		t.Fatal(err)
	}
	first := exec.Command("node", "run.mjs", g.url, "tab")
	first.Dir = "mediastore"
	first.Env = append(os.Environ(), "REFRESH_TOKEN="+old)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the refresh of the first tab", func() bool { return sim.Counters().Endpoints["POST /auths/refresh_token"].Arrivals == 1 })
	_ = first.Process.Kill()
	_ = first.Wait()
	if got := scenario(t, g.url, "tab", "REFRESH_TOKEN="+old); strings.Contains(got, old) || !strings.Contains(got, `"loggedIn":true`) || !strings.Contains(got, `"events":[]`) {
		t.Errorf("the second tab:\n%s", got)
	}
	if c := sim.Counters(); c.Refreshes != 1 || c.RefreshReuse != 0 || c.Endpoints["POST /auths/refresh_token"].Arrivals != 1 {
		t.Errorf("%d refreshes, %d of a used token", c.Refreshes, c.RefreshReuse)
	}
	g.stop()
}

// A throttled refresh erases both tokens of the client, whatever its body's
// shape. Behind cleengate the customer stays logged in.
func TestMediaStoreClientSurvivesAThrottledRefresh(t *testing.T) {
	needClient(t)
	for _, body := range []string{"message", "errors"} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			fault := func(sim *simulator.Simulator) {
				err := sim.Patch([]byte(`{"faults":[{"kind":"throttle","match":"POST /auths/refresh_token","count":1,"body":"` + body + `"}]}`))
				if err != nil {
					t.Fatal(err)
				}
			}
			sim, behind := startSimulator(t)
			fault(sim)
			g := startGate(t, upstreamEnv(behind))
			if got := scenario(t, g.url, "refresh"); got != `{"scenario":"refresh","renewed":true,"events":[],"loggedIn":true,"calls":["GET /customers/N/transactions 200","POST /auths 200","POST /auths/refresh_token 200"]}`+"\n" {
				t.Errorf("%s", got)
			}
			if c := sim.Counters(); c.Refreshes != 1 || c.RefreshReuse != 0 {
				t.Errorf("%d refreshes, %d of a used token", c.Refreshes, c.RefreshReuse)
			}
		})
	}
}
