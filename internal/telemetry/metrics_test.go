package telemetry

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// everything makes all families and gives each a series.
func everything() *Metrics {
	m := NewMetrics("v1")
	m.Request("core", "/3.1/offers", "GET", 200, "upstream", time.Millisecond)
	m.Attempt("core", 200, "first", time.Millisecond)
	m.Attempt("core", 0, "retry", time.Millisecond)
	m.RetryBudgetExhausted()
	m.Reloaded(true, time.Now())
	m.ConfigWarnings(1)
	m.StateDirWritable(true)
	m.RegisterLog(func() int64 { return 3 })
	m.RegisterJournal(func() int64 { return 4 })
	m.Limits().Waited("publisher", time.Second)
	m.Limits().Register(func() []LimitStat {
		return []LimitStat{{Name: "publisher", Source: "learned", Remaining: new(int64(5)), PausedUntil: time.Unix(6, 0)}}
	})
	m.Cache().Joined()
	m.Cache().Register(func() CacheStat { return CacheStat{Bytes: 7, Entries: 8, Evictions: 9} })
	m.Credentials().Touch("service")
	m.Credentials().Register(func() []CredentialStat {
		return []CredentialStat{{Name: "service", Valid: true, Expires: time.Unix(10, 0)}, {Name: "publisher"}, {Name: "publisher"}}
	})
	return m
}

