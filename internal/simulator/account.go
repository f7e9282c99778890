package simulator

import (
	"net/http"
	"strconv"
	"strings"
)

func accountRoutes() []*route {
	r := func(method, template string, h func(*call) answer) *route {
		return &route{method: method, template: template, surface: surfaceMediaStore, access: byJWT, handle: h}
	}
	return []*route{
		r("GET", "/customers/{customerId}", (*call).getCustomer),
		r("PATCH", "/customers/{customerId}", (*call).patchCustomer),
		r("GET", "/customers/{customerId}/consents", (*call).getConsents),
		r("PUT", "/customers/{customerId}/consents", (*call).putConsents),
		r("GET", "/customers/{customerId}/capture/status", (*call).captureStatus),
		r("PUT", "/customers/{customerId}/capture", (*call).putCapture),
		r("GET", "/customers/{customerId}/offers", (*call).customerOffers),
		r("GET", "/customers/{customerId}/subscriptions", (*call).customerSubscriptions),
		r("PATCH", "/customers/{customerId}/subscriptions", (*call).patchSubscriptions),
		r("PATCH", "/customers/{customerId}/subscriptions/{subscriptionId}", (*call).couponOnSubscription),
		r("GET", "/customers/{customerId}/payment_details", (*call).paymentDetails),
		r("DELETE", "/payment_details/{paymentDetailsId}", (*call).deletePaymentDetails),
		r("GET", "/customers/{customerId}/transactions", (*call).customerTransactions),
		r("GET", "/receipt/{transactionId}", (*call).receipt),
		r("GET", "/customers/{customerId}/subscription_switches/{offerId}/availability", (*call).switchAvailability),
		r("POST", "/customers/{customerId}/subscription_switches/{offerId}", (*call).requestSwitch),
		r("GET", "/subscription_switches", (*call).listSwitches),
		r("GET", "/subscription_switches/{switchId}", (*call).getSwitch),
		r("PATCH", "/subscription_switches/{switchId}", (*call).patchSwitch),
		r("GET", "/gifts/{giftId}", (*call).getGift),
		r("PATCH", "/gifts/{giftId}", (*call).patchGift),
		r("GET", "/gifts/verification/{code}", (*call).verifyGift),
		r("POST", "/gifts/redeem/{code}", (*call).redeemGift),
	}
}

const dateTime = "2006-01-02 15:04:05"

func customerObject(c *customer) object {
	return object{
		"id": strconv.Itoa(c.id), "email": c.email, "country": c.country, "regDate": c.registered.UTC().Format(dateTime),
		"lastLoginDate": c.lastLogin.UTC().Format(dateTime), "lastUserIp": c.lastIP, "currency": c.currency, "locale": c.locale,
		"firstName": c.firstName, "lastName": c.lastName, "externalId": c.externalID, "externalData": c.externalData,
	}
}

func (c *call) getCustomer() answer { return media(customerObject(c.customer)) }

// patchCustomer changes the profile; a new e-mail address needs the password.
func (c *call) patchCustomer() answer {
	m := c.fields()
	if m == nil {
		return mediaError(http.StatusBadRequest, "REQ0001", "Request body is not valid JSON")
	}
	if email := text(m, "email"); email != "" && !strings.EqualFold(email, c.customer.email) {
		if text(m, "confirmationPassword") != c.customer.password {
			return mediaError(http.StatusUnprocessableEntity, "USER0001", "Incorrect confirmationPassword")
		}
		if c.world.customerByEmail(email) != nil {
			return mediaError(http.StatusUnprocessableEntity, "USER0002", "Customer already exists")
		}
		c.world.rename(c.customer, email)
	}
	c.customer.patch(m)
	return media(customerObject(c.customer))
}

func (w *world) rename(c *customer, email string) {
	delete(w.byEmail, strings.ToLower(c.email))
	c.email = email
	w.byEmail[strings.ToLower(email)] = c
}

// patch takes over the plain profile fields that are present.
func (c *customer) patch(m object) {
	for name, field := range map[string]*string{
		"firstName": &c.firstName, "lastName": &c.lastName, "locale": &c.locale, "country": &c.country, "currency": &c.currency, "externalId": &c.externalID,
	} {
		if _, present := m[name]; present {
			*field = text(m, name)
		}
	}
	if data, ok := m["externalData"].(object); ok {
		c.externalData = data
	}
}

