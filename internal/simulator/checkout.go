package simulator

import (
	"net/http"
	"time"
)

func checkoutRoutes() []*route {
	r := func(method, template string, h func(*call) answer) *route {
		return &route{method: method, template: template, surface: surfaceMediaStore, access: byJWT, handle: h}
	}
	methods := r("POST", "/connectors/adyen/payment-methods", (*call).adyenMethods)
	methods.read = true
	return []*route{
		r("POST", "/orders", (*call).createOrder),
		r("GET", "/orders/{orderId}", (*call).getOrder),
		r("PATCH", "/orders/{orderId}", (*call).patchOrder),
		r("POST", "/payments", (*call).payFree),
		methods,
		r("POST", "/connectors/adyen/sessions", (*call).adyenSession),
		r("POST", "/connectors/adyen/initial-payment", (*call).adyenPayment),
		r("POST", "/connectors/adyen/initial-payment/finalize", (*call).adyenPayment),
		r("POST", "/connectors/adyen/payment-details", (*call).adyenDetails),
		r("POST", "/connectors/adyen/payment-details/finalize", (*call).adyenDetails),
		r("POST", "/connectors/paypal/v1/tokens", (*call).paypalToken),
		r("POST", "/connectors/paypal/v1/payment_details/tokens", (*call).paypalDetailsToken),
		r("POST", "/roku/payment", (*call).storePayment),
		r("POST", "/apple/payment", (*call).storePayment),
		r("POST", "/android/payment", (*call).storePayment),
		r("POST", "/amazon/payment", (*call).storePayment),
	}
}

// breakdown is what an order costs.
type breakdown struct {
	price, discount, tax, total float64
	trial                       bool
}

func (o *order) breakdown(of *offer) breakdown {
	b := breakdown{price: o.price}
	switch {
	case o.coupon != nil:
		b.discount = round2(o.price * o.coupon.discount)
	case of.trialDays > 0 && !o.gift:
		b.trial, b.discount = true, o.price
	}
	b.tax = round2((b.price - b.discount) * o.tax)
	b.total = round2(b.price - b.discount + b.tax)
	return b
}

func (c *call) orderObject(o *order) object {
	of := c.world.offer(o.offerID)
	b := o.breakdown(of)
	customer := c.world.customers[o.customerID]
	discount := object{"applied": false, "type": "", "periods": 0}
	couponID := any(nil)
	switch {
	case o.coupon != nil:
		discount, couponID = object{"applied": true, "type": "coupon", "periods": o.coupon.periods}, o.coupon.code
	case b.trial:
		discount = object{"applied": true, "type": "trial", "periods": 1}
	}
	shown := of.show(o.country)
	return object{
		"id": o.id, "customerId": o.customerID, "customer": object{"locale": customer.locale, "email": customer.email}, "publisherId": PublisherID, "offerId": o.offerID,
		"offer": object{"title": shown.title, "description": shown.description, "price": o.price, "currency": o.currency}, "totalPrice": b.total,
		"priceBreakdown": object{"offerPrice": b.price, "discountAmount": b.discount, "discountedPrice": round2(b.price - b.discount), "taxValue": b.tax, "customerServiceFee": 0, "paymentMethodFee": 0},
		"taxRate":        o.tax, "taxBreakdown": nil, "currency": o.currency, "country": o.country, "paymentMethodId": o.paymentMethodID, "expirationDate": o.expires.Unix(),
		"billingAddress": nil, "couponId": couponID, "discount": discount,
		// A free first period still asks for a card, as later periods cost.
		"requiredPaymentDetails": b.total > 0 || b.trial, "buyAsAGift": o.gift, "type": "initial",
	}
}

func (c *call) createOrder() answer {
	m := c.fields()
	o := c.world.offer(text(m, "offerId"))
	switch {
	case o == nil:
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Offer "+text(m, "offerId")+" doesn't exist")
	case !o.active:
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Offer is inactive")
	}
	if id, ok := integer(m, "customerId"); ok && id != c.customer.id {
		return mediaError(http.StatusForbidden, "USER0003", "Customer is not associated with the token")
	}
	gift := boolean(m, "buyAsAGift")
	if !gift && c.world.entitlement(c.customer.id, o.id, c.server).granted {
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Access already granted")
	}
	method, _ := integer(m, "paymentMethodId")
	ord := c.newOrder(c.customer, o, c.buyerCountry(), gift, method)
	return media(object{"message": "Order created", "order": c.orderObject(ord), "success": true})
}

