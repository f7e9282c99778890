package simulator_test

import (
	"reflect"
	"testing"

	"github.com/cleengate/cleengate/internal/simulator"
)

// has checks that a value carries the members that a published client reads,
// each of the same JSON type as its example; nil means any.
func has(t *testing.T, where string, v any, want m) {
	t.Helper()
	got, ok := v.(m)
	if !ok {
		t.Errorf("%s: %v is no object", where, v)
		return
	}
	for name, example := range want {
		value, there := got[name]
		switch {
		case !there:
			t.Errorf("%s: no member %s", where, name)
		case example != nil && reflect.TypeOf(value) != reflect.TypeOf(example):
			t.Errorf("%s: %s is %T, want %T", where, name, value, example)
		}
	}
}

// TestMediaStoreSDKShapes goes through the calls that @cleeng/mediastore-sdk
// 5.26.0 makes and checks the members that it reads.
func TestMediaStoreSDKShapes(t *testing.T) {
	r := start(t, nil)
	jwt := r.login().JWT
	const me = "/customers/100000001"
	num, text, flag, list, obj := 1.0, "", true, []any{}, m{}
	offer := m{
		"offerId": text, "offerTitle": text, "offerDescription": text, "customerPriceInclTax": num, "customerPriceExclTax": num, "customerCurrency": text,
		"trialAvailable": flag, "period": nil, "freePeriods": num, "freeDays": num, "active": flag, "giftable": flag, "longId": text, "title": text,
	}
	plan := m{
		"offerId": text, "status": text, "startedAt": num, "expiresAt": num, "offerType": text, "totalPrice": num, "offerTitle": text, "inTrial": flag,
		"nextPaymentCurrency": text, "nextPaymentPrice": num, "paymentGateway": text, "paymentMethod": text, "pendingSwitchId": nil, "period": text,
		"subscriptionId": num, "customerCurrency": text, "isExternallyManaged": flag,
	}
	for _, c := range []struct {
		path  string
		inner []any
		want  m
	}{
		{"/locales", nil, m{"locale": text, "country": text, "currency": text}},
		{"/publishers/870553921/consents", []any{"consents", 0}, m{"name": text, "version": text, "required": flag, "label": text}},
		{me, nil, m{"id": text, "email": text, "firstName": text, "lastName": text, "country": text, "currency": text, "locale": text}},
		{me + "/consents", []any{"consents", 0}, m{"name": text, "version": text, "newestVersion": text, "needsUpdate": flag, "state": text, "required": flag, "label": text}},
		{me + "/capture/status", nil, m{"isCaptureEnabled": flag, "shouldCaptureBeDisplayed": flag, "settings": list}},
		{me + "/capture/status", []any{"settings", 1}, m{"key": text, "enabled": flag, "required": flag, "answer": obj}},
		{me + "/offers", []any{"items", 0}, plan},
		{me + "/subscriptions", []any{"items", 0}, m{"offerId": text, "status": text, "expiresAt": num, "nextPaymentPrice": num}},
		{me + "/payment_details", []any{"paymentDetails", 0}, m{"id": num, "paymentGateway": text, "paymentMethod": text, "paymentMethodSpecificParams": obj, "paymentMethodId": num, "active": flag, "bound": flag}},
		{me + "/transactions?limit=50&offset=0", []any{"items", 0}, m{"paymentMethod": text, "transactionId": text, "offerId": text, "offerTitle": text, "transactionDate": num, "targetType": text, "targetId": num}},
		{me + "/subscription_switches/" + simulator.MonthlyOfferID + "/availability", []any{"available", 0}, m{
			"toOfferId": text, "algorithm": text, "switchDirection": text, "title": text, "price": num, "currency": text, "currencySymbol": text, "period": text,
			"nextPaymentPrice": num, "nextPaymentPriceCurrency": text, "nextPaymentPriceCurrencySymbol": text,
		}},
		{me + "/subscription_switches/" + simulator.MonthlyOfferID + "/availability", []any{"unavailable", 0}, m{"toOfferId": text, "reason": obj}},
		{"/payment-methods", []any{"paymentMethods", 0}, m{"id": num, "methodName": text, "paymentGateway": text}},
		{"/offers?pageLimit=100", []any{0}, offer},
		{"/offers/" + simulator.YearlyOfferID + "/customers/" + simulator.CustomerEmail, nil, m{"accessGranted": flag, "offerId": text, "trialAvailable": flag}},
		{"/v2/offers/S100000001", nil, m{"id": text, "title": text, "price": obj, "giftable": flag, "localizations": list}},
		{"/v2/offers/S100000001", []any{"price"}, m{"amount": num, "currency": text, "rules": list}},
		{"/gifts/500000001", nil, m{"id": num, "code": text, "offerId": text, "deliveryDetails": obj, "sentAt": num, "redeemedAt": nil}},
		{"/gifts/verification/" + simulator.GiftCode, nil, m{"redeemable": flag, "redeemMode": text, "offerId": text}},
	} {
		a := r.as(jwt, "GET", c.path, nil)
		a.want(t, 200)
		if errs, ok := a.at(t, "errors").([]any); !ok || len(errs) > 0 {
			t.Errorf("%s: errors %v, want an empty list", c.path, errs)
		}
		has(t, c.path, a.at(t, append([]any{"responseData"}, c.inner...)...), c.want)
	}
	if total := r.as(jwt, "GET", "/offers?pageLimit=2", nil).header.Get("x-total-count"); total != "7" {
		t.Errorf("x-total-count %q, want 7", total)
	}
}

