package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"
)

// CacheStat is the state of the cache at a scrape.
type CacheStat struct {
	Bytes     int64
	Entries   int64
	Evictions int64 // entries dropped for room so far
}

// CacheMetrics are the families of the cache and of joined flights.
type CacheMetrics struct {
	registry *prometheus.Registry
	lookups  *prometheus.CounterVec
	known    map[string]prometheus.Counter // of lookups, by result; never changed
	joined   prometheus.Counter
}

// Cache returns the families of the cache. The first call registers them.
func (m *Metrics) Cache() *CacheMetrics { return m.cache() }

func (m *Metrics) newCache() *CacheMetrics {
	c := &CacheMetrics{
		registry: m.registry,
		lookups:  m.counter("cache_lookups_total", "Lookups in the cache, by how they ended.", "result"),
		known:    make(map[string]prometheus.Counter),
		joined:   m.plainCounter("flights_joined_total", "Calls that shared the upstream call of an identical one."),
	}
	for _, result := range lookupResults {
		c.known[result] = c.lookups.WithLabelValues(result)
	}
	return c
}

// Lookup counts a lookup: hit, stale, revalidated, miss or bypass.
func (c *CacheMetrics) Lookup(result string) {
	counter := c.known[result]
	if counter == nil {
		counter = c.lookups.WithLabelValues(labelOther)
	}
	counter.Inc()
}

// Joined counts a call that shared another's upstream call.
func (c *CacheMetrics) Joined() { c.joined.Inc() }

// Register adds the families that are read from stat at each scrape. stat is
// called concurrently. Call Register once.
func (c *CacheMetrics) Register(stat func() CacheStat) {
	bytes := describe("cache_bytes", "Memory that stored answers take.")
	entries := describe("cache_entries", "Stored answers.")
	evictions := describe("cache_evictions_total", "Stored answers dropped to make room.")
	c.registry.MustRegister(&scrape{
		descs: []*prometheus.Desc{bytes, entries, evictions},
		collect: func(emit func(*prometheus.Desc, prometheus.ValueType, float64, ...string)) {
			s := stat()
			emit(bytes, prometheus.GaugeValue, float64(s.Bytes))
			emit(entries, prometheus.GaugeValue, float64(s.Entries))
			emit(evictions, prometheus.CounterValue, float64(s.Evictions))
		},
	})
}
