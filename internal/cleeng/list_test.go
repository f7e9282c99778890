package cleeng

import (
	"net/http"
	"testing"
)

func TestListsThatReplaceSingleReads(t *testing.T) {
	for _, c := range []struct {
		surface      Surface
		method, path string
		wanted       string
	}{
		{SurfaceCore, http.MethodGet, "/3.1/offers/{offerId}", "/3.1/offers"},
		{SurfaceCore, http.MethodGet, "/3.1/offers/season-groups/{groupId}", "/3.1/offers/season-groups"},
		{SurfaceCore, http.MethodGet, "/3.1/entitlements/customer_id/{customerId}/offer_id/{offerId}", "/3.1/entitlements"},
		{SurfaceCore, http.MethodGet, "/3.1/subscriptions/{subscriptionId}", "/3.1/subscriptions"},
		{SurfaceCore, http.MethodGet, "/3.1/passes/{passId}", "/3.1/passes"},
		{SurfaceCore, http.MethodGet, "/3.1/customers/{customerId}", ""},
		{SurfaceCore, http.MethodGet, "/3.1/gifts/{code}/verification", ""},
		{SurfaceCore, http.MethodGet, "/3.1/offers", ""},
		{SurfaceCore, http.MethodGet, "/3.1/offers/season-groups", ""},
		{SurfaceCore, http.MethodPatch, "/3.1/offers/{offerId}", ""},
		{SurfaceMediaStore, http.MethodGet, "/offers/{offerId}", "/offers"},
		{SurfaceMediaStore, http.MethodGet, "/offers/{offerId}/customers/{email}", ""},
		{SurfaceMediaStore, http.MethodGet, "/customers/{customerId}/consents", ""},
		{SurfaceMediaStore, http.MethodGet, "/customers/{customerId}/subscription_switches/{offerId}/availability", ""},
		{SurfaceRPC, http.MethodPost, "/3.0/json-rpc#getSubscriptionOffer", "/3.0/json-rpc#listSubscriptionOffers"},
		{SurfaceRPC, http.MethodPost, "/3.0/json-rpc#getVodOffer", "/3.0/json-rpc#listVodOffers"},
		{SurfaceRPC, http.MethodPost, "/3.0/json-rpc#getCustomer", ""},
		{SurfaceRPC, http.MethodPost, "/3.0/json-rpc#nonsense", ""},
	} {
		e, _ := Match(c.surface, c.method, c.path)
		got := ""
		if l := e.List(); l != nil {
			got = l.Template
			if l.Surface != c.surface || !l.Reads() {
				t.Errorf("%s: its list is %s of %s", c.path, l.Template, l.Surface)
			}
		}
		if got != c.wanted {
			t.Errorf("%s %s: list %q, want %q", c.method, c.path, got, c.wanted)
		}
	}
}
