package config_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/cleengate/cleengate/internal/config"
)

func dump(t testing.TB, cfg *config.Config) string {
	t.Helper()
	var text strings.Builder
	if err := cfg.Dump(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

const everything = `
listen: unix:/run/clean gate/"x".sock
environment: sandbox
state_dir: 'C:\state: #1'
egress_address: "::1"
clients:
  shop: {user_agent: "null", share: 2, patience: 2500ms}
  tv: {user_agent: "Mozilla/5.0 (Web0S; é) {a: b}, [c] 100% #1"}
upstreams:
  inapp: {url: "https://inapp.example:8443", prefix: /in-app/, path: /v1/, limit: "", proxy: direct, allow: ["GET *", "POST /in-app/a,b"]}
credentials:
  service: {kind: session, email: "a b@example.com", password: x y, publisher_id: "007", upstream: inapp}
limits:
  publisher: {rate: 600/m, burst: 7, reserve: 2.5%, max_pause: 90m}
  slow: {}
guard: {allowed_hosts: ["[::1]", a.example], allowed_origins: ["https://shop.example", "capacitor://localhost"]}
cache:
  max_size: 0
  entitlements: on
  rules:
    - {match: "GET /3.1/offers/*", ttl: 2m, stale: 1h30m}
    - {match: "* *", ttl: 0}
`

// TestDumpLoadsAgain reads a dump back and wants the same configuration,
// secrets apart.
func TestDumpLoadsAgain(t *testing.T) {
	for name, text := range map[string]string{"defaults": "", "everything": everything} {
		cfg := load(t, text)
		shown := dump(t, cfg)
		again := load(t, strings.ReplaceAll(shown, `"[redacted]"`, `x y`))
		if changed := config.Changed(cfg, again); len(changed) > 0 {
			t.Errorf("%s: reading the dump back changed %v:\n%s", name, changed, shown)
		}
		if second := dump(t, again); second != shown {
			t.Errorf("%s: the second dump differs:\n%s\nfirst:\n%s", name, second, shown)
		}
	}
}

// TestDumpKeepsText does so for any text in a value.
func TestDumpKeepsText(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		agent := rapid.OneOf(rapid.String(), rapid.StringMatching(`[-?:,\[\]{}#&*!|>'"%@\x60 ~/a0.]{0,8}`)).Draw(rt, "agent")
		cfg := config.Default()
		cfg.Clients["shop"] = config.Client{UserAgent: agent, Share: 1}
		again, err := config.Load(config.Options{File: write(t, "c.yaml", dump(t, cfg))})
		if err != nil {
			if fault, ok := errors.AsType[*config.Error](err); !ok || fault.Path != "clients.shop.user_agent" || !strings.Contains(fault.Problem, "control character") {
				rt.Fatalf("the dump of %q: %v", agent, err)
			}
			return
		}
		if got := again.Clients["shop"].UserAgent; got != agent {
			rt.Fatalf("%q reads back as %q", agent, got)
		}
	})
}

func TestDumpMasksAndRefusesMasks(t *testing.T) {
	cfg := load(t, "admin: {token: hidden-token-0123456}\ncredentials: {publisher: {tokens: [hidden-key-one, hidden-key-two]}}\n")
	shown := dump(t, cfg)
	if strings.Contains(shown, "hidden") {
		t.Errorf("a secret is shown:\n%s", shown)
	}
	for _, want := range []string{"  token: \"[redacted]\"\n", "    tokens: [\"[redacted]\", \"[redacted]\"]\n", "  client_token: \"\"\n"} {
		if !strings.Contains(shown, want) {
			t.Errorf("missing %q in:\n%s", want, shown)
		}
	}
	_, err := config.Load(config.Options{File: write(t, "c.yaml", shown)})
	if err == nil || strings.Count(err.Error(), "is the mask of a printed configuration") != 3 {
		t.Errorf("the masks are not refused: %v", err)
	}
}

func TestDumpShowsSecretFiles(t *testing.T) {
	token := write(t, "token", canary)
	cfg := load(t, "admin: {token_file: "+token+"}\n")
	shown := dump(t, cfg)
	if !strings.Contains(shown, "  token: \"\"\n  token_file: "+token+"\n") || strings.Contains(shown, canary) {
		t.Errorf("want the file and an empty token:\n%s", shown)
	}
	if changed := config.Changed(cfg, load(t, shown)); len(changed) > 0 {
		t.Errorf("reading it back changed %v", changed)
	}
}

func TestDumpSources(t *testing.T) {
	file := write(t, "c.yaml", "log:\n  level: debug\n")
	cfg, err := config.Load(config.Options{File: file, Env: []string{"CLEENGATE_MODE=observe"}})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := cfg.DumpSources(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"  level: debug  # " + file + ":2\n", "mode: observe  # CLEENGATE_MODE\n", "environment: production\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("missing %q in:\n%s", want, text.String())
		}
	}
	if changed := config.Changed(cfg, load(t, text.String())); len(changed) > 0 {
		t.Errorf("the comments changed %v", changed)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestDumpReportsWriteErrors(t *testing.T) {
	if err := config.Default().Dump(failingWriter{}); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("got %v, want the writer's error", err)
	}
}

func TestChangedAndRestartNeeded(t *testing.T) {
	before := load(t, "clients: {tv: {share: 2}}\nadmin: {token: one-token-01234567}\n")
	after := load(t, `
listen: 127.0.0.1:9000
admin: {token: two-token-01234567}
log: {level: debug, format: json}
upstreams:
  core: {url: "https://core.example", listen: 127.0.0.1:9100}
  extra: {url: "https://extra.example", prefix: /extra/, listen: 127.0.0.1:9200}
cache: {rules: [{match: "GET /a", ttl: 1m}]}
`)
	want := []string{
		"admin.token", "cache.rules", "clients.tv.share", "listen", "log.format", "log.level",
		"upstreams.core.listen", "upstreams.core.url", "upstreams.extra.listen", "upstreams.extra.prefix", "upstreams.extra.url",
	}
	if got := config.Changed(before, after); !slices.Equal(got, want) {
		t.Errorf("changed are %v, want %v", got, want)
	}
	if got := config.Changed(after, before); !slices.Equal(got, want) {
		t.Errorf("changed back are %v, want %v", got, want)
	}
	restart := []string{"listen", "log.format", "upstreams.core.listen", "upstreams.extra.listen"}
	if got := config.RestartNeeded(before, after); !slices.Equal(got, restart) {
		t.Errorf("a restart is needed for %v, want %v", got, restart)
	}
	if got := config.Changed(before, before); len(got) != 0 {
		t.Errorf("a configuration differs from itself in %v", got)
	}
}
