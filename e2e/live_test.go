package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

// TestCheckLive tries each key once, says what is wrong with it and what to
// do, and leaves sessions alone.
func TestCheckLive(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		keys   string
		tune   func(*simulator.Knobs)
		status int
		says   []string
	}{
		"all is well": {keys: simulator.PublisherKey + "\n" + simulator.SecondPublisherKey, says: []string{
			"ok      credential publisher, key 1  is accepted", "ok      credential publisher, key 2  is accepted", "ok      credential service", "is a session and is not tried",
		}},
		"one key is wrong": {keys: simulator.PublisherKey + "\nno-such-key-0000000000", status: 1, says: []string{
			"ok      credential publisher, key 1  is accepted", "FAILED  credential publisher, key 2  got 401 (credential_invalid): ",
		}},
		"no permission": {keys: simulator.PublisherKey, status: 1, tune: func(k *simulator.Knobs) {
			k.Credentials.Denied = []simulator.Denial{{Match: "GET /3.1/offers", Status: 403}}
		}, says: []string{"FAILED  credential publisher, key 1  got 403 (insufficient_permission): "}},
		"clock": {keys: simulator.PublisherKey, status: 1, tune: func(k *simulator.Knobs) { k.Clock.Skew = time.Hour }, says: []string{
			"FAILED  upstream core", "clock is off by",
		}},
		"trouble": {keys: simulator.PublisherKey, status: 1, tune: func(k *simulator.Knobs) {
			k.Faults = []simulator.Fault{{Match: "GET /3.1/offers", Kind: simulator.FaultStatus, Status: 500}}
		}, says: []string{"FAILED  credential publisher, key 1  got 500"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := startLoginUpstream(t)
			if tt.tune != nil {
				u.tune(t, tt.tune)
			}
			dir := t.TempDir()
			file, keys := filepath.Join(dir, "cleengate.yaml"), filepath.Join(dir, "keys")
			content := "credentials: {publisher: {tokens_file: " + keys + "}, service: {kind: session, refresh_token: never-to-be-sent-0123456789}}\n" +
				"upstreams: {mediastore: {credential: service}}\n"
			for name, text := range map[string]string{file: content, keys: tt.keys} {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			state := t.TempDir()
			out, status := run(t, append(upstreamEnv(u.url), "CLEENGATE_STATE_DIR="+state), "check", "--live", "--config", file)
			if left, err := os.ReadDir(state); err != nil || len(left) > 0 {
				t.Errorf("the state directory is that of the running process, and has %v (%v)", left, err)
			}
			if status != tt.status {
				t.Errorf("exit status %d, want %d", status, tt.status)
			}
			for _, line := range tt.says {
				if !strings.Contains(out, line) {
					t.Errorf("it does not say %q:\n%s", line, out)
				}
			}
			if logins, refreshes, _ := u.counts(); logins != 0 || refreshes != 0 {
				t.Errorf("%d logins and %d refreshes", logins, refreshes)
			}
			if n := u.Counters().Endpoints["GET /3.1/offers"].Arrivals; n != 1+strings.Count(tt.keys, "\n") {
				t.Errorf("%d calls for %q", n, tt.keys)
			}
			for key := range strings.SplitSeq(tt.keys, "\n") {
				findsNone(t, out, key)
			}
		})
	}
}
