package simulator_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

const offerPath = "/offers/" + simulator.MonthlyOfferID

func TestETagOnlyIfAsked(t *testing.T) {
	r := start(t, nil)
	if tag := r.core("GET", offerPath, nil).header.Get("ETag"); tag != "" {
		t.Errorf("ETag %s although the request carried no condition", tag)
	}
	a := r.core("GET", offerPath, nil, "If-None-Match", `"none"`)
	a.want(t, 200)
	tag := a.header.Get("ETag")
	if tag == "" {
		t.Fatal("no ETag although asked")
	}
	for name, c := range map[string]struct {
		header, value string
		want          int
	}{
		"same version":       {"If-None-Match", tag, 304},
		"weak, in a list":    {"If-None-Match", `"x", W/` + tag, 304},
		"any":                {"If-None-Match", "*", 304},
		"If-Match same":      {"If-Match", tag, 200},
		"If-Match other":     {"If-Match", `"99"`, 412},
		"If-Match is strong": {"If-Match", "W/" + tag, 412},
	} {
		if a := r.core("GET", offerPath, nil, c.header, c.value); a.status != c.want || a.status == 304 && len(a.body) > 0 {
			t.Errorf("%s: %d, want %d", name, a.status, c.want)
		}
	}
	for etags, want := range map[string]bool{"always": true, "never": false} {
		tune(t, r, func(k *simulator.Knobs) { k.HTTP.ETags = etags })
		if a := r.core("GET", offerPath, nil); (a.header.Get("ETag") != "") != want {
			t.Errorf("etags %s: ETag %q", etags, a.header.Get("ETag"))
		}
	}
}

func TestConditionalWrites(t *testing.T) {
	r := start(t, nil)
	tag := r.core("GET", offerPath, nil, "If-None-Match", `"none"`).header.Get("ETag")
	edit := m{"title": "New title", "price": m{"amount": 11.5}}
	r.core("PATCH", offerPath, edit, "If-Match", `"99"`).want(t, 412)
	changed := r.core("PATCH", offerPath, edit, "If-Match", tag)
	changed.want(t, 200)
	changed.same(t, "New title", "title")
	changed.same(t, 11.5, "price", "amount")
	if changed.header.Get("ETag") == tag {
		t.Error("the version did not move on")
	}
	r.core("PATCH", offerPath, edit).want(t, 204)
	r.core("PATCH", offerPath, edit, "If-Match", tag).want(t, 412)
	r.core("PATCH", offerPath, m{"title": "Forced"}).want(t, 200)
	r.core("POST", offerPath+"/activate", nil).want(t, 204)
	r.core("POST", offerPath+"/deactivate", nil).want(t, 200)
	r.core("GET", "/offers/S100000001", nil).same(t, false, "active")
}

func TestLocalizations(t *testing.T) {
	r := start(t, nil)
	local := m{"countryCode": "PL", "title": "Abonament", "price": m{"amount": 29.99, "currency": "PLN"}}
	r.core("POST", offerPath+"/localizations", local).want(t, 200)
	r.core("POST", offerPath+"/localizations", local).want(t, 422)
	a := r.do("GET", "/offers/"+simulator.MonthlyOfferID+"?customerIP=192.0.2.9", nil)
	a.same(t, "Abonament", "responseData", "offerTitle")
	a.same(t, 29.99, "responseData", "customerPriceExclTax")
	a.same(t, 36.89, "responseData", "customerPriceInclTax")
	r.core("POST", offerPath+"/localizations/PL/deactivate", nil).want(t, 200)
	r.core("POST", offerPath+"/localizations/PL/deactivate", nil).want(t, 204)
	r.core("PATCH", offerPath+"/localizations/XX", m{}).want(t, 404)
}

