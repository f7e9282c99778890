package config_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/cleengate/cleengate/internal/config"
)

// warnings loads an environment and leaves out the warning of the missing key.
func warnings(t *testing.T, o config.Options) []string {
	t.Helper()
	cfg, err := config.Load(o)
	if err != nil {
		t.Fatal(err)
	}
	var rest []string
	for _, warning := range cfg.Warnings() {
		if !strings.HasPrefix(warning, "credentials.publisher.tokens: ") {
			rest = append(rest, warning)
		}
	}
	return rest
}

func TestUnknownVariablesWarn(t *testing.T) {
	got := warnings(t, config.Options{
		Env: []string{
			"CLEENGATE_LISTN=127.0.0.1:1", "CLEENGATE_WHATEVER_ELSE=x", "CLEENGATE_CACHE_RULES=GET /", "CLEENGATE_UPSTREAMS_NOBODY_URL=https://x",
			"CLEENGATE_HOME=/opt", "PATH=/bin", "CLEENGATE_LOG_LEVEL=debug", "CLEENGATE", "CLEENGATE_=x", "cleengate_listen=x",
		},
		KnownEnv: []string{"CLEENGATE_HOME"},
	})
	want := []string{
		`CLEENGATE_ is ignored: it belongs to no configuration key`,
		`CLEENGATE_CACHE_RULES is ignored: cache.rules can only be set in the configuration file`,
		`CLEENGATE_LISTN is ignored: it belongs to no configuration key; did you mean CLEENGATE_LISTEN?`,
		`CLEENGATE_UPSTREAMS_NOBODY_URL is ignored: it belongs to no configuration key`,
		`CLEENGATE_WHATEVER_ELSE is ignored: it belongs to no configuration key`,
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatalf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestServiceVariablesWarnOnce has what Kubernetes injects for a Service named
// cleengate with a named port, and for one named cleengate-admin.
func TestServiceVariablesWarnOnce(t *testing.T) {
	env := []string{
		"CLEENGATE_PORT=tcp://10.0.0.11:8401", "CLEENGATE_PORT_8401_TCP=tcp://10.0.0.11:8401", "CLEENGATE_PORT_8401_TCP_ADDR=10.0.0.11",
		"CLEENGATE_PORT_8401_TCP_PORT=8401", "CLEENGATE_PORT_8401_TCP_PROTO=tcp", "CLEENGATE_SERVICE_HOST=10.0.0.11",
		"CLEENGATE_SERVICE_PORT=8401", "CLEENGATE_SERVICE_PORT_HTTP=8401", "CLEENGATE_ADMIN_PORT=udp://10.0.0.12:8402", "CLEENGATE_ADMIN_SERVICE_HOST=10.0.0.12",
	}
	got := warnings(t, config.Options{Env: env})
	if len(got) != 1 || !strings.Contains(got[0], "enableServiceLinks: false") {
		t.Fatalf("got %q, want one warning that says how to leave them out", got)
	}
	for _, entry := range env {
		if name, _, _ := strings.Cut(entry, "="); !strings.Contains(got[0], name) {
			t.Errorf("%s is not named in %q", name, got[0])
		}
	}
}

// TestEmptyVariableIsUnset passes optional variables through, as compose files
// do; an empty flag or "" in the file does empty a key.
func TestEmptyVariableIsUnset(t *testing.T) {
	cfg := load(t, "guard: {allowed_hosts: [a.example]}\n", "CLEENGATE_LISTEN=", "CLEENGATE_GUARD_ALLOWED_HOSTS= ", "CLEENGATE_UPSTREAMS_CORE_CREDENTIAL=", "CLEENGATE_LIMITS_PUBLISHER_QUEUE=")
	if cfg.Listen != "127.0.0.1:8401" || len(cfg.Guard.AllowedHosts) != 1 || cfg.Upstreams["core"].Credential != "publisher" || cfg.Limits["publisher"].Queue != 4000 {
		t.Errorf("an empty variable changed something: %+v", cfg)
	}
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.BindFlags(flags)
	if err := flags.Parse([]string{"--upstreams.core.credential=", "--guard.allowed_hosts="}); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(config.Options{File: write(t, "c.yaml", "upstreams: {rpc: {credential: ''}}\nguard: {allowed_hosts: [a.example]}\n"), Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Upstreams["core"].Credential != "" || cfg.Upstreams["rpc"].Credential != "" || len(cfg.Guard.AllowedHosts) != 0 {
		t.Errorf("the empty values did not arrive: %+v", cfg)
	}
}

func TestListsFromVariablesAndFlags(t *testing.T) {
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.BindFlags(flags)
	if err := flags.Parse([]string{"--guard.allowed_hosts=a.example, b.example", "--guard.allowed_hosts", "c.example"}); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(config.Options{Flags: flags, Env: []string{"CLEENGATE_GUARD_ALLOWED_ORIGINS=https://a.example,,https://b.example", "CLEENGATE_UPSTREAMS_CORE_ALLOW=GET *,POST /3.1/orders"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(cfg.Guard.AllowedHosts, " "); got != "a.example b.example c.example" {
		t.Errorf("allowed_hosts are %q", got)
	}
	if got := strings.Join(cfg.Guard.AllowedOrigins, " "); got != "https://a.example https://b.example" {
		t.Errorf("allowed_origins are %q", got)
	}
	if got := cfg.Upstreams["core"].Allow; len(got) != 2 || got[1].String() != "POST /3.1/orders" {
		t.Errorf("allow is %v", got)
	}
}

func TestVariableThatIsNotUTF8(t *testing.T) {
	_, err := config.Load(config.Options{Env: []string{"CLEENGATE_STATE_DIR=\xff"}})
	if want := "CLEENGATE_STATE_DIR: state_dir: the value is not UTF-8; write it as UTF-8"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestFlagHelp shows that help names values and defaults, and no secret keys.
func TestFlagHelp(t *testing.T) {
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.BindFlags(flags)
	var help bytes.Buffer
	help.WriteString(flags.FlagUsages())
	for _, want := range []string{"--admin.listen string", `(default "127.0.0.1:8402")`, "(default 7500ms)", "--patience.default duration", "--limits.publisher.rate rate", "--guard.allowed_origins list", "--admin.token_file string"} {
		if !strings.Contains(help.String(), want) {
			t.Errorf("help lacks %q", want)
		}
	}
	if flags.Lookup("admin.token") != nil || flags.Lookup("credentials.publisher.tokens") != nil {
		t.Error("a secret has a flag")
	}
}
