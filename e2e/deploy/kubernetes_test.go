package deploy

import (
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/cleengate/cleengate/internal/config"
)

func TestSidecar(t *testing.T) {
	_, workload, c := manifest(t)
	d := parseDockerfile(text(t, "Dockerfile"))
	if c.RestartPolicy != "Always" {
		t.Errorf("restartPolicy %q: without Always the pod would wait for cleengate to end", c.RestartPolicy)
	}
	health, err := d.command("HEALTHCHECK")
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]probe{"startup": c.StartupProbe, "readiness": c.ReadinessProbe, "liveness": c.LivenessProbe} {
		if !slices.Equal(p.Exec.Command, health) {
			t.Errorf("the %s probe runs %q, the image has %q", name, p.Exec.Command, health)
		}
	}
	s := c.SecurityContext
	if !s.RunAsNonRoot || !s.ReadOnlyRootFilesystem || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || !slices.Equal(s.Capabilities.Drop, []string{"ALL"}) {
		t.Errorf("the security context is too wide: %+v", s)
	}
	p := workload.Template.Spec
	if p.AutomountServiceAccountToken == nil || *p.AutomountServiceAccountToken || p.SecurityContext.SeccompProfile.Type != "RuntimeDefault" || !p.SecurityContext.RunAsNonRoot {
		t.Errorf("the pod may do more than it needs: %+v", p)
	}
	if user, _, _ := strings.Cut(d.last("USER"), ":"); user != strconv.Itoa(s.RunAsUser) || user != strconv.Itoa(p.SecurityContext.FSGroup) {
		t.Errorf("runAsUser %d and fsGroup %d, but the image is for %s", s.RunAsUser, p.SecurityContext.FSGroup, user)
	}
	for key, value := range workload.Selector.MatchLabels {
		if workload.Template.Metadata.Labels[key] != value {
			t.Errorf("the selector %s=%s does not match the pod", key, value)
		}
	}
}

// TestSidecarVolumes: every mount has its volume, what must not change is read
// only, and a secret can be rotated.
func TestSidecarVolumes(t *testing.T) {
	objects, workload, c := manifest(t)
	for _, m := range c.VolumeMounts {
		if m.SubPath != "" {
			t.Errorf("%s is mounted by subPath, so that it never changes", m.MountPath)
		}
		found := false
		for _, v := range workload.Template.Spec.Volumes {
			if v.Name != m.Name {
				continue
			}
			found = true
			if (v.ConfigMap.Name != "" || v.Secret.SecretName != "") && !m.ReadOnly {
				t.Errorf("%s can be written", m.MountPath)
			}
			if v.ConfigMap.Name != "" && v.ConfigMap.Name != objects["ConfigMap"].Metadata.Name {
				t.Errorf("there is no ConfigMap %s", v.ConfigMap.Name)
			}
			if v.Secret.SecretName != "" && v.Secret.DefaultMode != 0o440 {
				t.Errorf("the mode of the secret is %o, want 440", v.Secret.DefaultMode)
			}
		}
		if !found {
			t.Errorf("%s has no volume %s", m.MountPath, m.Name)
		}
	}
}

