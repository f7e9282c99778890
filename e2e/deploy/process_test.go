package deploy

import (
	"bufio"
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

const (
	startLimit = 20 * time.Second
	pollEvery  = 100 * time.Millisecond
)

// build makes the binary once, with the very command of the Dockerfile.
var build = sync.OnceValues(func() (string, error) {
	content, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "cleengate-deploy-")
	if err != nil {
		return "", err
	}
	builtIn = dir
	out := filepath.Join(dir, "cleengate")
	env, args, err := parseDockerfile(string(content)).buildCommand(out)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), env...)
	if printed, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, printed)
	}
	return out, nil
})

// builtIn is the directory that build leaves to TestMain.
var builtIn string

func TestMain(m *testing.M) {
	status := m.Run()
	if builtIn != "" {
		_ = os.RemoveAll(builtIn)
	}
	os.Exit(status)
}

func binary(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// process is a running program whose lines are watched for addresses.
type process struct {
	cmd   *exec.Cmd
	done  chan struct{} // closed when it has ended and all lines are read
	mu    sync.Mutex
	lines []string
	grown chan struct{} // closed and replaced with each line
}

// start runs cmd until the test ends.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, done: make(chan struct{}), grown: make(chan struct{})}
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v", cmd.Path, err)
	}
	go func() {
		defer close(p.done)
		scanner := bufio.NewScanner(r)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			p.mu.Lock()
			p.lines = append(p.lines, scanner.Text())
			close(p.grown)
			p.grown = make(chan struct{})
			p.mu.Unlock()
		}
		_, _ = io.Copy(io.Discard, r)
	}()
	go func() {
		_ = cmd.Wait() // how it ended shows in what it printed
		_ = w.Close()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(startLimit, func() { _ = cmd.Process.Kill() })
		<-p.done
		kill.Stop()
		if t.Failed() {
			t.Logf("%s printed:\n%s", cmd.Path, p.printed())
		}
	})
	return p
}

func (p *process) printed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// after waits for a line with the mark and returns the word behind it.
func (p *process) after(t *testing.T, mark string) string {
	t.Helper()
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	for seen := 0; ; {
		p.mu.Lock()
		lines, grown := p.lines[seen:], p.grown
		seen = len(p.lines)
		p.mu.Unlock()
		for _, line := range lines {
			if _, rest, ok := strings.Cut(line, mark); ok {
				word, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
				return word
			}
		}
		select {
		case <-grown:
		case <-p.done:
			t.Fatalf("%s ended without %q:\n%s", p.cmd.Path, mark, p.printed())
		case <-limit.C:
			t.Fatalf("%s did not print %q within %s:\n%s", p.cmd.Path, mark, startLimit, p.printed())
		}
	}
}

// simulated runs a simulator in this process and returns its URL.
func simulated(t *testing.T) string {
	t.Helper()
	server := simulator.NewServer(simulator.New(simulator.Options{}))
	if err := server.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return server.URL()
}

// gate is a running cleengate.
type gate struct {
	*process
	url, admin string
}

// serve starts the binary on free ports with this environment alone.
func serve(t *testing.T, env []string, args ...string) gate {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), binary(t), append([]string{"serve"}, args...)...)
	cmd.Env = append([]string{"CLEENGATE_STATE_DIR=none", "CLEENGATE_LISTEN=127.0.0.1:0", "CLEENGATE_ADMIN_LISTEN=127.0.0.1:0"}, env...)
	p := start(t, cmd)
	return gate{process: p, url: p.after(t, "cleengate listens on "), admin: p.after(t, "admin listens on ")}
}

// toSimulator are the variables that send all upstreams there.
func toSimulator(url string) []string {
	return []string{"CLEENGATE_UPSTREAMS_CORE_URL=" + url, "CLEENGATE_UPSTREAMS_RPC_URL=" + url, "CLEENGATE_UPSTREAMS_MEDIASTORE_URL=" + url}
}

// call sends a request and returns the status and the body of the answer.
func call(t *testing.T, method, url string, header ...string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
