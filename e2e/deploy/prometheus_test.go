package deploy

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/simulator"
)

const scrapeLimit = 30 * time.Second

// scrapeFile has the keys of a Prometheus configuration that ours uses.
type scrapeFile struct {
	Global struct {
		ScrapeInterval     string `yaml:"scrape_interval"`
		EvaluationInterval string `yaml:"evaluation_interval"`
	}
	RuleFiles     []string    `yaml:"rule_files"`
	ScrapeConfigs []scrapeJob `yaml:"scrape_configs"`
}

type scrapeJob struct {
	JobName       string         `yaml:"job_name"`
	MetricsPath   string         `yaml:"metrics_path"`
	ScrapeTimeout string         `yaml:"scrape_timeout"`
	SampleLimit   int            `yaml:"sample_limit"`
	StaticConfigs []staticConfig `yaml:"static_configs"`
}

type staticConfig struct{ Targets []string }

func TestScrapeConfiguration(t *testing.T) {
	file := one[scrapeFile](t, "deploy/prometheus.yaml")
	job := file.ScrapeConfigs[0]
	if got, want := job.StaticConfigs[0].Targets[0], config.Default().Admin.Listen; got != want {
		t.Errorf("it scrapes %s, the admin listener is %s", got, want)
	}
	promtool := tool(t, "promtool", "prometheus")
	execute(t, "", promtool, "check", "config", root+"/deploy/prometheus.yaml")
}

// TestPrometheusScrapes: a real Prometheus with the shipped configuration, of
// which only address and intervals differ, scrapes the real binary under
// traffic, and answers with the series.
func TestPrometheusScrapes(t *testing.T) {
	prometheus, promtool := tool(t, "prometheus", "prometheus"), tool(t, "promtool", "prometheus")
	g := serve(t, append(toSimulator(simulated(t)), "CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS="+simulator.PublisherKey))
	const calls = 7
	for range calls {
		if status, body := call(t, http.MethodGet, g.url+"/3.1/offers/"+simulator.MonthlyOfferID, "Cache-Control", "no-store"); status != http.StatusOK {
			t.Fatalf("GET through cleengate: %d %s", status, body)
		}
	}
	call(t, http.MethodGet, g.url+"/3.1/offers", "Host", "evil.example")

	status, metrics := call(t, http.MethodGet, g.admin+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("GET /metrics: %d", status)
	}
	if out := execute(t, metrics, promtool, "check", "metrics"); strings.TrimSpace(out) != "" {
		t.Errorf("promtool check metrics:\n%s", out)
	}

	api := startPrometheus(t, prometheus, strings.TrimPrefix(g.admin, "http://"))
	for query, want := range map[string]string{
		`up{job="cleengate"}`: "1",
		`sum(cleengate_requests_total{job="cleengate",upstream="core",method="GET",code="200"})`: "7",
		`sum(cleengate_request_duration_seconds_count{upstream="core"})`:                         "7",
		`sum(cleengate_upstream_attempts_total{upstream="core",code="200",reason="first"})`:      "7",
		`cleengate_guard_refused_total{reason="host_refused"}`:                                   "1",
		`cleengate_config_last_reload_successful`:                                                "1",
		`count(cleengate_build_info)`:                                                            "1",
		`count(instance:cleengate_requests:rate5m)`:                                              "1",
		`count(instance_kind:cleengate_shielded:rate5m)`:                                         "3",
		`count(scrape_samples_scraped{job="cleengate"} < 2000)`:                                  "1",
	} {
		api.expect(t, query, want)
	}
	api.rulesAreHealthy(t)
}

type prometheusAPI struct{ url string }

// startPrometheus runs one with the shipped configuration towards target.
func startPrometheus(t *testing.T, program, target string) prometheusAPI {
	t.Helper()
	file := one[scrapeFile](t, "deploy/prometheus.yaml")
	file.Global.ScrapeInterval, file.Global.EvaluationInterval = "1s", "1s"
	file.ScrapeConfigs[0].ScrapeTimeout = "1s"
	file.ScrapeConfigs[0].StaticConfigs[0].Targets = []string{target}
	content, err := yaml.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, rules := range file.RuleFiles {
		write(t, dir, rules, text(t, "deploy/"+rules))
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program,
		"--config.file="+write(t, dir, "prometheus.yaml", string(content)), "--storage.tsdb.path="+dir+"/data",
		"--web.listen-address=127.0.0.1:0")
	p := start(t, cmd)
	return prometheusAPI{url: "http://" + p.after(t, `msg="Listening on" address=`)}
}

func (a prometheusAPI) get(t *testing.T, path string, data any) bool {
	t.Helper()
	status, body := call(t, http.MethodGet, a.url+path)
	if status == http.StatusServiceUnavailable {
		return false // it is still starting
	}
	answer := struct {
		Status string
		Error  string
		Data   any
	}{Data: data}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Status != "success" {
		t.Fatalf("GET %s: %d %s (%v)", path, status, body, err)
	}
	return true
}

// poll asks until done or the limit.
func poll(t *testing.T, done func() bool) bool {
	t.Helper()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	limit := time.NewTimer(scrapeLimit)
	defer limit.Stop()
	for !done() {
		select {
		case <-ticker.C:
		case <-limit.C:
			return false
		}
	}
	return true
}

// expect polls until the query has one sample of this value.
func (a prometheusAPI) expect(t *testing.T, query, want string) {
	t.Helper()
	var got []any
	ok := poll(t, func() bool {
		var data struct {
			Result []struct{ Value [2]any }
		}
		if !a.get(t, "/api/v1/query?query="+url.QueryEscape(query), &data) {
			return false
		}
		got = got[:0]
		for _, r := range data.Result {
			got = append(got, r.Value[1])
		}
		return len(got) == 1 && got[0] == want
	})
	if !ok {
		t.Fatalf("%s is %v, want %s", query, got, want)
	}
}

// rulesAreHealthy polls until every shipped rule was evaluated without error.
func (a prometheusAPI) rulesAreHealthy(t *testing.T) {
	t.Helper()
	var sick []string
	evaluated := 0
	ok := poll(t, func() bool {
		var data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
		if !a.get(t, "/api/v1/rules", &data) {
			return false
		}
		sick, evaluated = nil, 0
		for _, g := range data.Groups {
			for _, r := range g.Rules {
				evaluated++
				if r.Health != "ok" {
					sick = append(sick, r.Name+" "+r.Health+" "+r.LastError)
				}
			}
		}
		return evaluated > 0 && len(sick) == 0
	})
	if !ok {
		t.Errorf("of %d rules, not healthy: %q", evaluated, sick)
	}
}