func TestCoreCredential(t *testing.T) {
	r := start(t, nil)
	for _, key := range []string{simulator.PublisherKey, simulator.SecondPublisherKey} {
		if len(key) != 48 {
			t.Errorf("a key has 48 characters, this one %d", len(key))
		}
		r.do("GET", "/3.1/offers", nil, "X-Publisher-Token", key).want(t, 200)
	}
	for body, want := range map[string]string{
		"message": `{"message":"Invalid or missing publisher token"}`,
		"success": `{"data":null,"message":"Invalid or missing publisher token","success":false}`,
		"empty":   "",
	} {
		tune(t, r, func(k *simulator.Knobs) { k.Credentials.CoreUnauthorizedBody = body })
		a := r.do("GET", "/3.1/offers", nil)
		a.want(t, 401)
		if string(a.body) != want {
			t.Errorf("%s: %s", body, a.body)
		}
	}
	r.do("GET", "/3.1/offers", nil, "Authorization", "Bearer "+r.login().JWT).want(t, 401)
}

func TestKeysComeAndGoAtRunTime(t *testing.T) {
	r := start(t, nil)
	if !r.sim.DeleteKey("first") || r.sim.DeleteKey("first") {
		t.Error("DeleteKey does not tell whether there was such a key")
	}
	r.core("GET", "/offers", nil).want(t, 401)
	key := simulator.Key{Name: "third", Value: "another-key", AllowedIPs: []string{"192.0.2.0/24"}}
	if err := r.sim.AddKey(key); err != nil {
		t.Fatal(err)
	}
	if err := r.sim.AddKey(key); err == nil {
		t.Error("the same key was added twice")
	}
	tune(t, r, func(k *simulator.Knobs) { k.Data.TrustForwardedFor = true })
	from := func(ip string) reply {
		return r.do("GET", "/3.1/offers", nil, "X-Publisher-Token", "another-key", "X-Forwarded-For", ip)
	}
	from("192.0.2.77").want(t, 200)
	from("198.51.100.1").want(t, 401)
	tune(t, r, func(k *simulator.Knobs) { k.Credentials.IPDeniedStatus, k.Credentials.IPDeniedNamesAddress = 403, true })
	denied := from("198.51.100.1")
	denied.want(t, 403)
	denied.same(t, "IP address 198.51.100.1 is not allowed", "message")
}

func TestMissingPermission(t *testing.T) {
	r := start(t, func(k *simulator.Knobs) {
		k.Credentials.Denied = []simulator.Denial{
			{Match: "GET /3.1/subscriptions*", Key: "first", Status: 401},
			{Match: "* /3.1/customers/*"},
		}
	})
	r.core("GET", "/subscriptions", nil).want(t, 401)
	r.do("GET", "/3.1/subscriptions", nil, "X-Publisher-Token", simulator.SecondPublisherKey).want(t, 200)
	r.core("GET", "/customers/100000001", nil).want(t, 403)
	r.core("GET", "/offers", nil).want(t, 200)
}

func TestSubscriptionsPage(t *testing.T) {
	r := start(t, nil)
	for i := range 30 {
		r.core("POST", "/subscriptions", newSubscription(string(rune('A'+i)))).want(t, 201)
	}
	a := r.core("GET", "/subscriptions?status[]=active&status[]=stopped", nil)
	if n := len(a.at(t, "data").([]any)); n != 20 || a.header.Get("X-Total-Count") != "31" {
		t.Errorf("%d items of %s, want 20 of 31", n, a.header.Get("X-Total-Count"))
	}
	a = r.core("GET", "/subscriptions?customerId=100000002&offset=25&limit=100", nil)
	if n := len(a.at(t, "data").([]any)); n != 5 || a.header.Get("X-Total-Count") != "30" {
		t.Errorf("%d items of %s, want 5 of 30", n, a.header.Get("X-Total-Count"))
	}
	bad := r.core("GET", "/subscriptions?limit=101", nil)
	bad.want(t, 400)
	bad.same(t, false, "success")
	empty := r.core("GET", "/subscriptions?customerId=999999999", nil)
	empty.want(t, 200)
	if n := len(empty.at(t, "data").([]any)); n != 0 {
		t.Errorf("%d items for an unknown customer", n)
	}
}

