package telemetry

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// timings is a family of histograms that each call observes. A histogram is spread
// over memory, and to a call that comes alone all of it is new to the processor, so
// that most of the cost is waiting. Each series therefore holds a few observations
// back, in order, and takes them in together; a scrape finds all of them.
type timings struct {
	*prometheus.HistogramVec

	mu     sync.Mutex // guards series
	series map[prometheus.Observer]*timing
}

func (m *Metrics) timings(name, help string, labels ...string) *timings {
	t := &timings{HistogramVec: newHistogram(name, help, labels...), series: make(map[prometheus.Observer]*timing)}
	m.registry.MustRegister(t)
	return t
}

// of returns the series with these labels; it is made when it is first asked for.
func (t *timings) of(labels ...string) *timing {
	into := t.WithLabelValues(labels...)
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.series[into]
	if s == nil {
		s = &timing{into: into}
		t.series[into] = s
	}
	return s
}

// Collect implements [prometheus.Collector].
func (t *timings) Collect(ch chan<- prometheus.Metric) {
	t.mu.Lock()
	for _, s := range t.series {
		s.settle()
	}
	t.mu.Unlock()
	t.HistogramVec.Collect(ch)
}

// heldTimings is how many observations a series holds back.
const heldTimings = 128

// timing is one series.
type timing struct {
	into prometheus.Observer

	mu   sync.Mutex // guards what follows
	n    int
	held [heldTimings]time.Duration
}

func (s *timing) observe(took time.Duration) {
	s.mu.Lock()
	s.held[s.n] = took
	if s.n++; s.n == len(s.held) {
		s.flush()
	}
	s.mu.Unlock()
}

// settle takes in what is held back.
func (s *timing) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flush()
}

func (s *timing) flush() {
	for _, took := range s.held[:s.n] {
		s.into.Observe(took.Seconds())
	}
	s.n = 0
}
