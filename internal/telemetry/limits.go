package telemetry

import (
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// LimitStat is the state of one bucket at a scrape. Several buckets may share
// one limit's name, one for each credential; they are reported together.
type LimitStat struct {
	Name        string
	Depth       int              // calls that wait
	Rate        float64          // calls a second that may leave
	Source      string           // of the rate: configured, header or learned
	Remaining   *int64           // of the upstream's limit; nil where it is not known
	PausedUntil time.Time        // end of the latest pause; zero if there was none
	Rejected    map[string]int64 // refusals so far, by the code of the answer
}

// LimitMetrics are the families of the limiter.
type LimitMetrics struct {
	registry *prometheus.Registry
	waits    *children[string, *timing]
}

// Limits returns the families of the limiter. The first call registers them.
func (m *Metrics) Limits() *LimitMetrics { return m.limits() }

func (m *Metrics) newLimits() *LimitMetrics {
	seconds := m.timings("queue_wait_seconds", "Time that calls waited for their turn.", "limit")
	return &LimitMetrics{
		registry: m.registry,
		waits: newChildren(maxUpstreamSeries, byLength, func(limit string) *timing { return seconds.of(limit) },
			func(string) string { return labelOther }),
	}
}

// Waited counts a call that left, by the name of its limit and how long it
// waited.
func (l *LimitMetrics) Waited(limit string, wait time.Duration) {
	l.waits.get(or(limit, labelNone)).observe(wait)
}

// Register adds the families that are read from stats at each scrape. stats
// is called concurrently. Call Register once.
func (l *LimitMetrics) Register(stats func() []LimitStat) {
	depth := describe("queue_depth", "Calls that wait for their turn.", "limit")
	rejected := describe("queue_rejected_total", "Calls refused because their turn would come too late, by reason.", "limit", "reason")
	rate := describe("limit_rate", "Calls a second that may leave, by where the figure is from.", "limit", "source")
	remaining := describe("limit_remaining", "Calls that the upstream still allows in the running window, as far as it says.", "limit")
	paused := describe("limit_paused_until_timestamp_seconds", "When the latest pause of the limit ends or ended. 0: there was none.", "limit")
	l.registry.MustRegister(&scrape{
		descs: []*prometheus.Desc{depth, rejected, rate, remaining, paused},
		collect: func(emit func(*prometheus.Desc, prometheus.ValueType, float64, ...string)) {
			for _, s := range mergeLimits(stats()) {
				emit(depth, prometheus.GaugeValue, float64(s.Depth), s.Name)
				for source, r := range s.rates {
					emit(rate, prometheus.GaugeValue, r, s.Name, source)
				}
				if s.Remaining != nil {
					emit(remaining, prometheus.GaugeValue, float64(*s.Remaining), s.Name)
				}
				emit(paused, prometheus.GaugeValue, unixSeconds(s.PausedUntil), s.Name)
				for reason, n := range s.Rejected {
					emit(rejected, prometheus.CounterValue, float64(n), s.Name, reason)
				}
			}
		},
	})
}

// mergedLimit is one limit over all of its buckets.
type mergedLimit struct {
	LimitStat
	rates map[string]float64 // by source
}

// mergeLimits adds up the buckets of each limit. Every reason is there, with 0
// where nothing was refused.
func mergeLimits(stats []LimitStat) []mergedLimit {
	var out []mergedLimit
	for _, s := range stats {
		i := slices.IndexFunc(out, func(m mergedLimit) bool { return m.Name == s.Name })
		if i < 0 {
			i = len(out)
			rejected := make(map[string]int64)
			for _, r := range queueReasons {
				rejected[r] = 0
			}
			out = append(out, mergedLimit{LimitStat: LimitStat{Name: s.Name, Rejected: rejected}, rates: make(map[string]float64)})
		}
		m := &out[i]
		m.Depth += s.Depth
		m.rates[rateSources.fold(s.Source)] += s.Rate
		if s.Remaining != nil {
			sum := *s.Remaining
			if m.Remaining != nil {
				sum += *m.Remaining
			}
			m.Remaining = &sum
		}
		if s.PausedUntil.After(m.PausedUntil) {
			m.PausedUntil = s.PausedUntil
		}
		for reason, n := range s.Rejected {
			m.Rejected[queueReasons.fold(reason)] += n
		}
	}
	slices.SortFunc(out, func(a, b mergedLimit) int { return strings.Compare(a.Name, b.Name) })
	return out
}
