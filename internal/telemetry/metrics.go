// Package telemetry is what an operator sees of cleengate from outside: its
// Prometheus metrics and its log.
package telemetry

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const namespace = "cleengate"

// Metrics are the families that count traffic. Names are a contract with
// dashboards; see the README. All methods are safe for concurrent use and do
// not block.
type Metrics struct {
	registry *prometheus.Registry

	requests         *prometheus.CounterVec
	requestSeconds   *prometheus.HistogramVec
	upstreamSeconds  *prometheus.HistogramVec
	attempts         *prometheus.CounterVec
	shielded         *prometheus.CounterVec
	surfaced         *prometheus.CounterVec
	retries          *prometheus.CounterVec
	budgetExhausted  prometheus.Counter
	guardRefused     *prometheus.CounterVec
	observed         *prometheus.CounterVec
	reloadGood       prometheus.Gauge
	reloadAt         prometheus.Gauge
	stateDirWritable prometheus.Gauge
}

// NewMetrics makes and registers the families, with the series that are known
// beforehand at zero, so that an alert on a rate sees the first increase.
func NewMetrics(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.requests = m.counter("requests_total", "Requests answered, by what answered them. Code 499: the caller left first.", "upstream", "endpoint", "method", "code", "source")
	m.requestSeconds = m.histogram("request_duration_seconds", "Time from a request's arrival to the end of its answer.", callBuckets, "upstream", "source")
	m.upstreamSeconds = m.histogram("upstream_duration_seconds", "Time from sending a call to the header of its answer.", callBuckets, "upstream")
	m.attempts = m.counter("upstream_attempts_total", "Calls sent upstream, by status and why they were sent. Code 0: no answer came.", "upstream", "code", "reason")
	m.shielded = m.counter("shielded_total", "Final answers of the upstream of this kind that the app was spared.", "kind")
	m.surfaced = m.counter("surfaced_total", "Answers of this kind that the app got, or that ended in a refusal of ours.", "kind", "diagnosis")
	m.retries = m.counter("retries_total", "Calls sent again after a failure, by cause.", "reason")
	m.budgetExhausted = m.plainCounter("retry_budget_exhausted_total", "Repeats that the retry budget forbade.")
	m.guardRefused = m.counter("guard_refused_total", "Requests refused before routing, by reason.", "reason")
	m.observed = m.counter("observed_total", "What mode observe would have done.", "action")
	m.reloadGood = m.gauge("config_last_reload_successful", "Whether the last reload of the configuration succeeded.")
	m.reloadAt = m.gauge("config_last_reload_success_timestamp_seconds", "When the configuration was last loaded successfully.")
	m.stateDirWritable = m.gauge("state_dir_writable", "Whether the state directory can be written. Without it what was learned is lost at a restart.")
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info", Help: "Version of the running cleengate."}, []string{"version", "goversion"})
	info.WithLabelValues(version, runtime.Version()).Set(1)
	m.registry.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.touch()
	return m
}

// touch creates the series of closed sets.
func (m *Metrics) touch() {
	for _, kind := range shieldKinds {
		m.shielded.WithLabelValues(kind)
	}
	for _, reason := range []string{"host_refused", "origin_refused", "client_unauthenticated", "not_allowed", "body_too_large"} {
		m.guardRefused.WithLabelValues(reason)
	}
	for _, reason := range []string{"connect", "broken", "timeout", "500", "502", "503", "504"} {
		m.retries.WithLabelValues(reason)
	}
	m.reloadGood.Set(1)
}

// Registry is where the families of other rooms are registered.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Handler serves GET /metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		Registry: m.registry, EnableOpenMetrics: true, MaxRequestsInFlight: 8, Timeout: 10 * time.Second,
	})
}

// Request counts one answered request.
func (m *Metrics) Request(upstream, endpoint, method string, status int, source string, took time.Duration) {
	upstream = orNone(upstream)
	m.requests.WithLabelValues(upstream, orOther(endpoint), methodLabel(method), codeLabel(status), source).Inc()
	m.requestSeconds.WithLabelValues(upstream, source).Observe(took.Seconds())
}

// Attempt counts one call sent upstream; status 0 means that no answer came.
func (m *Metrics) Attempt(upstream string, status int, reason string, took time.Duration) {
	m.attempts.WithLabelValues(orNone(upstream), codeLabel(status), reason).Inc()
	if status != 0 {
		m.upstreamSeconds.WithLabelValues(orNone(upstream)).Observe(took.Seconds())
	}
}

// Kinds of answers that an app is shielded from.
const (
	Kind401 = "401"
	Kind429 = "429"
	Kind5xx = "5xx"
)

var shieldKinds = []string{Kind401, Kind429, Kind5xx}

// Shielded counts an upstream's answer of this kind that the app was spared.
func (m *Metrics) Shielded(kind string) { m.shielded.WithLabelValues(kind).Inc() }

// Surfaced counts an answer of this kind that the app got.
func (m *Metrics) Surfaced(kind, diagnosis string) {
	m.surfaced.WithLabelValues(kind, orNone(diagnosis)).Inc()
}

// Retried counts a repeat by its cause.
func (m *Metrics) Retried(cause string) { m.retries.WithLabelValues(cause).Inc() }

// RetryBudgetExhausted counts a repeat that the budget forbade.
func (m *Metrics) RetryBudgetExhausted() { m.budgetExhausted.Inc() }

// GuardRefused counts a refusal by the code of its answer.
func (m *Metrics) GuardRefused(code string) { m.guardRefused.WithLabelValues(code).Inc() }

// Observed counts what mode observe left undone.
func (m *Metrics) Observed(action string) { m.observed.WithLabelValues(action).Inc() }

// Reloaded tells how a load of the configuration at this time ended.
func (m *Metrics) Reloaded(ok bool, now time.Time) {
	if !ok {
		m.reloadGood.Set(0)
		return
	}
	m.reloadGood.Set(1)
	m.reloadAt.Set(float64(now.UnixMilli()) / 1000)
}

// StateDirWritable tells whether the state directory can be written.
func (m *Metrics) StateDirWritable(ok bool) {
	if ok {
		m.stateDirWritable.Set(1)
	} else {
		m.stateDirWritable.Set(0)
	}
}
