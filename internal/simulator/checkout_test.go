package simulator_test

import (
	"maps"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

func itoa(n int) string { return strconv.Itoa(n) }

// order creates an order and returns its path and id.
func (r *rig) order(jwt, offerID string, extra m) (path string, id float64) {
	r.t.Helper()
	body := m{"offerId": offerID, "customerId": simulator.CustomerID, "paymentMethodId": 0}
	maps.Copy(body, extra)
	a := r.as(jwt, "POST", "/orders", body)
	a.want(r.t, 200)
	id, _ = a.at(r.t, "responseData", "order", "id").(float64)
	return "/orders/" + itoa(int(id)), id
}

func TestPurchaseByCard(t *testing.T) {
	r := start(t, nil)
	jwt := r.login().JWT
	path, id := r.order(jwt, simulator.EventOfferID, nil)
	o := r.as(jwt, "GET", path, nil)
	o.same(t, 4.99, "responseData", "order", "totalPrice")
	o.same(t, true, "responseData", "order", "requiredPaymentDetails")
	r.as(jwt, "PATCH", path, m{"paymentMethodId": 142}).same(t, 142.0, "responseData", "order", "paymentMethodId")
	r.as(jwt, "PATCH", path, m{"couponCode": "NONSUCH"}).want(t, 422)
	r.as(jwt, "PATCH", path, m{"couponCode": simulator.CouponCode}).same(t, 3.74, "responseData", "order", "totalPrice")
	r.as(jwt, "POST", "/payments", m{"orderId": id}).want(t, 422) // it costs something

	for holder, code := range map[string]string{"REFUSED": "ADYEN0002", "CANCELLED": "ADYEN0003", "ERROR": "ADYEN0005"} {
		a := r.as(jwt, "POST", "/connectors/adyen/initial-payment", m{"orderId": id, "paymentMethod": m{"holderName": holder}})
		if a.status < 400 || a.at(t, "code") != code {
			t.Errorf("%s: %d %s", holder, a.status, a.body)
		}
	}
	r.as(jwt, "POST", "/connectors/adyen/initial-payment", m{"orderId": id, "paymentMethod": m{"holderName": "3DS"}}).same(t, "redirect", "responseData", "action", "type")
	paid := r.as(jwt, "POST", "/connectors/adyen/initial-payment/finalize", m{"orderId": id, "details": m{}})
	paid.want(t, 200)
	paid.same(t, 3.74, "responseData", "payment", "totalAmount")
	r.as(jwt, "GET", "/entitlements/"+simulator.EventOfferID, nil).same(t, true, "responseData", "accessGranted")
	r.as(jwt, "GET", "/customers/100000001/transactions", nil).same(t, simulator.EventOfferID, "responseData", "items", 0, "offerId")
	r.as(jwt, "POST", "/connectors/adyen/initial-payment", m{"orderId": id}).want(t, 422) // paid already
}

func TestFreeOrderIsPaidWithoutDetails(t *testing.T) {
	r := start(t, nil)
	jwt := r.login().JWT
	path, id := r.order(jwt, simulator.FreeOfferID, nil)
	missing := r.as(jwt, "POST", "/payments", m{"orderId": id})
	missing.want(t, 422)
	missing.same(t, "Order doesn't have paymentMethodId", "errors", 0)
	r.as(jwt, "PATCH", path, m{"paymentMethodId": 144}).want(t, 200)
	r.as(jwt, "POST", "/payments", m{"orderId": id}).want(t, 200)
	r.as(jwt, "POST", "/orders", m{"offerId": simulator.FreeOfferID}).same(t, "Access already granted", "errors", 0)
}

func TestOrdersExpireAfterAQuarterOfAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(k *simulator.Knobs) { k.Credentials.JWTLifetime = time.Hour })
		jwt := r.login().JWT
		open, _ := r.order(jwt, simulator.EventOfferID, nil)
		done, id := r.order(jwt, simulator.SingleOfferID, nil)
		r.as(jwt, "POST", "/connectors/adyen/initial-payment", m{"orderId": id}).want(t, 200)
		time.Sleep(15*time.Minute - time.Second)
		r.as(jwt, "GET", open, nil).want(t, 200)
		time.Sleep(time.Second)
		r.as(jwt, "GET", open, nil).same(t, "Order expired", "errors", 0)
		r.as(jwt, "GET", done, nil).want(t, 200) // captured in time
	})
}

func TestGiftIsRedeemedOnce(t *testing.T) {
	r := start(t, nil)
	a := r.do("POST", "/auths", m{"email": simulator.OtherCustomerEmail, "password": simulator.CustomerPassword, "publisherId": simulator.PublisherID})
	john, _ := a.at(t, "responseData", "jwt").(string)
	r.as(john, "GET", "/gifts/500000001", nil).want(t, 404) // not his to edit
	r.as(r.login().JWT, "PATCH", "/gifts/500000001", m{"personalNote": "Soon"}).same(t, "Soon", "responseData", "deliveryDetails", "personalNote")
	r.as(john, "POST", "/gifts/redeem/"+simulator.GiftCode, nil).want(t, 200)
	r.as(john, "POST", "/gifts/redeem/"+simulator.GiftCode, nil).want(t, 409)
	r.as(john, "GET", "/entitlements/"+simulator.MonthlyOfferID, nil).same(t, true, "responseData", "accessGranted")
	r.core("GET", "/gifts/"+simulator.GiftCode+"/verification", nil).same(t, "GIFT_ALREADY_REDEEMED", "redeemRefusalReason")
}

