package cleeng_test

import (
	"slices"
	"testing"

	"github.com/cleengate/cleengate/internal/cleeng"
)

func TestShortOfferID(t *testing.T) {
	for id, want := range map[string]string{
		"S123456789_US": "S123456789", "S123456789": "S123456789", "A1_pl": "A1", "": "", "_US": "_US", "S1_": "S1_",
		"S1_USA": "S1_USA", "S1_U1": "S1_U1", "S1_US_PL": "S1_US", "S1_U": "S1_U",
	} {
		if got := cleeng.ShortOfferID(id); got != want {
			t.Errorf("ShortOfferID(%q) = %q, want %q", id, got, want)
		}
	}
}

type exchange struct {
	surface      cleeng.Surface
	method, path string
	names        map[string]string // what else the request shows
	private      bool              // made with a customer's own credential
}

func (x exchange) tags(t *testing.T, write bool) []string {
	t.Helper()
	e, p := cleeng.Match(x.surface, x.method, x.path)
	if e == nil {
		t.Fatalf("%s %s is not in the catalogue", x.method, x.path)
	}
	get := func(name string) string { return x.names[name] }
	if write {
		return e.AppendStales(nil, p, get, x.private)
	}
	tags := e.AppendTags(nil, p, get)
	if x.private {
		tags = append(tags, cleeng.TagCredential) // as a cache does
	}
	return tags
}

