package deploy

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/telemetry"
)

type ruleFile struct {
	Groups []struct {
		Name  string
		Rules []rule
	}
}

type rule struct {
	Record, Alert, Expr, For string
	Labels, Annotations      map[string]string
}

func rules(t *testing.T) []rule {
	t.Helper()
	var all []rule
	for _, g := range one[ruleFile](t, "deploy/rules.yaml").Groups {
		all = append(all, g.Rules...)
	}
	return all
}

func TestRules(t *testing.T) {
	promtool := tool(t, "promtool", "prometheus")
	execute(t, "", promtool, "check", "rules", "--lint=all", "--lint-fatal", root+"/deploy/rules.yaml")
	execute(t, "", promtool, "test", "rules", root+"/deploy/rules_test.yaml")
}

func TestAlertsAreComplete(t *testing.T) {
	runbook := text(t, "deploy/README.md")
	for _, r := range rules(t) {
		if r.Record != "" {
			if strings.Count(r.Record, ":") != 2 || !strings.HasPrefix(r.Record, "instance") {
				t.Errorf("%s is not named LEVEL:METRIC:OPERATIONS", r.Record)
			}
			continue
		}
		if !regexp.MustCompile(`^Cleengate[A-Z]\w+$`).MatchString(r.Alert) || r.For == "" {
			t.Errorf("alert %q for %q", r.Alert, r.For)
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
			t.Errorf("%s has the severity %q", r.Alert, r.Labels["severity"])
		}
		if s := r.Annotations["summary"]; !strings.HasSuffix(s, ".") || strings.Contains(s, "{{") {
			t.Errorf("%s: the summary is no constant sentence: %q", r.Alert, s)
		}
		if r.Annotations["description"] == "" || !strings.Contains(runbook, "\n### "+r.Alert+"\n") ||
			!strings.HasSuffix(r.Annotations["runbook_url"], "/deploy/README.md#"+strings.ToLower(r.Alert)) {
			t.Errorf("%s does not lead to a section of deploy/README.md: %q", r.Alert, r.Annotations)
		}
	}
}

// TestEveryAlertIsTested: each is seen firing once, with its annotations, and
// quiet in the healthy case.
func TestEveryAlertIsTested(t *testing.T) {
	type expectation struct {
		EvalTime  string `yaml:"eval_time"`
		Alertname string
		ExpAlerts []struct {
			ExpLabels      map[string]string `yaml:"exp_labels"`
			ExpAnnotations map[string]string `yaml:"exp_annotations"`
		} `yaml:"exp_alerts"`
	}
	type testFile struct {
		RuleFiles          []string `yaml:"rule_files"`
		EvaluationInterval string   `yaml:"evaluation_interval"`
		Tests              []struct {
			Name, Interval string
			InputSeries    []struct{ Series, Values string } `yaml:"input_series"`
			AlertRuleTest  []expectation                     `yaml:"alert_rule_test"`
			PromQLExprTest []struct {
				Expr       string
				EvalTime   string `yaml:"eval_time"`
				ExpSamples []struct {
					Labels string
					Value  float64
				} `yaml:"exp_samples"`
			} `yaml:"promql_expr_test"`
		}
	}
	quiet, firing, queried := map[string]bool{}, map[string]bool{}, ""
	for _, c := range one[testFile](t, "deploy/rules_test.yaml").Tests {
		for _, e := range c.AlertRuleTest {
			if len(e.ExpAlerts) > 0 {
				firing[e.Alertname] = true
			} else if c.Name == "healthy" {
				quiet[e.Alertname] = true
			}
		}
		for _, e := range c.PromQLExprTest {
			queried += e.Expr + "\n"
		}
	}
	for _, r := range rules(t) {
		if r.Alert != "" && (!quiet[r.Alert] || !firing[r.Alert]) {
			t.Errorf("%s is tested quiet: %t, firing: %t", r.Alert, quiet[r.Alert], firing[r.Alert])
		}
		if r.Record != "" && !strings.Contains(queried, r.Record) {
			t.Errorf("%s is not tested", r.Record)
		}
	}
}

// TestRulesNameRealSeries: a rule over a family or label that does not exist
// would stay quiet for ever.
func TestRulesNameRealSeries(t *testing.T) {
	known := families(t)
	name := regexp.MustCompile(`\b(?:instance\w*:)?cleengate_\w+(?::\w+)?(\{[^}]*\})?`)
	label := regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)\s*"`)
	var recorded []string
	for _, r := range rules(t) {
		for _, m := range name.FindAllStringSubmatch(r.Expr, -1) {
			family, _, _ := strings.Cut(m[0], "{")
			if slices.Contains(recorded, family) {
				continue
			}
			labels, ok := known[strings.TrimSuffix(family, "_bucket")]
			if !ok {
				t.Errorf("%s%s: there is no metric %s", r.Record, r.Alert, family)
			}
			for _, l := range label.FindAllStringSubmatch(m[1], -1) {
				if l[1] != "job" && !slices.Contains(labels, l[1]) {
					t.Errorf("%s%s: %s has no label %s", r.Record, r.Alert, family, l[1])
				}
			}
		}
		if r.Record != "" {
			recorded = append(recorded, r.Record)
		}
	}
}

// families are all that telemetry can expose, with the labels of each.
func families(t *testing.T) map[string][]string {
	t.Helper()
	m := telemetry.NewMetrics("test")
	m.Request("core", "/3.1/offers", "GET", 200, "upstream", 0)
	m.Attempt("core", 200, "first", 0)
	m.StateDirWritable(true)
	limits := m.Limits()
	limits.Waited("publisher", 0)
	limits.Register(func() []telemetry.LimitStat {
		return []telemetry.LimitStat{{Name: "publisher", Source: "learned"}}
	})
	m.Cache()
	credentials := m.Credentials()
	credentials.Touch("service")
	credentials.Register(func() []telemetry.CredentialStat {
		return []telemetry.CredentialStat{{Name: "service", Valid: true}}
	})
	gathered, err := m.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string][]string{}
	for _, f := range gathered {
		for _, s := range f.GetMetric() {
			for _, l := range s.GetLabel() {
				known[f.GetName()] = append(known[f.GetName()], l.GetName())
			}
		}
		if _, ok := known[f.GetName()]; !ok {
			known[f.GetName()] = nil
		}
	}
	return known
}
