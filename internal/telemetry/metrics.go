package telemetry

import (
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const namespace = "cleengate"

// Ceilings of series. The catalogue times methods and codes stays far below;
// they hold even if a label were fed from outside by mistake.
const (
	maxRequestSeries  = 4000
	maxAttemptSeries  = 1000
	maxUpstreamSeries = 200
)

// Metrics are the families of cleengate. Names and labels are a contract with
// dashboards and alerts; see the README. All methods are safe for concurrent
// use and do not block; those that are called for each request do not
// allocate.
type Metrics struct {
	registry *prometheus.Registry

	requests        *children[requestKey, requestSeries]
	attempts        *children[attemptKey, attemptSeries]
	shielded        *prometheus.CounterVec
	surfaced        *prometheus.CounterVec
	retries         *prometheus.CounterVec
	budgetExhausted prometheus.Counter
	guardRefused    *prometheus.CounterVec
	observed        *prometheus.CounterVec

	reloadGood       prometheus.Gauge
	reloadAt         prometheus.Gauge
	warnings         prometheus.Gauge
	stateDirWritable func() prometheus.Gauge

	limits      func() *LimitMetrics
	cache       func() *CacheMetrics
	credentials func() *CredentialMetrics
}

// NewMetrics makes a registry of its own with the families of every running
// cleengate, those of the Go runtime and of the process. version is the value
// of the label of cleengate_build_info.
func NewMetrics(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.newRequests()
	m.newAttempts()
	m.shielded = m.counter("shielded_total", "Final answers of the upstream of this kind that the app was spared.", "kind")
	m.surfaced = m.counter("surfaced_total", "Answers of this kind that the app got, or that ended in a refusal of ours.", "kind", "diagnosis")
	m.retries = m.counter("retries_total", "Calls sent again after a failure, by cause.", "reason")
	m.budgetExhausted = m.plainCounter("retry_budget_exhausted_total", "Repeats that the retry budget forbade.")
	m.guardRefused = m.counter("guard_refused_total", "Requests refused before routing, by reason.", "reason")
	m.observed = m.counter("observed_total", "What mode observe would have done.", "action")
	m.reloadGood = m.gauge("config_last_reload_successful", "Whether the last load of the configuration succeeded.")
	m.reloadAt = m.gauge("config_last_reload_success_timestamp_seconds", "When the configuration was last loaded successfully.")
	m.warnings = m.gauge("config_warnings", "Warnings about the configuration in force.")
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info", Help: "Version of the running cleengate."}, []string{"version", "goversion"})
	info.WithLabelValues(version, runtime.Version()).Set(1)
	m.registry.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	touch(m.shielded, shieldKinds)
	touch(m.retries, retryReasons)
	touch(m.guardRefused, guardReasons)
	touch(m.observed, observeds)
	for kind, set := range diagnoses {
		for _, d := range set {
			m.surfaced.WithLabelValues(kind, d)
		}
	}
	m.reloadGood.Set(1)
	m.stateDirWritable = sync.OnceValue(func() prometheus.Gauge {
		return m.gauge("state_dir_writable", "Whether the state directory can be written. Without it what was learned is lost at a restart.")
	})
	m.limits = sync.OnceValue(m.newLimits)
	m.cache = sync.OnceValue(m.newCache)
	m.credentials = sync.OnceValue(m.newCredentials)
	return m
}

// Registry is where the families are registered.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

const (
	maxScrapes    = 8
	scrapeTimeout = 10 * time.Second
)

// Handler serves GET /metrics, as OpenMetrics where the scraper asks for it.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		Registry: m.registry, EnableOpenMetrics: true, MaxRequestsInFlight: maxScrapes, Timeout: scrapeTimeout,
	})
}

// Kinds of answers that an app is shielded from.
const (
	Kind401 = "401"
	Kind429 = "429"
	Kind5xx = "5xx"
)

// Shielded counts an upstream's answer of this kind that the app was spared.
func (m *Metrics) Shielded(kind string) { m.shielded.WithLabelValues(shieldKinds.fold(kind)).Inc() }

// Surfaced counts an answer of this kind that the app got, with its diagnosis,
// or that a refusal of ours ended, with the code of that refusal.
func (m *Metrics) Surfaced(kind, diagnosis string) {
	m.surfaced.WithLabelValues(shieldKinds.fold(kind), foldDiagnosis(kind, diagnosis)).Inc()
}

// Retried counts a repeat by its cause: connect, broken, timeout or the status.
func (m *Metrics) Retried(cause string) { m.retries.WithLabelValues(retryReasons.fold(cause)).Inc() }

// RetryBudgetExhausted counts a repeat that the budget forbade.
func (m *Metrics) RetryBudgetExhausted() { m.budgetExhausted.Inc() }

// GuardRefused counts a refusal by the code of its answer.
func (m *Metrics) GuardRefused(code string) {
	m.guardRefused.WithLabelValues(guardReasons.fold(code)).Inc()
}

// Observed counts what mode observe left undone: delay, refuse, retry, replay,
// renew, hit or join.
func (m *Metrics) Observed(action string) {
	m.observed.WithLabelValues(observeds.fold(action)).Inc()
}
