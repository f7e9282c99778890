package simulator

import (
	"net/http"
	"slices"
	"strconv"
)

func corePaymentRoutes() []*route {
	return []*route{
		coreRoute("POST", "/orders", (*call).coreCreateOrder),
		coreRoute("POST", "/payments", (*call).coreCreatePayment),
		coreRoute("PATCH", "/payments/{paymentId}", (*call).corePatchPayment),
		coreRoute("GET", "/payment_details/{detailsId}/authorised_payments", (*call).coreAuthorisedPayments),
		coreRoute("POST", "/payment_details", (*call).coreCreateDetails),
		coreRoute("PATCH", "/payment_details/{detailsId}/attemptRestrictions", (*call).coreRestrictDetails),
		coreRoute("POST", "/payment_methods", (*call).coreCreateMethod),
	}
}

func (c *call) coreCreateOrder() answer {
	m := c.fields()
	id, _ := integer(m, "customerId")
	customer, o := c.world.customers[id], c.world.offer(text(m, "offerId"))
	switch {
	case customer == nil:
		return coreError(http.StatusUnprocessableEntity, "Customer not found")
	case o == nil:
		return coreError(http.StatusUnprocessableEntity, "Offer not found")
	}
	method, _ := integer(m, "paymentMethodId")
	ord := c.newOrder(customer, o, customer.country, boolean(m, "buyAsAGift"), method)
	return jsonAnswer(http.StatusCreated, c.orderObject(ord))
}

// coreCreatePayment records an external payment. As with subscriptions, nothing
// promises that a repeat of an externalPaymentId is recognised.
func (c *call) coreCreatePayment() answer {
	m := c.fields()
	orderID, _ := integer(m, "orderId")
	o := c.world.orders[orderID]
	switch {
	case text(m, "externalPaymentId") == "":
		return coreError(http.StatusBadRequest, "externalPaymentId is required")
	case o == nil:
		return coreError(http.StatusUnprocessableEntity, "Order not found")
	case !c.server.Before(o.expires):
		return coreError(http.StatusUnprocessableEntity, "Order expired")
	}
	method, ok := integer(m, "paymentMethodId")
	if !ok {
		method = methodOther
	}
	p := c.capture(o, method)
	p.externalID = text(m, "externalPaymentId")
	p.status = or(text(m, "status"), p.status)
	return jsonAnswer(http.StatusCreated, paymentObject(p))
}

func (c *call) corePatchPayment() answer {
	p := c.world.payments[c.pathID("paymentId")]
	if p == nil {
		return coreError(http.StatusNotFound, "Payment not found")
	}
	status := text(c.fields(), "status")
	if !slices.Contains([]string{"authorized", "captured", "rejected", "refunded", "cancelled", "receivable"}, status) {
		return coreError(http.StatusBadRequest, "status value is invalid")
	}
	p.status = status
	return jsonAnswer(http.StatusOK, paymentObject(p))
}

func (c *call) coreAuthorisedPayments() answer {
	d := c.world.details[c.pathID("detailsId")]
	if d == nil {
		return listFailure(http.StatusNotFound, "Payment details not found")
	}
	list := []object{}
	for _, id := range sortedKeys(c.world.payments) {
		if p := c.world.payments[id]; p.customerID == d.customerID && p.status == "authorized" {
			list = append(list, paymentObject(p))
		}
	}
	return jsonAnswer(http.StatusOK, object{"success": true, "data": list, "message": ""}).with("X-Total-Count", strconv.Itoa(len(list)))
}

func coreDetails(d *paymentDetail) answer {
	v := detailObject(d)
	v["token"], v["subscriptionIds"] = nil, []int{}
	v["attemptRestrictions"] = object{"attemptRestrictedTo": d.restrictedTo, "attemptRejections": d.rejections}
	return jsonAnswer(http.StatusOK, object{"success": true, "message": "", "data": v})
}

func (c *call) coreCreateDetails() answer {
	m := c.fields()
	id, _ := integer(m, "customerId")
	if c.world.customers[id] == nil {
		return coreError(http.StatusUnprocessableEntity, "Customer not found")
	}
	method, _ := integer(m, "paymentMethodId")
	params, _ := m["paymentMethodSpecificParams"].(object) // may be absent
	d := &paymentDetail{
		id: c.world.id(), customerID: id, methodID: method, gateway: gatewayOf(method), method: methodNameOf(method), params: params,
		active: true, bound: true, rejections: object{},
	}
	c.world.details[d.id] = d
	return coreDetails(d)
}

func (c *call) coreRestrictDetails() answer {
	d := c.world.details[c.pathID("detailsId")]
	m := c.fields()
	if d == nil {
		return coreError(http.StatusUnprocessableEntity, "Payment details not found")
	}
	to, hasTo := m["attemptRestrictedTo"]
	rejections, hasRejections := m["attemptRejections"].(object)
	switch {
	case hasTo == hasRejections:
		return coreError(http.StatusBadRequest, "Send one of attemptRestrictedTo and attemptRejections")
	case hasTo:
		d.restrictedTo = to
	default:
		d.rejections = rejections
	}
	return coreDetails(d)
}

func (c *call) coreCreateMethod() answer {
	m := c.fields()
	if text(m, "paymentMethod") == "" && text(m, "methodName") == "" {
		return coreError(http.StatusBadRequest, "paymentMethod is required")
	}
	return jsonAnswer(http.StatusCreated, object{"id": c.world.id(), "methodName": or(text(m, "methodName"), text(m, "paymentMethod")), "paymentGateway": or(text(m, "paymentGateway"), "external")})
}