func (c *call) getConsents() answer {
	list := []object{}
	if !c.knobs.Data.EmptyConsents {
		for _, d := range c.world.consentDef {
			given := c.customer.consents[d.Name]
			v := object{
				"name": d.Name, "state": or(given.state, "declined"), "version": given.version, "newestVersion": d.Version, "required": d.Required,
				"label": d.Label, "value": "", "needsUpdate": given.version != d.Version, "customerId": c.customer.id, "date": nil,
			}
			if !given.date.IsZero() {
				v["date"] = given.date.Unix()
			}
			list = append(list, v)
		}
	}
	return media(object{"consents": list})
}

func (c *call) putConsents() answer {
	list, ok := c.fields()["consents"].([]any)
	if !ok {
		return mediaError(http.StatusBadRequest, "REQ0001", "Missing or invalid parameter consents")
	}
	for _, item := range list {
		m, _ := item.(object) // a wrong item has no name
		state := text(m, "state")
		if text(m, "name") == "" || state != "accepted" && state != "declined" {
			return mediaError(http.StatusUnprocessableEntity, "REQ0001", "Invalid consent")
		}
		c.customer.consents[text(m, "name")] = consentState{state: state, version: text(m, "version"), date: c.server}
	}
	return c.getConsents()
}

func (c *call) captureStatus() answer {
	enabled := c.knobs.Data.CaptureRequired
	name := any(nil)
	if c.customer.firstName != "" {
		name = object{"firstName": c.customer.firstName, "lastName": c.customer.lastName}
	}
	question := func(key string, answer any, required bool) object {
		return object{"key": key, "enabled": enabled, "required": required, "answer": answer}
	}
	settings := []object{
		question("email", c.customer.email, true),
		question("firstNameLastName", name, true),
		question("birthDate", nilText(text(c.customer.capture, "birthDate")), false),
		question("companyName", nilText(text(c.customer.capture, "companyName")), false),
		question("phoneNumber", nilText(text(c.customer.capture, "phoneNumber")), false),
	}
	return media(object{"isCaptureEnabled": enabled, "shouldCaptureBeDisplayed": enabled && !c.customer.captured, "settings": settings})
}

func (c *call) putCapture() answer {
	m := c.fields()
	if m == nil {
		return mediaError(http.StatusBadRequest, "REQ0001", "Request body is not valid JSON")
	}
	c.customer.capture, c.customer.captured = m, true
	for name, field := range map[string]*string{"firstName": &c.customer.firstName, "lastName": &c.customer.lastName} {
		if v := text(m, name); v != "" {
			*field = v
		}
	}
	return media(object{"success": true})
}

// customerOffers are the plans that a customer has had.
func (c *call) customerOffers() answer {
	items := []object{}
	for _, s := range c.world.subsOf(c.customer.id) {
		o := c.world.offer(s.offerID)
		shown := o.show(c.customer.country)
		items = append(items, object{
			"offerId": o.id, "offerType": string(o.kind), "offerTitle": shown.title, "status": mediaStatus(s.status), "startedAt": s.from.Unix(), "expiresAt": s.to.Unix(),
			"nextPaymentPrice": shown.gross(), "nextPaymentCurrency": shown.market.currency, "nextPaymentAt": s.to.Unix(), "paymentGateway": gatewayOf(s.paymentMethodID),
			"paymentMethod": methodNameOf(s.paymentMethodID), "externalPaymentId": s.externalID, "inTrial": s.inTrial, "pendingSwitchId": nilText(s.switchID), "period": o.period,
			"subscriptionId": s.id, "totalPrice": shown.gross(), "customerCurrency": shown.market.currency, "isExternallyManaged": s.externally,
		})
	}
	for _, p := range c.world.passesOf(c.customer.id) {
		o := c.world.offer(p.offerID)
		shown := o.show(c.customer.country)
		items = append(items, object{
			"offerId": o.id, "offerType": string(o.kind), "offerTitle": shown.title, "status": p.status, "startedAt": o.created.Unix(), "expiresAt": p.expires.Unix(),
			"totalPrice": shown.gross(), "customerCurrency": shown.market.currency, "paymentGateway": gatewayOf(p.paymentMethodID),
			"paymentMethod": methodNameOf(p.paymentMethodID), "externalPaymentId": p.externalID, "isExternallyManaged": p.externally,
		})
	}
	return media(object{"items": items})
}

// mediaStatus: the MediaStore API calls a stopped subscription cancelled.
func mediaStatus(status string) string {
	if status == "stopped" {
		return "cancelled"
	}
	return status
}

func gatewayOf(method int) string {
	m, _ := methodByID(method)
	return m.gateway
}

func methodNameOf(method int) string {
	m, _ := methodByID(method)
	return m.name
}
