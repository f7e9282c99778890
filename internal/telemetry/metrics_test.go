package telemetry

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func exercise(m *Metrics) {
	m.Request("core", "/3.1/offers", "GET", 200, "upstream", time.Millisecond)
	m.Attempt("core", 200, "first", time.Millisecond)
	m.Attempt("core", 0, "retry", time.Millisecond)
	m.Shielded(Kind429)
	m.Surfaced(Kind401, "credential_invalid")
	m.Retried("503")
	m.RetryBudgetExhausted()
	m.GuardRefused("host_refused")
	m.Observed("retry")
	m.Reloaded(true, time.Now())
	m.StateDirWritable(true)
}

func TestMetricsAreClean(t *testing.T) {
	m := NewMetrics("v1")
	exercise(m)
	problems, err := testutil.GatherAndLint(m.Registry())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, namespace) {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

func TestSeriesStayBounded(t *testing.T) {
	m := NewMetrics("v1")
	before, err := testutil.GatherAndCount(m.Registry(), "cleengate_requests_total")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		m.Request("", "", fmt.Sprintf("M%d", i), 1000+i, "self", 0)
	}
	after, err := testutil.GatherAndCount(m.Registry(), "cleengate_requests_total")
	if err != nil || after != before+1 {
		t.Errorf("odd methods and codes made %d series (%v), want one", after-before, err)
	}
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	m := NewMetrics("v1")
	exercise(m)
	if n := testing.AllocsPerRun(1000, func() {
		m.Request("core", "/3.1/offers", "GET", 200, "upstream", time.Millisecond)
		m.Attempt("core", 200, "first", time.Millisecond)
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
