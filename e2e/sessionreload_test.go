package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/cleengate/cleengate/internal/simulator"
)

// TestPromise01_SessionFollowsItsUpstream: when a reload moves the upstream, the
// old host gets no credential any more. No call fails meanwhile, nor when the
// session becomes another customer's.
func TestPromise01_SessionFollowsItsUpstream(t *testing.T) {
	t.Parallel()
	old, moved := startLoginUpstream(t), startLoginUpstream(t)
	file := filepath.Join(t.TempDir(), "cleengate.yaml")
	write := func(u *loginUpstream, email string) {
		content := fmt.Sprintf(`
credentials: {service: {kind: session, email: %s, password: %s, publisher_id: "%d"}}
upstreams: {mediastore: {url: "%s", credential: service}}
limits: {mediastore: {rate: 1000/s}}
`, email, simulator.CustomerPassword, simulator.PublisherID, u.url)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(old, simulator.CustomerEmail)
	env := []string{"CLEENGATE_LISTEN=127.0.0.1:0", "CLEENGATE_ADMIN_LISTEN=127.0.0.1:0", "CLEENGATE_STATE_DIR=" + t.TempDir()}
	g := startGate(t, env, "--config", file)
	stop := make(chan struct{})
	var calls sync.WaitGroup
	for range 4 {
		calls.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if status, _, body := call(t, "GET", g.url+"/payment-methods", ""); status != http.StatusOK {
					t.Errorf("%d %s", status, body)
					return
				}
			}
		})
	}
	eventually(t, "calls to the old host", func() bool { return old.Counters().Arrivals > 20 })
	reload := func() {
		if status, _, body := call(t, "POST", g.admin+"/-/reload", ""); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
	}
	write(moved, simulator.CustomerEmail)
	reload()
	eventually(t, "calls to the new host", func() bool { return moved.Counters().Arrivals > 20 })
	write(moved, simulator.OtherCustomerEmail)
	reload()
	eventually(t, "calls as another customer", func() bool { return len(moved.Counters().Credentials["customer:100000002"]) > 0 })
	close(stop)
	calls.Wait()
	before := old.Counters().Arrivals
	moved.revoke()
	if status, _, body := call(t, "GET", g.url+"/payment-methods", ""); status != http.StatusOK {
		t.Errorf("after a revocation: %d %s", status, body)
	}
	if now := old.Counters(); now.Arrivals != before || now.Logins != 1 {
		t.Errorf("the old host got %d calls and %d logins after the move", now.Arrivals-before, now.Logins-1)
	}
	if logins, _, twice := moved.counts(); logins != 2 || twice != 0 {
		t.Errorf("%d logins at the new host, %d refresh tokens sent twice", logins, twice)
	}
	if status := g.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
