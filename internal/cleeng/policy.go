package cleeng

import "time"

// Lifetimes by kind of data. Cleeng advises caching offers, customer data and
// entitlements and gives no figures; these are this project's judgement, and
// an operator overrides them by rule.
var (
	policyOffer          = Policy{TTL: 2 * time.Minute, Stale: 10 * time.Minute, Negative: 10 * time.Second}
	policyOfferValidator = Policy{TTL: 2 * time.Minute, Stale: 10 * time.Minute, Negative: 10 * time.Second, Conditional: true}
	policyOfferList      = Policy{TTL: 2 * time.Minute, Stale: 10 * time.Minute}
	policySeasonGroups   = Policy{TTL: 5 * time.Minute, Stale: 30 * time.Minute}
	policyDefinition     = Policy{TTL: 10 * time.Minute, Stale: time.Hour}
	policyMethods        = Policy{TTL: 2 * time.Minute, Stale: 10 * time.Minute}
	policyProfile        = Policy{TTL: 30 * time.Second, Stale: time.Minute}
	policyConsents       = Policy{TTL: 30 * time.Second, Stale: time.Minute}
	policyPurchases      = Policy{TTL: 15 * time.Second, Stale: time.Minute}
	policyTransactions   = Policy{TTL: 30 * time.Second, Stale: time.Minute}
	// Entitlements change in real time and decide on access, so a stale one is
	// never served.
	policyEntitlements = Policy{TTL: 10 * time.Second, OptIn: true}
)
