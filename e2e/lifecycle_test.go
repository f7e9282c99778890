package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

// slowUpstream answers when it is let go.
func slowUpstream(t *testing.T) (url string, arrived, release chan struct{}) {
	t.Helper()
	arrived, release = make(chan struct{}, 10), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, "whole")
	}))
	t.Cleanup(server.Close)
	return server.URL, arrived, release
}

func TestShutdownDrains(t *testing.T) {
	url, arrived, release := slowUpstream(t)
	g := startGate(t, append(upstreamEnv(url), "CLEENGATE_SHUTDOWN_DELAY=500ms"))
	if out, status := run(t, nil, "health", "--admin", g.admin); status != 0 {
		t.Fatalf("not ready: %s", out)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if status, _, body := call(t, "GET", g.url+"/3.1/offers", ""); status != 200 || body != "whole" {
			t.Errorf("the call under way ended with %d %q", status, body)
		}
	})
	<-arrived
	_ = g.cmd.Process.Signal(syscall.SIGTERM)
	eventually(t, "not ready", func() bool {
		status, _, _ := call(t, "GET", g.admin+"/readyz", "")
		return status == http.StatusServiceUnavailable
	})
	if status, _, _ := call(t, "GET", g.admin+"/livez", ""); status != 200 {
		t.Errorf("not alive while draining: %d", status)
	}
	close(release)
	wg.Wait()
	if status := g.wait(); status != 0 {
		t.Errorf("exit status %d\n%s", status, g.log)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	url, arrived, _ := slowUpstream(t)
	g := startGate(t, append(upstreamEnv(url), "CLEENGATE_SHUTDOWN_DRAIN=1h"))
	go func() {
		if resp, err := http.Get(g.url + "/3.1/offers"); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-arrived
	_ = g.cmd.Process.Signal(syscall.SIGTERM)
	eventually(t, "draining", func() bool { return strings.Contains(g.log.String(), "Shutting down") })
	// One that comes together with the first is taken for the same.
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	go func() {
		for range again.C {
			if g.cmd.Process.Signal(syscall.SIGTERM) != nil {
				return
			}
		}
	}()
	if status := g.wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
}

func TestReload(t *testing.T) {
	_, upstream := startSimulator(t)
	file := filepath.Join(t.TempDir(), "cleengate.yaml")
	write := func(content string) {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("guard: {allowed_hosts: [one.internal]}\n")
	g := startGate(t, upstreamEnv(upstream), "--config", file)
	allowed := func(host string) bool {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url+"/3.1/offers", http.NoBody)
		req.Host = host
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode != http.StatusForbidden
	}
	if !allowed("one.internal") || allowed("two.internal") {
		t.Fatal("the file is not in force")
	}
	write("guard: {allowed_hosts: [two.internal]}\n")
	_ = g.cmd.Process.Signal(syscall.SIGHUP)
	eventually(t, "the reload", func() bool { return allowed("two.internal") && !allowed("one.internal") })

	write("guard: {allowed_hsts: [three.internal]}\n")
	status, _, body := call(t, "POST", g.admin+"/-/reload", "")
	if status != 400 || !strings.Contains(body, "cleengate.yaml:1: guard.allowed_hsts: ") {
		t.Errorf("%d %s", status, body)
	}
	if _, _, metrics := call(t, "GET", g.admin+"/metrics", ""); !strings.Contains(metrics, "cleengate_config_last_reload_successful 0") {
		t.Error("the failed reload is not in the metrics")
	}
	if !allowed("two.internal") {
		t.Error("the old configuration was lost")
	}
	write("guard: {allowed_hosts: [three.internal]}\n")
	if status, _, body := call(t, "POST", g.admin+"/-/reload", ""); status != 200 || !allowed("three.internal") {
		t.Errorf("%d %s", status, body)
	}
	g.stop()
}

// TestKeyRotation replaces the key file under load, once in place and once as
// Kubernetes does it: no call fails.
func TestKeyRotation(t *testing.T) {
	sim, upstream := startSimulator(t)
	dir := t.TempDir()
	volume := func(name, key string) {
		data := filepath.Join(dir, name)
		if err := os.MkdirAll(data, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(data, "key"), []byte(key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		link := filepath.Join(dir, "..next")
		_ = os.Remove(link)
		if err := os.Symlink(data, link); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(link, filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	volume("v1", simulator.PublisherKey)
	if err := os.Symlink(filepath.Join("..data", "key"), filepath.Join(dir, "key")); err != nil {
		t.Fatal(err)
	}
	env := append(upstreamEnv(upstream), "CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS_FILE="+filepath.Join(dir, "key"), "CLEENGATE_PATIENCE_DEFAULT=30s")
	g := startGate(t, env)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if status, _, body := call(t, "GET", g.url+"/3.1/offers", ""); status != 200 {
					t.Errorf("%d %s", status, body)
					return
				}
			}
		})
	}
	used := func(name string) {
		eventually(t, "calls with the new key", func() bool {
			calls := 0
			for _, n := range sim.Counters().Credentials["key:"+name] {
				calls += n
			}
			return calls > 20
		})
	}
	volume("v2", simulator.SecondPublisherKey)
	sim.DeleteKey("first") // at once: the next call is refused, and the file is looked at then
	used("second")
	const third = "simpk3-third-key-of-the-rotation-0123456789abcdefghi"
	if err := sim.AddKey(simulator.Key{Name: "third", Value: third}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "v2", "key"), []byte(third+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sim.DeleteKey("second")
	used("third")
	close(stop)
	wg.Wait()
	g.stop()
}