func TestMetricsAreClean(t *testing.T) {
	problems, err := testutil.GatherAndLint(everything().Registry())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// contract lists the families and their labels that dashboards rely on.
var contract = map[string]string{
	"requests_total": "code,endpoint,method,source,upstream", "request_duration_seconds": "source,upstream", "queue_wait_seconds": "limit",
	"upstream_duration_seconds": "upstream", "upstream_attempts_total": "code,reason,upstream", "shielded_total": "kind",
	"surfaced_total": "diagnosis,kind", "queue_depth": "limit", "queue_rejected_total": "limit,reason", "limit_rate": "limit,source",
	"limit_remaining": "limit", "limit_paused_until_timestamp_seconds": "limit", "cache_lookups_total": "result", "cache_bytes": "",
	"cache_entries": "", "cache_evictions_total": "", "flights_joined_total": "", "credential_renewals_total": "credential,outcome",
	"credential_expiry_timestamp_seconds": "credential", "credential_valid": "credential", "retries_total": "reason",
	"retry_budget_exhausted_total": "", "journal_bytes": "", "guard_refused_total": "reason", "observed_total": "action",
	"config_last_reload_successful": "", "config_last_reload_success_timestamp_seconds": "", "build_info": "goversion,version",
	"state_dir_writable": "", "config_warnings": "", "log_dropped_lines_total": "",
}

func TestFamiliesKeepTheContract(t *testing.T) {
	families, err := everything().Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, f := range families {
		name, ours := strings.CutPrefix(f.GetName(), namespace+"_")
		if !ours {
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		got[name] = strings.Join(labels, ",")
		if f.GetHelp() == "" {
			t.Errorf("%s has no help", name)
		}
	}
	for name, labels := range contract {
		if l, ok := got[name]; !ok || l != labels {
			t.Errorf("%s has labels %q (there: %v), want %q", name, l, ok, labels)
		}
	}
	for name := range got {
		if _, ok := contract[name]; !ok {
			t.Errorf("%s is not in the contract", name)
		}
	}
}

func TestPartsAreThereOnlyWhenAskedFor(t *testing.T) {
	families, err := NewMetrics("v1").Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, part := range []string{"cache", "flights", "limit", "queue", "credential", "journal", "state_dir"} {
			if strings.HasPrefix(f.GetName(), namespace+"_"+part) {
				t.Errorf("%s is there before its part", f.GetName())
			}
		}
	}
}

func TestKnownSeriesStartAtZero(t *testing.T) {
	m := NewMetrics("v1")
	m.Cache()
	for name, want := range map[string]int{
		"shielded_total": 3, "surfaced_total": 16, "guard_refused_total": len(guardReasons), "retries_total": len(retryReasons),
		"observed_total": len(observeds), "cache_lookups_total": len(lookupResults), "flights_joined_total": 1,
	} {
		if got, err := testutil.GatherAndCount(m.Registry(), namespace+"_"+name); err != nil || got != want {
			t.Errorf("%s begins with %d series (%v), want %d", name, got, err, want)
		}
	}
}

func TestSeriesStayBounded(t *testing.T) {
	m := everything()
	for i := range 20_000 {
		odd := fmt.Sprintf("x%d", i)
		m.Request("core", "/3.1/offers", odd, i, odd, 0)
		m.Request(odd, odd, "GET", i%1000, "upstream", 0)
		m.Attempt(odd, i%1000, odd, 0)
		m.Attempt(odd, 200, "first", time.Second)
		m.Shielded(odd)
		m.Surfaced(odd, odd)
		m.Surfaced(Kind401, odd)
		m.Retried(odd)
		m.GuardRefused(odd)
		m.Observed(odd)
		m.Limits().Waited(odd, 0)
		m.Cache().Lookup(odd)
		m.Credentials().Renewed("service", odd)
		m.Credentials().Renewed(odd, "renewed")
	}
	for name, ceiling := range map[string]int{
		"requests_total": maxRequestSeries + 200, "request_duration_seconds": (maxUpstreamSeries + 1) * 5, "upstream_attempts_total": maxAttemptSeries + 50,
		"upstream_duration_seconds": maxAttemptSeries + 1, "shielded_total": 4, "surfaced_total": 18, "retries_total": len(retryReasons) + 1,
		"guard_refused_total": len(guardReasons) + 1, "observed_total": len(observeds) + 1, "queue_wait_seconds": maxUpstreamSeries + 1,
		"cache_lookups_total": len(lookupResults) + 1, "credential_renewals_total": maxAttemptSeries + 10,
	} {
		got, err := testutil.GatherAndCount(m.Registry(), namespace+"_"+name)
		if err != nil || got > ceiling {
			t.Errorf("%s has %d series (%v), want at most %d", name, got, err, ceiling)
		}
	}
}

func TestRequestLabels(t *testing.T) {
	m := NewMetrics("v1")
	for _, r := range []struct {
		method string
		status int
		source string
	}{{"GET", 200, "cache"}, {"BREW", 418, "upstream"}, {"get", 299, "flight"}, {"POST", 599, "self"}, {"PUT", 499, "x"}, {"DELETE", 7, "self"}} {
		m.Request("core", "", r.method, r.status, r.source, 0)
	}
	m.Request("", "", "GET", 403, "self", 0)
	want := `
# HELP cleengate_requests_total Requests answered, by what answered them. Code 499: the caller left first.
# TYPE cleengate_requests_total counter
cleengate_requests_total{code="0",endpoint="other",method="DELETE",source="self",upstream="core"} 1
cleengate_requests_total{code="200",endpoint="other",method="GET",source="cache",upstream="core"} 1
cleengate_requests_total{code="200",endpoint="other",method="other",source="flight",upstream="core"} 1
cleengate_requests_total{code="403",endpoint="other",method="GET",source="self",upstream="none"} 1
cleengate_requests_total{code="418",endpoint="other",method="other",source="upstream",upstream="core"} 1
cleengate_requests_total{code="499",endpoint="other",method="PUT",source="other",upstream="core"} 1
cleengate_requests_total{code="500",endpoint="other",method="POST",source="self",upstream="core"} 1
`
	if err := testutil.GatherAndCompare(m.Registry(), strings.NewReader(want), "cleengate_requests_total"); err != nil {
		t.Error(err)
	}
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	m := everything()
	if n := testing.AllocsPerRun(1000, func() {
		m.Request("core", "/3.1/offers", "GET", 200, "upstream", time.Millisecond)
		m.Attempt("core", 200, "first", time.Millisecond)
		m.Limits().Waited("publisher", time.Microsecond)
		m.Cache().Lookup("hit")
		m.Observed("delay")
	}); n > 0 {
		t.Errorf("%v allocations a request, want none", n)
	}
}

func TestReloadGauges(t *testing.T) {
	m := NewMetrics("v1")
	m.Reloaded(true, time.Unix(1000, 0))
	m.Reloaded(false, time.Unix(2000, 0))
	if got := testutil.ToFloat64(m.reloadGood); got != 0 {
		t.Errorf("successful %v, want 0", got)
	}
	if got := testutil.ToFloat64(m.reloadAt); got != 1000 {
		t.Errorf("timestamp %v, want that of the last success", got)
	}
}

func TestHandlerServesBothFormats(t *testing.T) {
	m := everything()
	for accept, want := range map[string]string{
		"text/plain":                   "text/plain",
		"application/openmetrics-text": "application/openmetrics-text",
	} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, r)
		body, err := io.ReadAll(w.Body)
		if err != nil || w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), want) {
			t.Errorf("%s: %d %s, %v", accept, w.Code, w.Header().Get("Content-Type"), err)
		}
		if !strings.Contains(string(body), `cleengate_build_info{goversion="go`) || !strings.Contains(string(body), `version="v1"`) {
			t.Errorf("%s lacks the build information", accept)
		}
	}
}

func BenchmarkRequest(b *testing.B) {
	m := everything()
	b.Run("cached series", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Request("core", "/3.1/offers", "GET", 200, "upstream", time.Millisecond)
		}
	})
	b.Run("reference=WithLabelValues", func(b *testing.B) {
		m := NewMetrics("v1")
		count, seconds := m.counter("bench_total", "x", "upstream", "endpoint", "method", "code", "source"), newHistogram("bench_seconds", "x", "upstream", "source")
		b.ReportAllocs()
		for b.Loop() {
			count.WithLabelValues("core", "/3.1/offers", "GET", "200", "upstream").Inc()
			seconds.WithLabelValues("core", "upstream").Observe(0.001)
		}
	})
}
