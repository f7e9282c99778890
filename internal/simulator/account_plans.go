package simulator

import (
	"net/http"
	"strconv"
)

func (c *call) subscriptionObject(s *subscription) object {
	o := c.world.offer(s.offerID)
	shown := o.show(c.customer.country)
	return object{
		"offerId": s.offerID, "offerTitle": shown.title, "status": mediaStatus(s.status), "expiresAt": s.to.Unix(), "nextPaymentAt": s.to.Unix(), "nextPaymentPrice": shown.gross(),
		"nextPaymentCurrency": shown.market.currency, "paymentGateway": gatewayOf(s.paymentMethodID), "paymentMethod": methodNameOf(s.paymentMethodID),
		"subscriptionId": s.id, "period": o.period, "inTrial": s.inTrial, "pendingSwitchId": nilText(s.switchID), "isExternallyManaged": s.externally,
	}
}

func (c *call) customerSubscriptions() answer {
	items := []object{}
	for _, s := range c.world.subsOf(c.customer.id) {
		items = append(items, c.subscriptionObject(s))
	}
	return media(object{"items": items})
}

// patchSubscriptions cancels or resumes the subscription to an offer.
func (c *call) patchSubscriptions() answer {
	m := c.fields()
	status := text(m, "status")
	if status != "cancelled" && status != "active" {
		return mediaError(http.StatusBadRequest, "REQ0001", "Invalid param status")
	}
	for _, s := range c.world.subsOf(c.customer.id) {
		if shortID(s.offerID) != shortID(text(m, "offerId")) || s.status != "active" && s.status != "stopped" {
			continue
		}
		s.status, s.cancelReason = "active", ""
		if status == "cancelled" {
			s.status, s.cancelReason = "stopped", text(m, "cancellationReason")
		}
		return media(object{"offerId": s.offerID, "status": mediaStatus(s.status), "expiresAt": s.to.Unix()})
	}
	return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Subscription not found")
}

func (c *call) couponOnSubscription() answer {
	s := c.world.subs[c.pathID("subscriptionId")]
	if s == nil || s.customerID != c.customer.id {
		return mediaError(http.StatusNotFound, "", "Subscription not found")
	}
	code := text(c.fields(), "couponCode")
	switch {
	case c.world.coupons[code] == nil:
		return mediaError(http.StatusUnprocessableEntity, "", "Coupon "+code+" not found")
	case s.couponCode == code:
		return mediaError(http.StatusUnprocessableEntity, "", "Coupon already applied")
	}
	s.couponCode = code
	return media(object{"message": "Coupon applied", "subscription": c.subscriptionObject(s)})
}

func detailObject(d *paymentDetail) object {
	return object{
		"id": d.id, "customerId": d.customerID, "paymentGateway": d.gateway, "paymentMethod": d.method, "paymentMethodSpecificParams": d.params,
		"paymentMethodId": d.methodID, "active": d.active, "bound": d.bound,
	}
}

func (c *call) paymentDetails() answer {
	list := []object{}
	for _, d := range c.world.detailsOf(c.customer.id) {
		if d.active {
			list = append(list, detailObject(d))
		}
	}
	return media(object{"paymentDetails": list})
}

func (c *call) deletePaymentDetails() answer {
	d := c.world.details[c.pathID("paymentDetailsId")]
	if d == nil || d.customerID != c.customer.id || !d.active {
		return mediaError(http.StatusNotFound, "", "Payment details not found")
	}
	d.active, d.bound = false, false
	return media(object{"success": true})
}

func transactionObject(t *transaction) object {
	return object{
		"transactionId": "T" + strconv.Itoa(t.id), "transactionDate": t.at.Unix(), "offerId": t.offerID, "offerType": t.offerID[:1], "offerTitle": t.title, "offerPeriod": "",
		"publisherSiteName": PublisherName, "transactionPriceExclTax": strconv.FormatFloat(t.amount, 'f', 2, 64), "transactionCurrency": t.currency,
		"contentExternalId": nil, "contentType": nil, "shortUrl": "", "campaignId": nil, "campaignName": nil, "couponCode": nil, "discountType": nil, "discountRate": "0",
		"discountValue": "0", "discountedOfferPrice": strconv.FormatFloat(t.amount, 'f', 2, 64), "offerCurrency": t.currency, "offerPriceExclTax": strconv.FormatFloat(t.amount, 'f', 2, 64),
		"applicableTax": "0", "transactionPriceInclTax": strconv.FormatFloat(t.amount, 'f', 2, 64), "appliedExchangeRateCustomer": "1", "customerId": nil, "customerEmail": nil,
		"customerLocale": nil, "customerCountry": t.country, "customerIpCountry": t.country, "customerCurrency": t.currency, "paymentMethod": t.method, "paymentGateway": t.gateway,
		"referalUrl": nil, "transactionExternalData": nil, "publisherId": strconv.Itoa(PublisherID), "targetType": t.targetType, "targetId": t.targetID, "externalTransactionId": t.externalID,
	}
}

func (c *call) customerTransactions() answer {
	offset, limit, ok := c.page(50, 1000)
	if !ok {
		return mediaError(http.StatusBadRequest, "REQ0002", "Invalid param limit or offset")
	}
	items := []object{}
	for _, t := range slicePage(c.customer.transactions, offset, limit) {
		items = append(items, transactionObject(t))
	}
	return media(object{"items": items}).with("X-Total-Count", strconv.Itoa(len(c.customer.transactions)))
}

func (c *call) receipt() answer {
	for _, t := range c.customer.transactions {
		if c.vars["transactionId"] == "T"+strconv.Itoa(t.id) || c.vars["transactionId"] == strconv.Itoa(t.id) {
			return media(transactionObject(t))
		}
	}
	return mediaError(http.StatusNotFound, "", "Transaction not found")
}
