package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

// stopWithin is how long a process may take to drain before it is killed.
const stopWithin = 15 * time.Second

// bench is one run of the command. It is used by one goroutine.
type bench struct {
	dir    string // temporary, removed at the end
	binary string
	out    io.Writer
	setups int
}

func (b *bench) build(ctx context.Context) error {
	return b.compile(ctx, b.binary, "cmd/cleengate")
}

// compile builds the command in folder of this module into the file output.
func (b *bench) compile(ctx context.Context, output, folder string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", output, "github.com/cleengate/cleengate/"+folder) //nolint:gosec // the path is our temporary directory
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", folder, err, out)
	}
	return nil
}

// uncached makes every call go upstream.
const uncached = "cache: {max_size: 0}\n"

// setup is a proxy in front of a simulator, each a process of its own.
type setup struct {
	simulator *process
	gate      *process
	load      *load
	sim       *sim
}

// start brings up both with an empty state directory. knobs are patched into the
// simulator first; config is the proxy's YAML file. The caller closes the setup.
func (b *bench) start(ctx context.Context, knobs map[string]any, config string) (*setup, error) {
	s := &setup{}
	var err error
	if s.simulator, err = b.launch(ctx, nil, "The simulator listens on ", "simulate", "--listen", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.sim = newSim(s.simulator.url)
	if err := s.sim.patch(ctx, knobs); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if s.gate, err = b.startGate(ctx, s.simulator.url, config); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.load = newLoad(offerURL(s.gate))
	return s, nil
}

// offerURL is a call through a proxy that the simulator answers.
func offerURL(gate *process) string { return gate.url + "/3.1/offers/" + simulator.MonthlyOfferID }

// startGate starts a proxy in front of a simulator, with an empty state
// directory.
func (b *bench) startGate(ctx context.Context, upstream, config string) (*process, error) {
	b.setups++
	dir := filepath.Join(b.dir, fmt.Sprint("setup-", b.setups))
	state := filepath.Join(dir, "state")
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "cleengate.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	return b.launch(ctx, []string{
		"HOME=" + dir,
		"CLEENGATE_LISTEN=127.0.0.1:0",
		"CLEENGATE_ADMIN_LISTEN=127.0.0.1:0",
		"CLEENGATE_STATE_DIR=" + state,
		"CLEENGATE_PATIENCE_DEFAULT=60s",
		"CLEENGATE_UPSTREAMS_CORE_URL=" + upstream,
		"CLEENGATE_UPSTREAMS_RPC_URL=" + upstream,
		"CLEENGATE_UPSTREAMS_MEDIASTORE_URL=" + upstream,
		"CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS=" + simulator.PublisherKey,
	}, "cleengate listens on ", "serve", "--config", file)
}

// close stops what was started, the proxy first.
func (s *setup) close() error {
	if s.load != nil {
		s.load.close()
	}
	var err error
	if s.gate != nil {
		err = s.gate.stop()
	}
	s.sim.close()
	return errors.Join(err, s.simulator.stop())
}

// process is a running command of the binary.
type process struct {
	name    string
	url     string
	started time.Time
	cmd     *exec.Cmd
	log     *bytes.Buffer // standard error; read only after the process has ended
	rest    chan struct{} // closed when standard output has ended
}

// launch starts the binary and waits until it has printed, after prefix, where
// it listens. A cancelled ctx ends the process.
func (b *bench) launch(ctx context.Context, env []string, prefix string, args ...string) (*process, error) {
	return b.launchProgram(ctx, b.binary, env, prefix, "cleengate "+args[0], args...)
}

// launchProgram does so with any program; errors call it name.
func (b *bench) launchProgram(ctx context.Context, program string, env []string, prefix, name string, args ...string) (*process, error) {
	p := &process{name: name, log: &bytes.Buffer{}, rest: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, program, args...) //nolint:gosec // a program that was just built
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	p.cmd.Stderr = p.log
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = stopWithin
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.name, err)
	}
	lines := bufio.NewScanner(stdout)
	for p.url == "" && lines.Scan() {
		p.url, _ = strings.CutPrefix(lines.Text(), prefix)
		if p.url == lines.Text() {
			p.url = ""
		}
	}
	go func() {
		defer close(p.rest)
		_, _ = io.Copy(io.Discard, stdout) // it ends with the process
	}()
	if p.url == "" {
		return nil, errors.Join(fmt.Errorf("%s said no address", p.name), p.stop())
	}
	return p, nil
}

// stop ends the process as an orchestrator does, and waits for it.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	kill := time.AfterFunc(stopWithin, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	<-p.rest
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", p.name, err, p.log)
	}
	return nil
}
