package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// CredentialStat is the state of one configured credential at a scrape.
type CredentialStat struct {
	Name    string
	Valid   bool      // there is a value that was not refused
	Expires time.Time // zero where it does not expire
}

// CredentialMetrics are the families of configured credentials.
type CredentialMetrics struct {
	registry *prometheus.Registry
	renewals *children[renewalKey, prometheus.Counter]
}

type renewalKey struct{ credential, outcome string }

// Credentials returns the families of credentials. The first call registers
// them.
func (m *Metrics) Credentials() *CredentialMetrics { return m.credentials() }

func (m *Metrics) newCredentials() *CredentialMetrics {
	count := m.counter("credential_renewals_total", "Ended attempts to renew a credential, by outcome.", "credential", "outcome")
	return &CredentialMetrics{
		registry: m.registry,
		renewals: newChildren(maxAttemptSeries, func(k renewalKey) int { return byLength(k.credential) }, func(k renewalKey) prometheus.Counter { return count.WithLabelValues(k.credential, k.outcome) },
			func(k renewalKey) renewalKey { return renewalKey{labelOther, k.outcome} }),
	}
}

// Touch creates the series of credentials that can be renewed.
func (c *CredentialMetrics) Touch(names ...string) {
	for _, name := range names {
		for _, outcome := range renewals {
			c.renewals.get(renewalKey{name, outcome})
		}
	}
}

// Renewed counts the end of a renewal: renewed, adopted, or the category of the
// failure.
func (c *CredentialMetrics) Renewed(credential, outcome string) {
	c.renewals.get(renewalKey{or(credential, labelNone), renewals.fold(outcome)}).Inc()
}

// Register adds the families that are read from stats at each scrape. stats
// is called concurrently; names must be unique. Call Register once.
func (c *CredentialMetrics) Register(stats func() []CredentialStat) {
	expiry := describe("credential_expiry_timestamp_seconds", "When the credential's present value expires.", "credential")
	valid := describe("credential_valid", "Whether the credential has a value that was not refused.", "credential")
	c.registry.MustRegister(&scrape{
		descs: []*prometheus.Desc{expiry, valid},
		collect: func(emit func(*prometheus.Desc, prometheus.ValueType, float64, ...string)) {
			seen := make(map[string]bool)
			for _, s := range stats() {
				if seen[s.Name] {
					continue // a duplicate would fail the whole scrape
				}
				seen[s.Name] = true
				emit(valid, prometheus.GaugeValue, boolean(s.Valid), s.Name)
				if !s.Expires.IsZero() {
					emit(expiry, prometheus.GaugeValue, unixSeconds(s.Expires), s.Name)
				}
			}
		},
	})
}
