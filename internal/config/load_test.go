package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/cleengate/cleengate/internal/config"
)

// write puts content into a private file of the test and returns its path.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t testing.TB, content string, environ ...string) *config.Config {
	t.Helper()
	cfg, err := config.Load(config.Options{File: write(t, "cleengate.yaml", content), Env: environ})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestLoadNothing(t *testing.T) {
	for name, o := range map[string]config.Options{
		"no file":       {},
		"empty file":    {File: write(t, "empty.yaml", "")},
		"only comments": {File: write(t, "comments.yaml", "# nothing\n\n")},
		"null document": {File: write(t, "null.yaml", "---\n")},
		"null sections": {File: write(t, "sections.yaml", "guard:\nupstreams:\n  core:\n")},
	} {
		cfg, err := config.Load(o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if changed := config.Changed(config.Default(), cfg); len(changed) > 0 {
			t.Errorf("%s: differs from the defaults in %v", name, changed)
		}
		if len(cfg.Warnings()) != 1 || !strings.Contains(cfg.Warnings()[0], "credentials.publisher.tokens_file") {
			t.Errorf("%s: warnings %q, want one that names the missing publisher key", name, cfg.Warnings())
		}
	}
}

func TestDefaultsOfEnvironments(t *testing.T) {
	cases := map[config.Environment]map[string]string{
		config.Production: {"core": "https://api.cleeng.com", "rpc": "https://api.cleeng.com", "mediastore": "https://mediastoreapi.cleeng.com"},
		config.Sandbox:    {"core": "https://api.sandbox.cleeng.com", "rpc": "https://sandbox.cleeng.com", "mediastore": "https://mediastoreapi-sandbox.cleeng.com"},
	}
	for environment, urls := range cases {
		cfg := load(t, "environment: "+string(environment)+"\n")
		for name, url := range urls {
			if got := cfg.Upstreams[name].URL; got != url {
				t.Errorf("%s: upstreams.%s.url is %s, want %s", environment, name, got, url)
			}
		}
	}
	if got := load(t, "environment: production\n", "CLEENGATE_ENVIRONMENT=sandbox").Upstreams["core"].URL; got != cases[config.Sandbox]["core"] {
		t.Errorf("the variable did not override the file's environment: %s", got)
	}
}

func TestRoutes(t *testing.T) {
	cases := []struct{ yaml, upstream, want string }{
		{"", "core", "[{/3.1/ /3.1/}]"},
		{"", "rpc", "[{/3.0/json-rpc /3.0/json-rpc} {/api/3.0/json-rpc /3.0/json-rpc}]"},
		{"environment: sandbox", "rpc", "[{/3.0/json-rpc /api/3.0/json-rpc} {/api/3.0/json-rpc /api/3.0/json-rpc}]"},
		{"upstreams: {rpc: {prefix: /rpc}}", "rpc", "[{/rpc /rpc}]"},
		{"upstreams: {old: {url: https://old.example, prefix: /api/3.0/json-rpc}}", "rpc", "[{/3.0/json-rpc /3.0/json-rpc}]"},
		{"upstreams: {old: {url: https://old.example, prefix: /api/3.0/json-rpc, listen: 127.0.0.1:9000}}", "rpc", "[{/3.0/json-rpc /3.0/json-rpc} {/api/3.0/json-rpc /3.0/json-rpc}]"},
		{"upstreams: {core: {path: /v31/}}", "core", "[{/3.1/ /v31/}]"},
		{"", "nowhere", "[]"},
	}
	for _, c := range cases {
		if got := fmt.Sprint(load(t, c.yaml).Routes(c.upstream)); got != c.want {
			t.Errorf("with %q, %s answers to %s, want %s", c.yaml, c.upstream, got, c.want)
		}
	}
}

// TestPartialEntry changes one key of a default entry and adds entries.
func TestPartialEntry(t *testing.T) {
	cfg := load(t, `
upstreams:
  core: {limit: ""}
  inapp: {url: "http://127.0.0.1:9000", prefix: /inapp/, credential: service, limit: slow, listen: 127.0.0.1:9001, allow: ["GET *", "POST /inapp/check"]}
credentials:
  service: {kind: session, email: a@example.com, password: secret, publisher_id: 0123}
limits:
  publisher: {rate: 600/m}
  slow: {burst: 3}
clients:
  shop: {user_agent: okhttp/}
cache:
  rules:
    - {match: "GET /3.1/offers/*", ttl: 2m, stale: 10m}
    - {match: "* /3.1/customers/*", ttl: 0s}
`, "CLEENGATE_UPSTREAMS_INAPP_CONNECTIONS=7", "CLEENGATE_CLIENTS_SHOP_SHARE=3")
	core := config.Default().Upstreams["core"]
	core.Limit = ""
	if got := fmt.Sprint(cfg.Upstreams["core"]); got != fmt.Sprint(core) {
		t.Errorf("core is %s, want %v", got, core)
	}
	if got := cfg.Upstreams["inapp"]; got.Connections != 7 || len(got.Allow) != 2 || !got.Allow[1].Match("POST", "/inapp/check") {
		t.Errorf("inapp is %+v", got)
	}
	if got := cfg.Credentials["service"]; got.PublisherID != "0123" || got.Mode != config.Fill || got.Password.Reveal() != "secret" {
		t.Errorf("service is %+v", got)
	}
	limit := config.Default().Limits["publisher"]
	limit.Rate = config.Rate{Count: 600, Window: time.Minute}
	if cfg.Limits["publisher"] != limit {
		t.Errorf("the limit publisher is %+v, want %+v", cfg.Limits["publisher"], limit)
	}
	if got := cfg.Limits["slow"]; got.Queue != 4000 || got.Burst != 3 || got.MaxPause != time.Hour {
		t.Errorf("the limit slow is %+v", got)
	}
	if got := cfg.Clients["shop"]; got.Share != 3 || got.UserAgent != "okhttp/" {
		t.Errorf("the client shop is %+v", got)
	}
	if got := cfg.Cache.Rules; len(got) != 2 || got[0].Stale != 10*time.Minute || got[1].TTL != 0 || got[1].Match.Method != "*" {
		t.Errorf("the rules are %+v", got)
	}
}

func TestAliasesAreResolved(t *testing.T) {
	cfg := load(t, "limits:\n  publisher: &quota {rate: 50/s}\n  mediastore: *quota\n")
	if got := cfg.Limits["mediastore"].Rate.String(); got != "50/s" {
		t.Errorf("the aliased limit has the rate %s, want 50/s", got)
	}
}

func TestConfigFileFromEnvironment(t *testing.T) {
	file := write(t, "c.yaml", "log: {level: debug}\n")
	cfg, err := config.Load(config.Options{Env: []string{"CLEENGATE_CONFIG=" + file}})
	if err != nil || cfg.Log.Level != config.LevelDebug {
		t.Fatalf("got %v, %v, want level debug", cfg, err)
	}
	if source := cfg.Source("log.level").String(); source != file+":1" {
		t.Errorf("log.level comes from %s, want %s:1", source, file)
	}
}

func TestUnreadableConfigFile(t *testing.T) {
	directory := t.TempDir()
	for name, want := range map[string]string{
		filepath.Join(directory, "missing.yaml"): "cannot be read: no such file or directory",
		directory:                                "is not a regular file",
		write(t, "large.yaml", strings.Repeat("#", 1<<20+1)): "is larger than 1MiB",
	} {
		_, err := config.Load(config.Options{File: name})
		fault, ok := errors.AsType[*config.Error](err)
		if !ok || fault.Source.Name != name || !strings.Contains(err.Error(), want) {
			t.Errorf("loading %s: %v, want it named, with %q", name, err, want)
		}
	}
}

// TestErrorsNameTheLayer checks the form of errors from variables and flags.
func TestErrorsNameTheLayer(t *testing.T) {
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.BindFlags(flags)
	if err := flags.Parse([]string{"--retry.budget=20", "--admin.pprof", "--guard.allowed_hosts=a.example,*", "--guard.allowed_hosts=b.example:1", "--upstreams.core.limit="}); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(config.Options{
		File:  write(t, "c.yaml", "patience: {default: 60s}\n"),
		Env:   []string{"CLEENGATE_PATIENCE_MAX=5s", "CLEENGATE_LIMITS_PUBLISHER_QUEUE=lots"},
		Flags: flags,
	})
	if err == nil {
		t.Fatal("a wrong configuration was accepted")
	}
	for _, want := range []string{
		`--retry.budget: retry.budget: "20" has no percent sign; write 20%`,
		`--guard.allowed_hosts: guard.allowed_hosts[1]: "*" holds a wildcard; `,
		`--guard.allowed_hosts: guard.allowed_hosts[2]: "b.example:1" has a port, `,
		`CLEENGATE_LIMITS_PUBLISHER_QUEUE: limits.publisher.queue: "lots" is not a whole number; write only digits`,
		`c.yaml:1: patience.default: 1m is longer than patience.max (5s); `,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in:\n%v", want, err)
		}
	}
	if lines := strings.Count(err.Error(), "\n") + 1; lines != 5 {
		t.Errorf("got %d errors, want 5:\n%v", lines, err)
	}
}
