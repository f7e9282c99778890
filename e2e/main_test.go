package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "cleengate-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "cleengate")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/cleengate").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the binary: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// need skips a test whose tools are missing, and fails it in CI.
func need(t *testing.T, what string, ok bool) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv("CLEENGATE_E2E_REQUIRED") != "" {
		t.Fatalf("%s is missing; make test installs it", what)
	}
	t.Skipf("%s is missing; make test installs it", what)
}

// startSimulator serves a fresh simulated Cleeng.
func startSimulator(t *testing.T) (*simulator.Simulator, string) {
	t.Helper()
	sim := simulator.New(simulator.Options{})
	server := simulator.NewServer(sim)
	if err := server.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx) }()
	t.Cleanup(func() {
		_ = sim.Close()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return sim, server.URL()
}

// gate is a running cleengate.
type gate struct {
	t     *testing.T
	cmd   *exec.Cmd
	url   string
	admin string
	log   *output
	done  chan error
}

// output collects what a process writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// upstreamEnv points all upstreams at one URL.
func upstreamEnv(url string) []string {
	return []string{
		"CLEENGATE_LISTEN=127.0.0.1:0", "CLEENGATE_ADMIN_LISTEN=127.0.0.1:0", "CLEENGATE_STATE_DIR=none",
		"CLEENGATE_CACHE_MAX_SIZE=0", // tests of the cache set another; all others want each call to go upstream
		"CLEENGATE_UPSTREAMS_CORE_URL=" + url, "CLEENGATE_UPSTREAMS_RPC_URL=" + url, "CLEENGATE_UPSTREAMS_MEDIASTORE_URL=" + url,
	}
}

// startGate runs cleengate serve and waits until it says where it listens.
func startGate(t *testing.T, env []string, args ...string) *gate {
	t.Helper()
	g := &gate{t: t, cmd: exec.Command(binary, append([]string{"serve"}, args...)...), log: &output{}, done: make(chan error, 1)}
	g.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	g.cmd.Stderr = g.log
	stdout, err := g.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for (g.url == "" || g.admin == "") && lines.Scan() {
		if where, ok := strings.CutPrefix(lines.Text(), "cleengate listens on "); ok {
			g.url = where
		}
		if where, ok := strings.CutPrefix(lines.Text(), "admin listens on "); ok {
			g.admin = where
		}
	}
	go func() {
		_, _ = io.Copy(io.Discard, stdout)
		g.done <- g.cmd.Wait()
	}()
	if g.url == "" || g.admin == "" {
		t.Fatalf("cleengate did not start: %v\n%s", <-g.done, g.log)
	}
	t.Cleanup(func() {
		if g.cmd.ProcessState == nil {
			_ = g.cmd.Process.Kill()
		}
	})
	return g
}

// stop ends it as an orchestrator does and returns its exit status.
func (g *gate) stop() int {
	g.t.Helper()
	_ = g.cmd.Process.Signal(syscall.SIGTERM)
	return g.wait()
}

func (g *gate) wait() int {
	g.t.Helper()
	select {
	case <-g.done:
		return g.cmd.ProcessState.ExitCode()
	case <-time.After(30 * time.Second):
		g.t.Fatalf("cleengate does not end:\n%s", g.log)
		return -1
	}
}

// run executes one command and returns its output and exit status.
func run(t *testing.T, env []string, args ...string) (out string, status int) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	b, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// call makes one request and returns status, header and body.
func call(t *testing.T, method, url, body string, fields ...string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		req.Header.Add(fields[i], fields[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(b)
}

// eventually polls until ok holds, within a bound that only a broken program
// reaches.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	within(t, 20*time.Second, what, ok)
}

// within is eventually where the contract names the bound.
func within(t *testing.T, bound time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(bound)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			t.Fatalf("%s did not come about within %v", what, bound)
		case <-tick.C:
		}
	}
}
