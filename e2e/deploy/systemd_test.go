package deploy

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/config"
)

// unit is a parsed systemd unit: section, key, and all values of the key
// (systemd.syntax(7)).
type unit map[string]map[string][]string

func parseUnit(t *testing.T, content string) unit {
	t.Helper()
	u := unit{}
	var section map[string][]string
	for line := range strings.Lines(content) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '[' && line[len(line)-1] == ']':
			section = map[string][]string{}
			u[line[1:len(line)-1]] = section
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok || section == nil {
				t.Fatalf("no key=value in a section: %q", line)
			}
			section[key] = append(section[key], value)
		}
	}
	return u
}

func TestSystemdUnit(t *testing.T) {
	u := parseUnit(t, text(t, "deploy/cleengate.service"))
	for section, keys := range map[string]map[string]string{
		"Unit": {"After": "network-online.target", "Wants": "network-online.target"},
		"Service": {
			"Type": "exec", "ExecReload": "/bin/kill -HUP $MAINPID", "Restart": "on-failure", "RestartPreventExitStatus": "2",
			"DynamicUser": "yes", "StateDirectory": "cleengate", "StateDirectoryMode": "0700",
			"AmbientCapabilities": "", "CapabilityBoundingSet": "", "LockPersonality": "yes", "MemoryDenyWriteExecute": "yes",
			"NoNewPrivileges": "yes", "PrivateDevices": "yes", "PrivateTmp": "yes", "ProtectClock": "yes", "ProtectControlGroups": "yes",
			"ProtectHome": "yes", "ProtectHostname": "yes", "ProtectKernelLogs": "yes", "ProtectKernelModules": "yes",
			"ProtectKernelTunables": "yes", "ProtectProc": "invisible", "ProtectSystem": "strict", "RestrictNamespaces": "yes",
			"RestrictRealtime": "yes", "RestrictSUIDSGID": "yes", "SystemCallArchitectures": "native", "UMask": "0077",
		},
		"Install": {"WantedBy": "multi-user.target"},
	} {
		for key, want := range keys {
			if got, ok := u[section][key]; !ok || len(got) != 1 || got[0] != want {
				t.Errorf("[%s] %s=%q, want %q once", section, key, got, want)
			}
		}
	}
	if filter := u["Service"]["SystemCallFilter"]; !slices.Contains(filter, "@system-service") {
		t.Errorf("SystemCallFilter=%q", filter)
	}
	stop, err := strconv.Atoi(u["Service"]["TimeoutStopSec"][0])
	if d := config.Default().Shutdown; err != nil || float64(stop) <= (d.Delay+d.Drain).Seconds() {
		t.Errorf("TimeoutStopSec=%d (%v) is not above delay + drain, %s", stop, err, d.Delay+d.Drain)
	}
	if u["Unit"]["User"] != nil || u["Service"]["User"] != nil {
		t.Error("DynamicUser chooses the user")
	}
}

// TestSystemdConfiguration loads what the service would load: the shipped
// configuration with the unit's variables, and the credential where systemd
// puts it.
func TestSystemdConfiguration(t *testing.T) {
	service := parseUnit(t, text(t, "deploy/cleengate.service"))["Service"]
	start := strings.Fields(service["ExecStart"][0])
	if len(start) != 4 || start[1] != "serve" || start[2] != "--config" || start[3] != "/etc/cleengate/cleengate.yaml" {
		t.Fatalf("ExecStart=%q", start)
	}
	credentials := t.TempDir()
	for _, load := range service["LoadCredential"] {
		id, file, ok := strings.Cut(load, ":")
		if !ok || !strings.HasPrefix(file, "/etc/cleengate/") {
			t.Errorf("LoadCredential=%s", load)
		}
		secret(t, credentials, id, "key-of-the-publisher\n", 0o400)
	}
	var env []string
	for _, e := range service["Environment"] {
		env = append(env, strings.ReplaceAll(e, "%d", credentials))
	}
	cfg, err := config.Load(config.Options{File: root + "/deploy/cleengate.yaml", Env: env})
	if err != nil {
		t.Fatal(err)
	}
	if w := cfg.Warnings(); len(w) != 0 {
		t.Errorf("it warns: %q", w)
	}
	if len(cfg.Credentials["publisher"].Tokens) != 1 {
		t.Error("the publisher key is not used")
	}
	state := "/var/lib/" + service["StateDirectory"][0]
	getenv := func(name string) string { return map[string]string{"STATE_DIRECTORY": state}[name] }
	if dir, ok := cfg.StateDirectory(getenv); !ok || dir != state {
		t.Errorf("state is kept in %q (%t), want %s", dir, ok, state)
	}
}
