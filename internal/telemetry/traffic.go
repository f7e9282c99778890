package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type requestKey struct {
	upstream, endpoint string
	status             uint16
	method, source     uint8 // ordinals
}

func (k requestKey) hash() int {
	return len(k.upstream) + 3*len(k.endpoint) + int(k.status) + 5*int(k.method) + 11*int(k.source)
}

type requestSeries struct {
	count   prometheus.Counter
	seconds *timing
}

func (m *Metrics) newRequests() {
	count := m.counter("requests_total", "Requests answered, by what answered them. Code 499: the caller left first.", "upstream", "endpoint", "method", "code", "source")
	seconds := m.timings("request_duration_seconds", "Time from a request's arrival to the end of its answer.", "upstream", "source")
	upstreams := newChildren(maxUpstreamSeries, byLength, func(name string) string { return name }, func(string) string { return labelOther })
	m.requests = newChildren(maxRequestSeries, requestKey.hash, func(k requestKey) requestSeries {
		upstream := upstreams.get(k.upstream)
		return requestSeries{
			count:   count.WithLabelValues(upstream, k.endpoint, methods.name(k.method), codeLabel(k.status), sources.name(k.source)),
			seconds: seconds.of(upstream, sources.name(k.source)),
		}
	}, func(k requestKey) requestKey {
		return requestKey{upstream: labelOther, endpoint: labelOther, method: k.method, source: k.source, status: classOf(k.status)}
	})
}

// Request counts one answered request. endpoint is a template of the
// catalogue, "" for none that it knows; upstream is "" for a request refused
// before routing; source is upstream, cache, flight or self.
func (m *Metrics) Request(upstream, endpoint, method string, status int, source string, took time.Duration) {
	s := m.requests.get(requestKey{
		upstream: or(upstream, labelNone), endpoint: or(endpoint, labelOther),
		status: foldStatus(status), method: methods.ordinal(method), source: sources.ordinal(source),
	})
	s.count.Inc()
	s.seconds.observe(took)
}

type attemptKey struct {
	upstream string
	status   uint16
	reason   uint8 // ordinal
}

func (k attemptKey) hash() int { return len(k.upstream) + int(k.status) + 5*int(k.reason) }

type attemptSeries struct {
	count   prometheus.Counter
	seconds *timing
}

func (m *Metrics) newAttempts() {
	count := m.counter("upstream_attempts_total", "Calls sent upstream, by status and why they were sent. Code 0: no answer came.", "upstream", "code", "reason")
	seconds := m.timings("upstream_duration_seconds", "Time from sending a call to the header of its answer.", "upstream")
	m.attempts = newChildren(maxAttemptSeries, attemptKey.hash, func(k attemptKey) attemptSeries {
		return attemptSeries{count: count.WithLabelValues(k.upstream, codeLabel(k.status), attemptWhys.name(k.reason)), seconds: seconds.of(k.upstream)}
	}, func(k attemptKey) attemptKey {
		return attemptKey{upstream: labelOther, status: classOf(k.status), reason: k.reason}
	})
}

// Attempt counts one call sent upstream; status 0 means that no answer came,
// and then took is not counted. reason is first, retry, throttled, renewed,
// revalidation or login.
func (m *Metrics) Attempt(upstream string, status int, reason string, took time.Duration) {
	s := m.attempts.get(attemptKey{upstream: or(upstream, labelNone), status: foldStatus(status), reason: attemptWhys.ordinal(reason)})
	s.count.Inc()
	if status != 0 {
		s.seconds.observe(took)
	}
}
