package simulator

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// entitlement is the access of one customer to one offer, derived from
// subscriptions and passes. Access decides; expiry may lie in the past during a
// grace period at Cleeng, which this simulator does not have.
type entitlement struct {
	offerID string
	granted bool
	expires time.Time
	kind    string
}

func (e entitlement) expiresAt() any {
	if e.expires.IsZero() {
		return nil
	}
	return e.expires.Unix()
}

// entitlement takes the latest expiry if there are several.
func (w *world) entitlement(customerID int, offerID string, now time.Time) entitlement {
	e := entitlement{offerID: offerID}
	consider := func(until time.Time, live bool, kind string) {
		if until.After(e.expires) {
			e.expires, e.kind = until, kind
		}
		e.granted = e.granted || live && until.After(now)
	}
	for _, s := range w.subs {
		if s.customerID == customerID && shortID(s.offerID) == shortID(offerID) {
			consider(s.to, s.status == "active" || s.status == "stopped", "subscription")
		}
	}
	for _, p := range w.passes {
		if p.customerID == customerID && shortID(p.offerID) == shortID(offerID) {
			consider(p.expires, p.status == "active", "pass")
		}
	}
	return e
}

func (w *world) entitlements(customerID int, now time.Time) []entitlement {
	var list []entitlement
	for _, o := range w.offers {
		if e := w.entitlement(customerID, o.id, now); !e.expires.IsZero() {
			list = append(list, e)
		}
	}
	return list
}

// sortedKeys makes lists from maps come in a fixed order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// subsOf lists the subscriptions of a customer, or all under 0, by id.
func (w *world) subsOf(customerID int) []*subscription {
	var list []*subscription
	for _, id := range sortedKeys(w.subs) {
		if s := w.subs[id]; customerID == 0 || s.customerID == customerID {
			list = append(list, s)
		}
	}
	return list
}

func (w *world) passesOf(customerID int) []*pass {
	var list []*pass
	for _, id := range sortedKeys(w.passes) {
		if p := w.passes[id]; customerID == 0 || p.customerID == customerID {
			list = append(list, p)
		}
	}
	return list
}

// detailsOf lists the payment details of a customer, or all under 0, by id.
func (w *world) detailsOf(customerID int) []*paymentDetail {
	var list []*paymentDetail
	for _, id := range sortedKeys(w.details) {
		if d := w.details[id]; customerID == 0 || d.customerID == customerID {
			list = append(list, d)
		}
	}
	return list
}

// after gives the end of one more period of an offer.
func (o *offer) after(t time.Time) time.Time {
	switch o.period {
	case "week":
		return t.AddDate(0, 0, 7)
	case "month":
		return t.AddDate(0, 1, 0)
	case "year":
		return t.AddDate(1, 0, 0)
	case "season":
		return t.AddDate(0, 9, 0)
	default:
		return t.Add(max(o.duration, time.Hour))
	}
}
