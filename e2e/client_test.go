package e2e

import (
	"os"
	"os/exec"
	"testing"

	"github.com/cleengate/cleengate/internal/simulator"
)

// scenario runs one scenario of the published MediaStore client.
func scenario(t *testing.T, base, name string) string {
	t.Helper()
	cmd := exec.Command("node", "run.mjs", base, name)
	cmd.Dir = "mediastore"
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
			_, alone := startSimulator(t)
			_, behind := startSimulator(t)
			g := startGate(t, upstreamEnv(behind))
			direct, through := scenario(t, alone, name), scenario(t, g.url, name)
			if direct != through {
				t.Errorf("without cleengate:\n%s\nwith it:\n%s", direct, through)
			}
			if status := g.stop(); status != 0 {
				t.Errorf("exit status %d", status)
			}
		})
	}
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