// Which write makes which read stale (Cleeng's endpoints change more than the
// resource at their own path).
func TestWritesMakeReadsStale(t *testing.T) {
	id := map[string]string{"customerId": "7"}
	ms := func(method, path string, names map[string]string) exchange {
		return exchange{cleeng.SurfaceMediaStore, method, path, names, true}
	}
	core := func(method, path string, names map[string]string) exchange {
		return exchange{cleeng.SurfaceCore, method, path, names, false}
	}
	rpc := func(name string, names map[string]string, private bool) exchange {
		return exchange{cleeng.SurfaceRPC, "POST", "/3.0/json-rpc#" + name, names, private}
	}
	for _, c := range []struct {
		name  string
		write exchange
		drops []exchange
		keeps []exchange
	}{
		{
			"an offer, by its long id", core("PATCH", "/3.1/offers/S1_US", nil),
			[]exchange{
				core("GET", "/3.1/offers/S1", nil), core("GET", "/3.1/offers/S1_PL", nil), core("GET", "/3.1/offers", nil),
				core("GET", "/3.1/offers/season-groups", nil), core("GET", "/3.1/offers/season-groups/9", nil),
				ms("GET", "/offers/S1_US", nil), ms("GET", "/v2/offers/%531", nil), ms("GET", "/offers", nil),
				rpc("getSubscriptionOffer", map[string]string{"offerId": "S1_US"}, false), rpc("listSubscriptionOffers", nil, false),
			},
			[]exchange{core("GET", "/3.1/offers/S2", nil), ms("GET", "/customers/7", nil), rpc("getPassOffer", map[string]string{"offerId": "P1"}, false)},
		},
		{
			"an offer that the call does not show", rpc("updateMultiCurrencyPassOffer", nil, false),
			[]exchange{core("GET", "/3.1/offers/S2", nil), ms("GET", "/offers", nil)},
			[]exchange{ms("GET", "/customers/7", nil)},
		},
		{
			"a new offer", core("POST", "/3.1/offers", nil),
			[]exchange{core("GET", "/3.1/offers", nil), ms("GET", "/offers", nil)},
			[]exchange{core("GET", "/3.1/offers/S2", nil)},
		},
		{
			"a customer, from the backend", core("PATCH", "/3.1/customers/7", nil),
			[]exchange{
				core("GET", "/3.1/customers/7", nil), ms("GET", "/customers/7", nil), ms("GET", "/customers/7/consents", nil),
				ms("GET", "/customers/7/transactions", nil), ms("GET", "/entitlements/S1", id),
				// One of unknown customers may be this one.
				rpc("getCustomer", nil, true), ms("GET", "/entitlements/S1", nil),
			},
			[]exchange{core("GET", "/3.1/customers/8", nil), ms("GET", "/customers/8/consents", nil), ms("GET", "/offers", nil)},
		},
		{
			"consents", ms("PUT", "/customers/7/consents", nil),
			[]exchange{ms("GET", "/customers/7/consents", nil), ms("GET", "/customers/7/capture/status", nil)},
			[]exchange{ms("GET", "/customers/7", nil), ms("GET", "/customers/7/subscriptions", nil), ms("GET", "/customers/8/consents", nil)},
		},
		{
			"a payment of a customer known by an accepted token", ms("POST", "/payments", id),
			[]exchange{
				ms("GET", "/entitlements/S1", id), ms("GET", "/customers/7/subscriptions", nil), ms("GET", "/customers/7/offers", nil),
				ms("GET", "/customers/7/transactions", nil), ms("GET", "/offers/S1/customers/a%40b.example", id),
				core("GET", "/3.1/entitlements/customer_id/7/offer_id/S1", nil), core("GET", "/3.1/subscriptions", id),
				core("GET", "/3.1/subscriptions/55", nil),
			},
			[]exchange{ms("GET", "/customers/8/subscriptions", nil), ms("GET", "/customers/7/consents", nil), core("GET", "/3.1/offers", nil)},
		},
		{
			"a payment of a customer who is not known", ms("POST", "/payments", nil),
			[]exchange{ms("GET", "/entitlements/S1", nil), ms("GET", "/customers/7/offers", nil)}, // of the same credential
			[]exchange{core("GET", "/3.1/customers/8", nil), core("GET", "/3.1/entitlements/customer_id/7/offer_id/S1", nil)},
		},
		{
			"a subscription from the backend, without its customer", core("POST", "/3.1/subscriptions/55/cancel", nil),
			[]exchange{
				core("GET", "/3.1/subscriptions/55", nil), core("GET", "/3.1/entitlements/customer_id/7/offer_id/S1", nil),
				ms("GET", "/entitlements/S1", id), rpc("getAccessStatus", nil, true),
			},
			[]exchange{core("GET", "/3.1/customers/7", nil), core("GET", "/3.1/offers/S1", nil)},
		},
		{
			"a subscription registered by e-mail", rpc("registerSubscription", map[string]string{"customerEmail": "a@b.example"}, false),
			[]exchange{ms("GET", "/entitlements/S1", id), core("GET", "/3.1/passes", nil), rpc("listCustomerSubscriptions", nil, false)},
			[]exchange{ms("GET", "/customers/7/consents", nil)},
		},
		{
			"a transfer names one of two customers", core("POST", "/3.1/passes/5/transfer", id),
			[]exchange{core("GET", "/3.1/passes/5", nil), ms("GET", "/customers/8/subscriptions", nil)},
			[]exchange{core("GET", "/3.1/offers/S1", nil)},
		},
		{
			"an e-mail address", rpc("updateCustomerEmail", nil, false),
			[]exchange{core("GET", "/3.1/customers/7", nil), ms("GET", "/customers/8/consents", nil), rpc("getCustomer", nil, true)},
			[]exchange{core("GET", "/3.1/offers/S1", nil)},
		},
	} {
		stales := c.write.tags(t, true)
		for _, read := range c.drops {
			if !intersect(stales, read.tags(t, false)) {
				t.Errorf("%s: %s %s is kept: %v and %v", c.name, read.method, read.path, stales, read.tags(t, false))
			}
		}
		for _, read := range c.keeps {
			if intersect(stales, read.tags(t, false)) {
				t.Errorf("%s: %s %s is dropped: %v and %v", c.name, read.method, read.path, stales, read.tags(t, false))
			}
		}
	}
}

func intersect(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

func TestUnknownWritesDropTheirCredential(t *testing.T) {
	for _, e := range []*cleeng.Endpoint{cleeng.Other(cleeng.SurfaceCore, "POST"), cleeng.RPCMethod("doSomething")} {
		if got := e.AppendStales(nil, cleeng.Params{}, nil, false); !slices.Equal(got, []string{cleeng.TagCredential}) {
			t.Errorf("%s makes stale %v", e.Template, got)
		}
	}
	if got := cleeng.Other(cleeng.SurfaceCore, "GET").AppendStales(nil, cleeng.Params{}, nil, false); got != nil {
		t.Errorf("an unknown GET makes stale %v", got)
	}
}

// Names that could be mistaken for those of others, or are too long to keep,
// count as unknown.
func TestTagsRefuseUnfitIDs(t *testing.T) {
	e, _ := cleeng.Match(cleeng.SurfaceCore, "GET", "/3.1/customers/7")
	for _, id := range []string{"?", "", string(make([]byte, 129))} {
		got := e.AppendTags(nil, cleeng.Params{}, func(string) string { return id })
		if !slices.Equal(got, []string{"customers", "customer:?"}) {
			t.Errorf("id of %d bytes: %q", len(id), got)
		}
	}
}