func TestSubscriptionActions(t *testing.T) {
	r := start(t, nil)
	const path = "/subscriptions/400000001"
	for _, c := range []struct {
		action, status string
		want           int
	}{
		{"cancel", "stopped", 200}, {"activate", "active", 200}, {"pause", "paused", 200}, {"resume", "active", 202}, {"terminate", "terminated", 200},
	} {
		a := r.core("POST", path+"/"+c.action, m{})
		a.want(t, c.want)
		a.same(t, c.status, "status")
	}
	r.core("POST", path+"/pause", m{}).want(t, 422)
	missing := r.core("POST", "/subscriptions/1/cancel", m{})
	missing.want(t, 404)
	missing.same(t, nil, "subscription")
}

func TestARepeatedRenewalRenewsTwice(t *testing.T) {
	r := start(t, nil)
	before := r.core("GET", "/subscriptions/400000001", nil).at(t, "dateTo")
	r.core("POST", "/subscriptions/400000001/renew", m{}).want(t, 200)
	once := r.core("GET", "/subscriptions/400000001", nil).at(t, "dateTo")
	r.core("POST", "/subscriptions/400000001/renew", m{}).want(t, 200)
	twice := r.core("GET", "/subscriptions/400000001", nil).at(t, "dateTo")
	if before == once || once == twice {
		t.Errorf("dateTo %v, %v, %v", before, once, twice)
	}
	if d := r.sim.Counters().Writes.DuplicateBodies; len(d) != 1 {
		t.Errorf("duplicate bodies %v", d)
	}
}

func TestEntitlementFollowsTheSubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		const path = "/entitlements/customer_id/100000001/offer_id/S100000001_US"
		r.core("GET", path, nil).same(t, true, "accessGranted")
		r.core("POST", "/subscriptions/400000001/cancel", m{}).want(t, 200)
		r.core("GET", path, nil).same(t, true, "accessGranted") // paid until the end of the period
		time.Sleep(40 * 24 * time.Hour)
		r.core("GET", path, nil).same(t, false, "accessGranted")
		r.core("GET", "/entitlements?customerId=100000001", nil).same(t, "inactive", "data", 0, "status")
	})
}

func TestDeletingACustomerIsRefusedWhileEntitled(t *testing.T) {
	r := start(t, nil)
	r.core("DELETE", "/customers/100000001", nil).want(t, 422)
	r.core("POST", "/subscriptions/400000001/terminate", m{}).want(t, 200)
	jwt := r.login().JWT
	r.core("DELETE", "/customers/100000001", nil).want(t, 204)
	r.as(jwt, "GET", "/customers/100000001", nil).want(t, 401)
	r.do("POST", "/auths", m{"email": simulator.CustomerEmail, "password": simulator.CustomerPassword, "publisherId": simulator.PublisherID}).want(t, 401)
}

func TestPassesPaymentsAndCampaigns(t *testing.T) {
	r := start(t, nil)
	pass := r.core("POST", "/passes", m{"customerId": 100000002, "offerId": simulator.PassOfferID, "externalId": "p1"})
	pass.want(t, 201)
	r.core("GET", "/entitlements/customer_id/100000002/offer_id/"+simulator.PassOfferID, nil).same(t, true, "accessGranted")
	order := r.core("POST", "/orders", m{"customerId": 100000002, "offerId": simulator.EventOfferID})
	order.want(t, 201)
	pay := m{"orderId": order.at(t, "id"), "externalPaymentId": "pay-1"}
	r.core("POST", "/payments", pay).want(t, 201)
	r.core("POST", "/payments", pay).want(t, 201)
	if n := r.sim.CarriedOut("externalPaymentId", "pay-1"); n != 2 {
		t.Errorf("a payment sent twice was carried out %d times", n)
	}
	r.core("POST", "/payments", m{"orderId": order.at(t, "id")}).want(t, 400)
	r.core("GET", "/campaigns?couponCode="+simulator.CouponCode, nil).same(t, "Summer", "data", 0, "name")
	r.core("GET", "/campaigns", nil).want(t, 400)
	r.core("GET", "/offers/season-groups", nil).same(t, "League", "data", 0, "name")
	r.core("DELETE", "/offers/season-groups/300000001/seasons/2", nil).want(t, 404)
}
