package simulator_test

import (
	"testing"

	"github.com/cleengate/cleengate/internal/simulator"
)

func TestCoreCustomerIsReadAndChanged(t *testing.T) {
	r := start(t, nil)
	const path = "/customers/100000002"
	r.core("GET", path, nil).same(t, simulator.OtherCustomerEmail, "data", "email")
	changed := r.core("PATCH", path, m{"email": "jack@example.com", "firstName": "Jack", "externalData": m{"a": "b"}})
	changed.want(t, 200)
	changed.same(t, "Jack", "data", "firstName")
	r.core("GET", path, nil).same(t, "b", "data", "externalData", "a")
	r.core("PATCH", path, m{"email": simulator.CustomerEmail}).want(t, 422)
	r.core("PATCH", path, "no json").want(t, 400)
	r.core("GET", "/customers/1", nil).want(t, 404)
	r.core("POST", "/customers/request_password_reset", m{"email": "jack@example.com"}).want(t, 200)
	r.core("POST", "/customers/request_password_reset", m{"email": "nobody@example.com"}).want(t, 404)
}

func TestCoreWebhookSubscriptionsAreReplacedWhole(t *testing.T) {
	r := start(t, nil)
	for _, urls := range [][]string{{"https://a.example.com", "https://b.example.com"}, {"https://c.example.com"}} {
		r.core("PUT", "/webhook_subscriptions/offerUpdated", m{"urls": urls}).want(t, 200)
	}
	a := r.core("GET", "/webhook_subscriptions", nil)
	a.same(t, "https://c.example.com", "data", 0, "urls", 0)
	if n := len(a.at(t, "data", 0, "urls").([]any)); n != 1 {
		t.Errorf("%d addresses, want the one that was set last", n)
	}
	r.core("PUT", "/webhook_subscriptions/offerUpdated", m{}).want(t, 400)
}

func TestCorePassLife(t *testing.T) {
	r := start(t, nil)
	id, _ := r.core("POST", "/passes", m{"customerId": 100000002, "offerId": simulator.PassOfferID}).at(t, "passId").(float64)
	path := "/passes/" + itoa(int(id))
	r.core("PATCH", path, m{"expiresAt": 2000000000}).same(t, 2000000000.0, "expiresAt")
	r.core("POST", path+"/transfer", m{"customerId": 100000001}).same(t, 100000001.0, "customerId")
	r.core("POST", path+"/transfer", m{"customerId": 1}).want(t, 422)
	r.core("POST", path+"/terminate", m{}).same(t, "terminated", "status")
	r.core("GET", path, nil).same(t, "terminated", "status")
	r.core("GET", "/passes/1", nil).want(t, 404)
	r.core("POST", "/passes", m{"customerId": 100000002, "offerId": simulator.MonthlyOfferID}).want(t, 422)
}

func TestSeasonGroups(t *testing.T) {
	r := start(t, nil)
	id, _ := r.core("POST", "/offers/season-groups", m{"name": "Cup"}).at(t, "id").(float64)
	path := "/offers/season-groups/" + itoa(int(id))
	r.core("POST", path+"/seasons", m{"name": "One"}).want(t, 201)
	r.core("POST", path+"/seasons", m{"name": "Two"}).want(t, 201)
	r.core("PATCH", path+"/seasons/1", m{"name": "First"}).same(t, "First", "seasons", 0, "name")
	r.core("DELETE", path+"/seasons/1", nil).same(t, "Only last season can be removed", "message")
	r.core("DELETE", path+"/seasons/2", nil).want(t, 204)
	r.core("PATCH", path, m{"name": "Trophy"}).same(t, "Trophy", "name")
	r.core("DELETE", path, nil).want(t, 204)
	r.core("GET", path, nil).want(t, 404)
}

func TestCoreCreatesOffers(t *testing.T) {
	r := start(t, nil)
	a := r.core("POST", "/offers", m{
		"title": "Weekly", "type": "subscription", "price": m{"amount": 2.5, "currency": "EUR"}, "country": "DE", "billingCycle": m{"periodUnit": "week"}, "tags": []string{"x"},
	})
	a.want(t, 201)
	id, _ := a.at(t, "longId").(string)
	r.core("GET", "/offers/"+id, nil).same(t, "EUR", "price", "currency")
	r.do("GET", "/offers/"+id, nil).same(t, "week", "responseData", "period")
	r.core("POST", "/offers", m{"title": "No type"}).want(t, 422)
}

func TestCorePatchesSubscriptions(t *testing.T) {
	r := start(t, nil)
	const path = "/subscriptions/400000001"
	r.core("PATCH", path, m{"couponCode": simulator.CouponCode, "expiresAt": 2000000000}).same(t, 2000000000.0, "subscription", "dateTo")
	for _, c := range []struct {
		path   string
		body   any
		status int
	}{
		{path, m{"couponCode": simulator.CouponCode}, 422},
		{path, m{"couponCode": "NONE"}, 422},
		{path, m{"status": "sleeping"}, 400},
		{path, "no json", 400},
		{"/subscriptions/1", m{}, 404},
	} {
		a := r.core("PATCH", c.path, c.body)
		a.want(t, c.status)
		a.same(t, false, "success")
		a.same(t, nil, "subscription")
	}
	switched := r.core("POST", "/subscription_switches", m{"subscriptionId": 400000001, "toOfferId": simulator.YearlyOfferID, "switchDirection": "upgrade"})
	switched.same(t, "finished", "status")
	id, _ := switched.at(t, "id").(string)
	r.as(r.login().JWT, "GET", "/subscription_switches/"+id, nil).same(t, simulator.YearlyOfferID, "responseData", "toOfferId")
	r.core("POST", "/subscription_switches", m{"subscriptionId": 1, "toOfferId": simulator.YearlyOfferID}).want(t, 422)
}

func TestCorePaymentsAndDetails(t *testing.T) {
	r := start(t, nil)
	order := r.core("POST", "/orders", m{"customerId": 100000002, "offerId": simulator.EventOfferID}).at(t, "id")
	id, _ := r.core("POST", "/payments", m{"orderId": order, "externalPaymentId": "e", "status": "authorized"}).at(t, "id").(float64)
	detail, _ := r.core("POST", "/payment_details", m{"customerId": 100000002, "paymentMethodId": 142}).at(t, "data", "id").(float64)
	path := "/payment_details/" + itoa(int(detail))
	r.core("GET", path+"/authorised_payments", nil).same(t, id, "data", 0, "id")
	r.core("PATCH", "/payments/"+itoa(int(id)), m{"status": "captured"}).same(t, "captured", "status")
	if list := r.core("GET", path+"/authorised_payments", nil).at(t, "data").([]any); len(list) != 0 {
		t.Errorf("a captured payment is still listed: %v", list)
	}
	r.core("PATCH", "/payments/"+itoa(int(id)), m{"status": "x"}).want(t, 400)
	r.core("PATCH", path+"/attemptRestrictions", m{"attemptRejections": m{"2026-01": 2}}).same(t, 2.0, "data", "attemptRestrictions", "attemptRejections", "2026-01")
	r.core("PATCH", path+"/attemptRestrictions", m{}).want(t, 400)
	r.core("POST", "/payment_methods", m{"paymentMethod": "cash"}).want(t, 201)
	r.core("PUT", "/dunning/stop", m{}).want(t, 200)
}