func (c *call) newOrder(customer *customer, o *offer, country string, gift bool, method int) *order {
	shown := o.show(country)
	ord := &order{
		id: c.world.id(), customerID: customer.id, offerID: o.id, gift: gift, country: country, currency: shown.market.currency, paymentMethodID: method,
		price: shown.price, tax: shown.tax, created: c.server, expires: c.server.Add(c.knobs.Data.OrderLifetime),
	}
	c.world.orders[ord.id] = ord
	return ord
}

// ownOrder finds an order that can still be used.
func (c *call) ownOrder(id int) (*order, answer, bool) {
	o := c.world.orders[id]
	switch {
	case o == nil || o.customerID != c.customer.id:
		return nil, mediaError(http.StatusUnprocessableEntity, "ADYEN0001", "Order not found"), false
	case !o.captured && !c.server.Before(o.expires):
		return nil, mediaError(http.StatusUnprocessableEntity, "ADYEN0001", "Order expired"), false
	}
	return o, answer{}, true
}

func (c *call) getOrder() answer {
	o, a, ok := c.ownOrder(c.pathID("orderId"))
	if !ok {
		return a
	}
	return media(object{"message": "", "order": c.orderObject(o), "success": true})
}

// patchOrder sets payment method, coupon or gift. A coupon of null takes it off.
func (c *call) patchOrder() answer {
	o, a, ok := c.ownOrder(c.pathID("orderId"))
	if !ok {
		return a
	}
	m := c.fields()
	if _, sent := m["couponCode"]; sent {
		code := text(m, "couponCode")
		if code != "" && c.world.coupons[code] == nil {
			return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Coupon "+code+" not found")
		}
		o.coupon = c.world.coupons[code]
	}
	if id, sent := integer(m, "paymentMethodId"); sent {
		if _, known := methodByID(id); !known {
			return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Payment method not found")
		}
		o.paymentMethodID = id
	}
	if _, sent := m["buyAsAGift"]; sent {
		o.gift = boolean(m, "buyAsAGift")
	}
	return media(object{"message": "Order updated", "order": c.orderObject(o), "success": true})
}

// capture settles an order: payment, transaction and access.
func (c *call) capture(o *order, method int) *payment {
	of := c.world.offer(o.offerID)
	b := o.breakdown(of)
	customer := c.world.customers[o.customerID]
	p := &payment{
		id: c.world.id(), orderID: o.id, customerID: o.customerID, offerID: o.offerID, status: "captured", amount: b.total, currency: o.currency,
		method: methodNameOf(method), gateway: gatewayOf(method), created: c.server,
	}
	c.world.payments[p.id] = p
	o.captured = true
	target, targetID := "subscriptionId", 0
	if o.gift {
		g := &gift{id: c.world.id(), buyerID: customer.id, code: c.sim.random.token(4) + "-" + c.sim.random.token(4), offerID: of.id}
		c.world.gifts[g.id] = g
		target, targetID = "giftId", g.id
	} else {
		targetID = c.grant(customer, of, method)
		if of.kind != 'S' {
			target = "passId"
		}
	}
	if b.total > 0 || o.gift {
		t := &transaction{
			id: c.world.id(), offerID: of.id, title: of.title, at: c.server, amount: b.total, currency: o.currency, method: p.method, gateway: p.gateway,
			country: o.country, targetType: target, targetID: targetID,
		}
		customer.transactions = append([]*transaction{t}, customer.transactions...)
	}
	return p
}

// grant gives a customer what an offer promises, or more of it, and returns the
// id of the subscription or pass.
func (c *call) grant(customer *customer, of *offer, method int) int {
	if of.kind != 'S' {
		p := &pass{id: c.world.id(), customerID: customer.id, offerID: of.id, status: "active", expires: of.after(c.server), paymentMethodID: method, external: object{}}
		c.world.passes[p.id] = p
		return p.id
	}
	if sub := c.world.activeSub(customer.id, of.id); sub != nil {
		sub.to = of.after(sub.to)
		sub.renewals++
		return sub.id
	}
	s := &subscription{
		id: c.world.id(), customerID: customer.id, offerID: of.id, status: "active", from: c.server, to: of.after(c.server), paymentMethodID: method,
		inTrial: of.trialDays > 0, external: object{}, ip: c.addr.String(),
	}
	if s.inTrial {
		s.to = c.server.Add(time.Duration(of.trialDays) * 24 * time.Hour)
	}
	c.world.subs[s.id] = s
	return s.id
}