func TestGiftPurchaseMakesAGift(t *testing.T) {
	r := start(t, nil)
	jwt := r.login().JWT
	_, id := r.order(jwt, simulator.MonthlyOfferID, m{"buyAsAGift": true})
	r.as(jwt, "POST", "/connectors/adyen/initial-payment", m{"orderId": id}).want(t, 200)
	items := r.as(jwt, "GET", "/customers/100000001/transactions", nil)
	items.same(t, "giftId", "responseData", "items", 0, "targetType")
	gift, _ := items.at(t, "responseData", "items", 0, "targetId").(float64)
	r.as(jwt, "GET", "/gifts/"+itoa(int(gift)), nil).same(t, simulator.MonthlyOfferID, "responseData", "offerId")
}

func TestPlanSwitches(t *testing.T) {
	r := start(t, nil)
	jwt := r.login().JWT
	const base = "/customers/100000001/subscription_switches/"
	up := r.as(jwt, "POST", base+simulator.MonthlyOfferID, m{"toOfferId": simulator.YearlyOfferID, "switchDirection": "upgrade"})
	up.want(t, 200)
	up.same(t, "finished", "responseData", "status")
	r.as(jwt, "POST", base+simulator.YearlyOfferID, m{"toOfferId": simulator.FreeOfferID}).want(t, 422)
	down := r.as(jwt, "POST", base+simulator.YearlyOfferID, m{"toOfferId": simulator.MonthlyOfferID, "switchDirection": "downgrade"})
	down.same(t, "pending", "responseData", "status")
	id, _ := down.at(t, "responseData", "id").(string)
	pending := r.as(jwt, "GET", "/customers/100000001/offers", nil)
	pending.same(t, id, "responseData", "items", 0, "pendingSwitchId")
	r.as(jwt, "POST", base+simulator.YearlyOfferID, m{"toOfferId": simulator.MonthlyOfferID}).want(t, 422)
	r.as(jwt, "PATCH", "/subscription_switches/"+id, m{"status": "cancelled"}).same(t, "cancelled", "responseData", "status")
	if list := r.as(jwt, "GET", "/subscription_switches", nil).at(t, "responseData").([]any); len(list) != 2 {
		t.Errorf("%d switches in the history, want 2", len(list))
	}
	r.as(jwt, "PATCH", "/customers/100000001/subscriptions", m{"offerId": simulator.YearlyOfferID, "status": "cancelled", "cancellationReason": "price"}).
		same(t, "cancelled", "responseData", "status")
	r.as(jwt, "PATCH", "/customers/100000001/subscriptions", m{"offerId": simulator.YearlyOfferID, "status": "active"}).same(t, "active", "responseData", "status")
}

func TestCouponOnSubscription(t *testing.T) {
	r := start(t, nil)
	jwt := r.login().JWT
	const path = "/customers/100000001/subscriptions/400000001"
	r.as(jwt, "PATCH", path, m{"couponCode": "NONE"}).same(t, "Coupon NONE not found", "errors", 0)
	r.as(jwt, "PATCH", path, m{"couponCode": simulator.CouponCode}).want(t, 200)
	r.as(jwt, "PATCH", path, m{"couponCode": simulator.CouponCode}).same(t, "Coupon already applied", "errors", 0)
}

func TestConnectorsAnswerPlausibly(t *testing.T) {
	r := start(t, nil)
	jwt := r.login().JWT
	_, id := r.order(jwt, simulator.EventOfferID, nil)
	methods := r.as(jwt, "POST", "/connectors/adyen/payment-methods", m{"orderId": id})
	methods.same(t, "scheme", "responseData", "paymentMethods", 0, "type")
	r.as(jwt, "POST", "/connectors/adyen/sessions", m{"orderId": id}).want(t, 200)
	for _, path := range []string{"/connectors/paypal/v1/tokens", "/connectors/paypal/v1/payment_details/tokens"} {
		url, _ := r.as(jwt, "POST", path, m{"orderId": id}).at(t, "responseData", "redirectUrl").(string)
		if url == "" {
			t.Errorf("%s gave no redirectUrl", path)
		}
	}
	details := r.as(jwt, "POST", "/connectors/adyen/payment-details", m{"paymentMethod": m{"holderName": "J"}})
	detail, _ := details.at(t, "responseData", "paymentDetails", "id").(float64)
	r.as(jwt, "DELETE", "/payment_details/"+itoa(int(detail)), nil).want(t, 200)
	r.as(jwt, "DELETE", "/payment_details/"+itoa(int(detail)), nil).want(t, 404)
	r.as(jwt, "POST", "/roku/payment", m{"offerId": simulator.YearlyOfferID, "transactionId": "invalid-1"}).same(t, false, "responseData", "accessGranted")
	r.as(jwt, "POST", "/roku/payment", m{"offerId": simulator.YearlyOfferID, "transactionId": "t-1"}).same(t, true, "responseData", "accessGranted")
	receipt, _ := r.as(jwt, "GET", "/customers/100000001/transactions", nil).at(t, "responseData", "items", 0, "transactionId").(string)
	r.as(jwt, "GET", "/receipt/"+receipt, nil).want(t, 200)
	if c := r.sim.Counters(); c.Endpoints["POST /connectors/adyen/payment-methods"].Handled != 1 || c.Writes.CarriedOut != 9 {
		t.Errorf("writes %d, want 9: reading by POST is none", c.Writes.CarriedOut)
	}
}