func TestSDKErrorsCarryErrorsAndCode(t *testing.T) {
	r := start(t, nil)
	jwt := r.login().JWT
	for path, code := range map[string]string{
		"/offers/S999999999_US":                   "REQ0100",
		"/publishers/1/consents":                  "REQ0100",
		"/offers/S100000001_US/customers/a@b.com": "USER0003",
	} {
		a := r.as(jwt, "GET", path, nil)
		if _, isText := a.at(t, "errors", 0).(string); !isText || a.at(t, "code") != code {
			t.Errorf("%s: %s", path, a.body)
		}
	}
}

func TestRegisterAndProfile(t *testing.T) {
	r := start(t, nil)
	form := m{"email": "new@example.com", "password": "long enough", "publisherId": simulator.PublisherID, "locale": "pl_PL", "country": "PL", "currency": "PLN"}
	a := r.do("POST", "/customers", form)
	a.want(t, 200)
	again := r.do("POST", "/customers", form)
	again.want(t, 422)
	again.same(t, "USER0002", "code")
	jwt, _ := a.at(t, "responseData", "jwt").(string)
	id, _ := a.at(t, "responseData", "customerId").(float64)
	me := "/customers/" + itoa(int(id))
	r.as(jwt, "PATCH", me, m{"firstName": "Nina"}).same(t, "Nina", "responseData", "firstName")
	r.as(jwt, "PATCH", me, m{"email": "nina@example.com", "confirmationPassword": "wrong"}).want(t, 422)
	r.as(jwt, "PATCH", me, m{"email": "nina@example.com", "confirmationPassword": "long enough"}).same(t, "nina@example.com", "responseData", "email")
	r.as(jwt, "PUT", me+"/consents", m{"consents": []any{m{"name": "terms", "version": "2", "state": "accepted"}}}).want(t, 200)
	r.as(jwt, "GET", me+"/consents", nil).same(t, false, "responseData", "consents", 0, "needsUpdate")
	tune(t, r, func(k *simulator.Knobs) { k.Data.CaptureRequired = true })
	r.as(jwt, "GET", me+"/capture/status", nil).same(t, true, "responseData", "shouldCaptureBeDisplayed")
	r.as(jwt, "PUT", me+"/capture", m{"firstName": "Nina", "birthDate": "1990-01-01"}).want(t, 200)
	r.as(jwt, "GET", me+"/capture/status", nil).same(t, false, "responseData", "shouldCaptureBeDisplayed")
	tune(t, r, func(k *simulator.Knobs) { k.Data.EmptyConsents = true })
	if list := r.as(jwt, "GET", me+"/consents", nil).at(t, "responseData", "consents").([]any); len(list) != 0 {
		t.Errorf("consents %v, want none", list)
	}
}

func TestPasswordReset(t *testing.T) {
	r := start(t, nil)
	r.do("PUT", "/customers/passwords", m{"customerEmail": simulator.CustomerEmail, "publisherId": simulator.PublisherID}).want(t, 200)
	token := r.do("GET", "/_sim/password-resets", nil).at(t, "resets", 0, "token")
	set := m{"customerEmail": simulator.CustomerEmail, "resetPasswordToken": token, "newPassword": "another one"}
	r.do("PATCH", "/customers/passwords", set).want(t, 200)
	used := r.do("PATCH", "/customers/passwords", set)
	used.want(t, 422)
	used.same(t, "AUTH0004", "code")
	r.do("POST", "/auths", m{"email": simulator.CustomerEmail, "password": "another one", "offerId": simulator.MonthlyOfferID}).want(t, 200)
}

func TestCaptchaOnLogin(t *testing.T) {
	r := start(t, nil)
	for knob, code := range map[string]string{"required": "CPT0001", "failed": "CPT0002"} {
		tune(t, r, func(k *simulator.Knobs) { k.Data.CaptchaOnLogin = knob })
		a := r.do("POST", "/auths", m{"email": simulator.CustomerEmail, "password": simulator.CustomerPassword, "publisherId": simulator.PublisherID})
		a.want(t, 429)
		a.same(t, code, "code")
	}
	if c := r.sim.Counters(); c.Captchas != 2 || c.Throttled != 0 {
		t.Errorf("captchas %d, throttled %d", c.Captchas, c.Throttled)
	}
}
