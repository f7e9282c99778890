package deploy

import (
	"net"
	"net/http"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/config"
)

// composeFile has the keys of a compose file that ours use.
type composeFile struct {
	Name     string
	Services map[string]composeService
	Secrets  map[string]struct{ File string }
}

type composeService struct {
	Build, Image    string
	Environment     map[string]string
	Secrets         []string
	Ports           []string
	ReadOnly        bool     `yaml:"read_only"`
	CapDrop         []string `yaml:"cap_drop"`
	SecurityOpt     []string `yaml:"security_opt"`
	PidsLimit       int      `yaml:"pids_limit"`
	MemLimit        string   `yaml:"mem_limit"`
	Restart         string
	StopGracePeriod string `yaml:"stop_grace_period"`
	NetworkMode     string `yaml:"network_mode"`
	DependsOn       map[string]struct {
		Condition string
		Restart   bool
	} `yaml:"depends_on"`
}

var composeFiles = []string{"deploy/compose.yaml", "deploy/compose-token.yaml"}

// settings are the variables of a service that cleengate reads, with those of
// the image below them and the secrets in dir.
func (s composeService) settings(t *testing.T, dir string) []string {
	t.Helper()
	env := parseDockerfile(text(t, "Dockerfile")).all("ENV")
	for name, value := range s.Environment {
		if file, ok := strings.CutPrefix(value, "/run/secrets/"); ok {
			value = secret(t, dir, file, "secret-of-"+strings.ReplaceAll(file, "_", "-"), 0o400)
		}
		env = append(env, name+"="+value)
	}
	return env
}

func TestComposeIsConfined(t *testing.T) {
	for _, name := range composeFiles {
		t.Run(path.Base(name), func(t *testing.T) {
			file := one[composeFile](t, name)
			s := file.Services["cleengate"]
			if !s.ReadOnly || len(s.CapDrop) != 1 || s.CapDrop[0] != "ALL" || len(s.SecurityOpt) != 1 || s.SecurityOpt[0] != "no-new-privileges:true" {
				t.Errorf("cleengate may do more than it needs: %+v", s)
			}
			if s.PidsLimit == 0 || s.MemLimit == "" || s.Restart == "" {
				t.Errorf("cleengate is not bounded: %+v", s)
			}
			if _, err := os.Stat(root + "/deploy/" + s.Build + "/Dockerfile"); err != nil {
				t.Error(err)
			}
			for _, port := range s.Ports {
				if host, _, _ := strings.Cut(port, ":"); net.ParseIP(host) == nil || !net.ParseIP(host).IsLoopback() {
					t.Errorf("port %s is published to other machines", port)
				}
			}
			for variable, value := range s.Environment {
				name, ok := strings.CutPrefix(value, "/run/secrets/")
				if ok && file.Secrets[name].File == "" {
					t.Errorf("%s: there is no secret %s", variable, name)
				}
			}
			for _, name := range s.Secrets {
				if !strings.HasPrefix(file.Secrets[name].File, "../secrets/") {
					t.Errorf("secret %s: its file is %q", name, file.Secrets[name].File)
				}
			}
			if c := file.Services["app"].DependsOn["cleengate"].Condition; c != "service_healthy" {
				t.Errorf("the app waits for %q", c)
			}
		})
	}
}

// TestComposeConfiguration loads what a container would load.
func TestComposeConfiguration(t *testing.T) {
	for _, name := range composeFiles {
		t.Run(path.Base(name), func(t *testing.T) {
			s := one[composeFile](t, name).Services["cleengate"]
			cfg, err := config.Load(config.Options{Env: s.settings(t, t.TempDir())})
			if err != nil {
				t.Fatal(err)
			}
			if w := cfg.Warnings(); len(w) != 0 {
				t.Errorf("it warns: %q", w)
			}
			if len(cfg.Credentials["publisher"].Tokens) != 1 {
				t.Error("the publisher key is not used")
			}
			host, _, err := net.SplitHostPort(cfg.Listen)
			if err != nil {
				t.Fatal(err)
			}
			if !net.ParseIP(host).IsLoopback() && cfg.Guard.ClientToken.IsZero() {
				t.Errorf("it listens on %s without a client token", cfg.Listen)
			}
		})
	}
}

func TestComposeSharesOneNamespace(t *testing.T) {
	file := one[composeFile](t, "deploy/compose.yaml")
	app := file.Services["app"]
	if app.NetworkMode != "service:cleengate" || !app.DependsOn["cleengate"].Restart {
		t.Errorf("the app does not live and end in the namespace of cleengate: %+v", app)
	}
	if got, want := app.Environment["CLEENG_BASE_URL"], "http://"+config.Default().Listen; got != want {
		t.Errorf("the app calls %s, cleengate listens on %s", got, want)
	}
}

// TestComposeTokenIsAskedFor runs the variant on a free port and calls it as
// another container would: by its service name.
func TestComposeTokenIsAskedFor(t *testing.T) {
	file := one[composeFile](t, "deploy/compose-token.yaml")
	s := file.Services["cleengate"]
	if len(s.Ports) != 1 || !strings.HasSuffix(s.Ports[0], ":8401") || !strings.HasSuffix(s.Environment["CLEENGATE_LISTEN"], ":8401") {
		t.Errorf("the published ports %v do not match %s", s.Ports, s.Environment["CLEENGATE_LISTEN"])
	}
	// The address alone differs: a test stays on this machine.
	env := append(toSimulator(simulated(t)), s.settings(t, t.TempDir())...)
	g := serve(t, append(env, "CLEENGATE_LISTEN=127.0.0.1:0", "CLEENGATE_ADMIN_METRICS_LISTEN="))

	template := file.Services["app"].Environment["CLEENG_BASE_URL"]
	base := regexp.MustCompile(`\$\{CLEENGATE_TOKEN:\?[^}]*\}`).ReplaceAllString(template, "secret-of-client-token")
	path, ok := strings.CutPrefix(base, "http://cleengate:8401")
	if !ok {
		t.Fatalf("the app calls %s", base)
	}
	for _, c := range []struct {
		path, host string
		refused    bool
	}{
		{path, "cleengate:8401", false},
		{"", "cleengate:8401", true},
		{path, "other.example", true},
		{"/-/wrong", "cleengate:8401", true},
	} {
		status, body := call(t, http.MethodGet, g.url+c.path+"/3.1/offers", "Host", c.host)
		if refused := status == http.StatusForbidden && strings.Contains(body, `"code":`); refused != c.refused {
			t.Errorf("GET %s/3.1/offers at %s: %d %s", c.path, c.host, status, body)
		}
	}
}
