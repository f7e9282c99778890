package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, tt := range []struct {
		name   string
		args   []string
		env    []string
		status int
		want   []string
	}{
		{"version", []string{"version"}, nil, 0, []string{"cleengate "}},
		{"help", []string{"--help"}, nil, 0, []string{"serve", "demo", "check", "--admin.listen"}},
		{"manual page", []string{"man"}, nil, 0, []string{".TH \"CLEENGATE\" \"1\""}},
		{"unknown command", []string{"serv"}, nil, 2, []string{"serv"}},
		{"unknown flag", []string{"serve", "--lisen", "x"}, nil, 2, []string{"lisen"}},
		{"check", []string{"check"}, nil, 0, []string{"https://api.cleeng.com", "tokens: []"}},
		{"unknown key", []string{"check", "--config", file("a.yaml", "listn: x\n")}, nil, 2, []string{"a.yaml:1: listn: ", "listen"}},
		{"wrong unit", []string{"check", "--config", file("b.yaml", "patience:\n  default: 5\n")}, nil, 2, []string{"b.yaml:2: patience.default: ", "; "}},
		{"not https", []string{"check", "--config", file("c.yaml", "upstreams: {core: {url: \"http://api.example\"}}\n")}, nil, 2, []string{"c.yaml:1: upstreams.core.url: "}},
		{"one prefix twice", []string{"check", "--config", file("d.yaml", "upstreams: {more: {url: \"https://x.example\", prefix: /3.1/}}\n")}, nil, 2, []string{"d.yaml:1: ", "/3.1/"}},
		{"undefined credential", []string{"check", "--config", file("e.yaml", "upstreams: {core: {credential: nobody}}\n")}, nil, 2, []string{"e.yaml:1: upstreams.core.credential: ", "nobody"}},
		{"missing secret", []string{"check", "--config", file("f.yaml", "credentials: {publisher: {tokens_file: /nowhere/key}}\n")}, nil, 2, []string{"f.yaml:1: credentials.publisher.tokens_file: ", "/nowhere/key"}},
		{"feature that does not exist yet", []string{"check", "--config", file("g.yaml", "redis: {}\n")}, nil, 2, []string{"g.yaml:1: redis: "}},
		{"beyond loopback without a token", []string{"serve"}, []string{"CLEENGATE_LISTEN=0.0.0.0:0"}, 2, []string{"CLEENGATE_LISTEN: listen: ", "client_token"}},
		{"missing file", []string{"serve", "--config", "/nowhere.yaml"}, nil, 2, []string{"/nowhere.yaml"}},
		{"port in use", []string{"serve"}, []string{"CLEENGATE_LISTEN=" + taken.Addr().String(), "CLEENGATE_ADMIN_LISTEN=127.0.0.1:0", "CLEENGATE_STATE_DIR=none"}, 1, []string{"address already in use"}},
		{"health of nothing", []string{"health", "--admin", "http://127.0.0.1:1"}, nil, 1, []string{"127.0.0.1:1", "cleengate serve"}},
		{"wait for nothing", []string{"wait", "--admin", "http://127.0.0.1:1", "--timeout", "300ms"}, nil, 1, []string{"not ready within 300ms"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, status := run(t, tt.env, tt.args...)
			if status != tt.status {
				t.Errorf("exit status %d, want %d", status, tt.status)
			}
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is missing in\n%s", want, out)
				}
			}
		})
	}
}

func TestUnixSocket(t *testing.T) {
	_, upstream := startSimulator(t)
	path := filepath.Join(t.TempDir(), "run", "gate.sock")
	env := append(upstreamEnv(upstream), "CLEENGATE_LISTEN=unix:"+path)
	first := startGate(t, env)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v %v", info, err)
	}
	if dir, _ := os.Stat(filepath.Dir(path)); dir.Mode().Perm() != 0o700 {
		t.Errorf("directory mode %v", dir.Mode())
	}
	if out, status := run(t, env, "serve"); status != 1 || !strings.Contains(out, "in use") {
		t.Errorf("a live socket was taken over: %d %s", status, out)
	}
	_ = first.cmd.Process.Kill() // leaves the socket behind
	first.wait()
	second := startGate(t, env)
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("the stale socket was not replaced: %v", err)
	}
	_, _ = conn.Write([]byte("GET /3.1/offers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
	b := make([]byte, 12)
	if _, err := conn.Read(b); err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 ") {
		t.Errorf("%q %v", b, err)
	}
	_ = conn.Close()
	if status := second.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
