package simulator

import (
	"net/http"
	"strings"
)

func paymentObject(p *payment) object {
	return object{
		"id": p.id, "orderId": p.orderID, "status": p.status, "totalAmount": p.amount, "targetCurrency": nil, "currency": p.currency, "customerId": p.customerID,
		"paymentGateway": p.gateway, "paymentMethod": p.method, "externalPaymentId": p.externalID, "couponId": nil, "amount": p.amount, "country": "",
		"offerType": p.offerID[:1], "taxValue": 0, "paymentMethodFee": 0, "customerServiceFee": 0, "rejectedReason": nil, "refundedReason": nil,
		"paymentDetailsId": nil, "paymentOperation": "initial", "gatewaySpecificParams": "",
	}
}

// payFree handles POST /payments: it pays an order that costs nothing.
func (c *call) payFree() answer {
	id, _ := integer(c.fields(), "orderId")
	o, a, ok := c.ownOrder(id)
	if !ok {
		return a
	}
	switch b := o.breakdown(c.world.offer(o.offerID)); {
	case o.captured:
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Order was already paid")
	case o.paymentMethodID == 0:
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Order doesn't have paymentMethodId")
	case b.total > 0 || b.trial:
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Order requires payment details")
	}
	return media(paymentObject(c.capture(o, o.paymentMethodID)))
}

func (c *call) adyenMethods() answer {
	methods := []object{
		{"type": "scheme", "name": "Credit Card", "brands": []string{"visa", "mc", "amex"}},
		{"type": "googlepay", "name": "Google Pay"},
	}
	amount := object{"value": 0, "currency": c.customer.currency}
	if id, ok := integer(c.fields(), "orderId"); ok {
		o, a, found := c.ownOrder(id)
		if !found {
			return a
		}
		amount = object{"value": int(o.breakdown(c.world.offer(o.offerID)).total*100 + 0.5), "currency": o.currency}
	}
	return media(object{"paymentMethods": methods, "storedPaymentMethods": []object{}, "shopperStatement": PublisherName, "amount": amount})
}

func (c *call) adyenSession() answer {
	id := "CS" + strings.ToUpper(c.sim.random.token(14))
	return media(object{"id": id, "sessionData": c.sim.random.token(64), "expiresAt": c.server.Add(c.knobs.Data.OrderLifetime).UTC().Format("2006-01-02T15:04:05Z")})
}

// adyenPayment charges an order. The holder name decides the outcome, as with a
// payment provider's test cards: REFUSED, CANCELLED, ERROR, 3DS; else it succeeds.
func (c *call) adyenPayment() answer {
	m := c.fields()
	id, _ := integer(m, "orderId")
	o, a, ok := c.ownOrder(id)
	if !ok {
		return a
	}
	if o.captured {
		return mediaError(http.StatusUnprocessableEntity, "ADYEN0002", "Order was already paid")
	}
	card, _ := m["paymentMethod"].(object) // absent on finalize
	switch outcome := text(card, "holderName"); outcome {
	case "REFUSED":
		return mediaError(http.StatusUnprocessableEntity, "ADYEN0002", "Payment was refused")
	case "CANCELLED":
		return mediaError(http.StatusUnprocessableEntity, "ADYEN0003", "Payment was cancelled")
	case "ERROR":
		return mediaError(http.StatusInternalServerError, "ADYEN0005", "Unable to process payment")
	case "3DS":
		return media(object{"action": object{"type": "redirect", "method": "GET", "url": "https://pay.example.com/3ds/" + itoa(o.id), "paymentMethodType": "scheme"}, "payment": nil})
	}
	return media(object{"action": nil, "payment": paymentObject(c.capture(o, methodCard))})
}

func (c *call) adyenDetails() answer {
	m := c.fields()
	card, _ := m["paymentMethod"].(object) // absent on finalize
	if text(card, "holderName") == "3DS" {
		return media(object{"action": object{"type": "redirect", "method": "GET", "url": "https://pay.example.com/3ds/details", "paymentMethodType": "scheme"}, "paymentDetails": nil})
	}
	d := &paymentDetail{
		id: c.world.id(), customerID: c.customer.id, methodID: methodCard, gateway: "adyen", method: "card", active: true, bound: true,
		params: object{"variant": "mc", "lastCardFourDigits": "4444", "cardExpirationDate": "03/2030", "holderName": text(card, "holderName"), "socialSecurityNumber": "", "merchantAccount": "ExampleTV"},
	}
	c.world.details[d.id] = d
	return media(object{"action": nil, "paymentDetails": detailObject(d)})
}

func (c *call) paypalToken() answer {
	id, _ := integer(c.fields(), "orderId")
	o, a, ok := c.ownOrder(id)
	if !ok {
		return a
	}
	o.paymentMethodID = methodPayPal
	token := "EC-" + strings.ToUpper(c.sim.random.token(17))
	return media(object{"redirectUrl": "https://paypal.example.com/checkoutnow?token=" + token, "token": token})
}

func (c *call) paypalDetailsToken() answer {
	token := "BA-" + strings.ToUpper(c.sim.random.token(17))
	return media(object{"redirectUrl": "https://paypal.example.com/agreements/approve?ba_token=" + token, "token": token})
}

// storePayment takes a receipt of an app store. Success of the call does not
// mean a valid purchase; a receipt that begins with "invalid" is none.
func (c *call) storePayment() answer {
	m := c.fields()
	o := c.world.offer(text(m, "offerId"))
	if o == nil {
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Offer not found")
	}
	receipt := or(text(m, "receipt"), text(m, "transactionId"))
	if receipt == "" {
		return mediaError(http.StatusBadRequest, "REQ0001", "Missing or invalid parameter")
	}
	if strings.HasPrefix(receipt, "invalid") {
		return media(object{"accessGranted": false, "expiresAt": nil, "transactionDate": nil})
	}
	c.grant(c.customer, o, methodOther)
	e := c.world.entitlement(c.customer.id, o.id, c.server)
	return media(object{"accessGranted": e.granted, "expiresAt": e.expiresAt(), "transactionDate": c.server.Unix()})
}
