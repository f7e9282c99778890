package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Reloaded tells how a load of the configuration at this time ended.
func (m *Metrics) Reloaded(ok bool, now time.Time) {
	setBool(m.reloadGood, ok)
	if ok {
		m.reloadAt.Set(unixSeconds(now))
	}
}

// ConfigWarnings tells how many warnings the configuration in force has.
func (m *Metrics) ConfigWarnings(n int) { m.warnings.Set(float64(n)) }

// StateDirWritable tells whether the state directory can be written. Without a
// call, as where nothing is kept, the family is not there.
func (m *Metrics) StateDirWritable(ok bool) { setBool(m.stateDirWritable(), ok) }

func setBool(g prometheus.Gauge, ok bool) { g.Set(boolean(ok)) }

func boolean(ok bool) float64 {
	if ok {
		return 1
	}
	return 0
}

// RegisterLog adds the family of lines that a log dropped. Call it once.
func (m *Metrics) RegisterLog(dropped func() int64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Namespace: namespace, Name: "log_dropped_lines_total", Help: "Log lines lost because their sink was slow, full or broken.",
	}, func() float64 { return float64(dropped()) }))
}

// RegisterJournal adds the family of the journal's size. Call it once.
func (m *Metrics) RegisterJournal(bytes func() int64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "journal_bytes", Help: "Memory that recorded exchanges take.",
	}, func() float64 { return float64(bytes()) }))
}
