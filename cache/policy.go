package cache

import (
	"net/http"

	"github.com/cleengate/cleengate/cache/rfc9111"
	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/config"
)

// Rules are what an operator says about lifetimes. They are immutable; the zero
// value leaves everything to the catalogue.
type Rules struct {
	rules        []config.CacheRule
	entitlements bool
}

// NewRules takes them from a validated configuration.
func NewRules(cfg config.Cache) *Rules {
	return &Rules{rules: cfg.Rules, entitlements: cfg.Entitlements}
}

// policy is how answers of one endpoint are treated.
type policy struct {
	rfc9111.Policy
	never       bool // neither stored nor shared
	checks      bool // the vendor counts these calls
	conditional bool // an ETag comes only with a conditional request
}

// policyOf finds the lifetimes of a call: those of the first rule that matches,
// else the catalogue's. A lifetime is explicit permission to store answers to
// authorised requests (RFC 9111 section 3.5), since the identity is in the key.
func (r *Rules) policyOf(ep *cleeng.Endpoint, method, path string) policy {
	p := policy{conditional: ep.Cache.Conditional, checks: ep.Cache.OptIn}
	p.TTL, p.Stale, p.Negative = ep.Cache.TTL, ep.Cache.Stale, ep.Cache.Negative
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if r != nil {
		for i := range r.rules {
			if rule := &r.rules[i]; rule.Match.Match(method, path) {
				p.TTL, p.Stale = rule.TTL, rule.Stale
				p.never = rule.TTL == 0
				break
			}
		}
	}
	if p.checks && (r == nil || !r.entitlements) {
		p.never = true
	}
	p.Permits = p.TTL > 0
	return p
}