// sidecarEnvironment lays the mounts out in a directory and returns the
// container's variables with paths of there.
func sidecarEnvironment(t *testing.T) []string {
	t.Helper()
	objects, _, c := manifest(t)
	dir := t.TempDir()
	env := parseDockerfile(text(t, "Dockerfile")).all("ENV")
	for _, e := range c.Env {
		value := e.Value
		for _, m := range c.VolumeMounts {
			if strings.HasPrefix(value, m.MountPath) {
				value = dir + value
				break
			}
		}
		env = append(env, e.Name+"="+value)
	}
	for _, m := range c.VolumeMounts {
		for name, content := range objects["ConfigMap"].Data {
			if m.Name == "config" {
				write(t, dir, m.MountPath+"/"+name, strings.ReplaceAll(content, "/etc/cleengate/secrets/", dir+"/etc/cleengate/secrets/"))
			}
		}
		switch m.Name {
		case "cleeng":
			secret(t, dir, m.MountPath+"/publisher_token", "key-of-the-publisher\n", 0o440)
		case "state":
			if err := os.MkdirAll(dir+m.MountPath, 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
	return env
}

func TestSidecarConfiguration(t *testing.T) {
	_, _, c := manifest(t)
	cfg, err := config.Load(config.Options{Env: sidecarEnvironment(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range cfg.Warnings() {
		// A secret belongs to root there, and is read by the group of fsGroup.
		if !strings.Contains(w, "(mode 0440)") {
			t.Errorf("it warns: %s", w)
		}
	}
	if len(cfg.Credentials["publisher"].Tokens) != 1 {
		t.Error("the publisher key is not used")
	}
	if cfg.Listen != config.Default().Listen || cfg.Admin.Listen != config.Default().Admin.Listen {
		t.Errorf("it listens on %s and %s; want loopback", cfg.Listen, cfg.Admin.Listen)
	}
	if cfg.StateDir == "" || cfg.StateDir == "none" {
		t.Errorf("state_dir is %q: the mounted directory is not used", cfg.StateDir)
	}
	if want := "0.0.0.0:" + strconv.Itoa(c.Ports[0].ContainerPort); cfg.Admin.MetricsListen != want {
		t.Errorf("metrics_listen is %s, the port of the container is %s", cfg.Admin.MetricsListen, want)
	}
}

// TestSidecarOnlyReads runs the configuration in front of a simulator.
func TestSidecarOnlyReads(t *testing.T) {
	upstream := simulated(t)
	g := serve(t, append(append(toSimulator(upstream), sidecarEnvironment(t)...), "CLEENGATE_ADMIN_METRICS_LISTEN=127.0.0.1:0",
		"CLEENGATE_LISTEN=127.0.0.1:0", "CLEENGATE_ADMIN_LISTEN=127.0.0.1:0"))
	metrics := g.after(t, "metrics listens on ")

	for _, path := range []string{"/3.1/offers", "/customers/1"} {
		if _, body := call(t, http.MethodGet, g.url+path); strings.Contains(body, "not_allowed") {
			t.Errorf("GET %s is refused: %s", path, body)
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			if status, body := call(t, method, g.url+path); status != http.StatusForbidden || !strings.Contains(body, "not_allowed") {
				t.Errorf("%s %s passes: %d %s", method, path, status, body)
			}
		}
	}
	if status, _ := call(t, http.MethodPost, g.url+"/3.0/json-rpc"); status != http.StatusForbidden {
		t.Errorf("POST /3.0/json-rpc: %d", status)
	}
	for path, want := range map[string]int{"/readyz": 200, "/metrics": 200, "/api/v1/status": 404} {
		if status, _ := call(t, http.MethodGet, metrics+path); status != want {
			t.Errorf("GET %s of metrics_listen: %d, want %d", path, status, want)
		}
	}
}

func TestNetworkPolicy(t *testing.T) {
	objects, workload, c := manifest(t)
	var policy struct {
		PodSelector struct {
			MatchLabels map[string]string `yaml:"matchLabels"`
		} `yaml:"podSelector"`
		PolicyTypes []string `yaml:"policyTypes"`
		Ingress     []struct {
			From  []yaml.Node
			Ports []struct{ Port string }
		}
		Egress []struct {
			Ports []struct{ Port int }
		}
	}
	spec := objects["NetworkPolicy"].Spec
	if err := spec.Decode(&policy); err != nil {
		t.Fatal(err)
	}
	for key, value := range policy.PodSelector.MatchLabels {
		if workload.Template.Metadata.Labels[key] != value {
			t.Errorf("%s=%s does not select the pod", key, value)
		}
	}
	if !slices.Equal(policy.PolicyTypes, []string{"Ingress", "Egress"}) || len(policy.Ingress) == 0 {
		t.Fatalf("it does not hold both ways: %+v", policy)
	}
	for _, rule := range policy.Ingress {
		for _, p := range rule.Ports {
			if p.Port == c.Ports[0].Name && len(rule.From) == 0 {
				t.Error("the metrics are open to everyone")
			}
		}
		if len(rule.Ports) == 0 {
			t.Error("all ports are open")
		}
	}
	var egress []int
	for _, rule := range policy.Egress {
		for _, p := range rule.Ports {
			egress = append(egress, p.Port)
		}
	}
	if !slices.Equal(egress, []int{53, 53, 443}) {
		t.Errorf("the pod may call the ports %v; want DNS and HTTPS", egress)
	}
}
