package simulator

import "net/http"

// Algorithms of a plan switch, as the published client knows them.
const (
	switchNow      = "IMMEDIATE_AND_CHARGE_WITH_REFUND"
	switchDeferred = "DEFERRED"
)

func switchObject(s *planSwitch) object {
	return object{
		"id": s.id, "customerId": s.customerID, "direction": s.direction, "algorithm": s.algorithm, "fromOfferId": s.from, "toOfferId": s.to,
		"subscriptionId": s.subID, "status": s.status, "createdAt": s.created.Unix(), "updatedAt": s.updated.Unix(),
	}
}

// activeSub finds the running subscription of a customer to an offer.
func (w *world) activeSub(customerID int, offerID string) *subscription {
	for _, s := range w.subsOf(customerID) {
		if shortID(s.offerID) == shortID(offerID) && s.status == "active" {
			return s
		}
	}
	return nil
}

func direction(from, to *offer) (way, algorithm string) {
	if yearly(to) > yearly(from) {
		return "upgrade", switchNow
	}
	return "downgrade", switchDeferred
}

func yearly(o *offer) float64 {
	switch o.period {
	case "week":
		return o.price * 52
	case "month":
		return o.price * 12
	default:
		return o.price
	}
}

func (c *call) switchAvailability() answer {
	from := c.world.offer(c.vars["offerId"])
	if from == nil {
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Offer not found")
	}
	sub := c.world.activeSub(c.customer.id, from.id)
	available, unavailable := []object{}, []object{}
	for _, to := range c.world.offers {
		if to.kind != 'S' || to == from || !to.active {
			continue
		}
		shown := to.show(c.customer.country)
		way, algorithm := direction(from, to)
		v := object{
			"toOfferId": to.id, "algorithm": algorithm, "switchDirection": way, "title": shown.title, "price": shown.gross(), "currency": shown.market.currency,
			"currencySymbol": currencySymbol(shown.market.currency), "period": to.period, "nextPaymentPrice": shown.gross(), "nextPaymentPriceCurrency": shown.market.currency,
			"nextPaymentPriceCurrencySymbol": currencySymbol(shown.market.currency), "couponNotApplicable": false,
		}
		reason := ""
		switch {
		case sub == nil:
			reason = "NO_ACTIVE_SUBSCRIPTION"
		case sub.switchID != "":
			reason = "SWITCH_IN_PROGRESS"
		case to.price == 0 && from.price > 0:
			reason = "TO_FREE_OFFER_NOT_ALLOWED"
		case c.world.entitlement(c.customer.id, to.id, c.server).granted:
			reason = "ALREADY_HAS_ACCESS"
		}
		if reason == "" {
			available = append(available, v)
			continue
		}
		v["reason"] = object{"code": reason, "message": reason}
		unavailable = append(unavailable, v)
	}
	return media(object{"available": available, "unavailable": unavailable})
}

func (c *call) requestSwitch() answer {
	from, to := c.world.offer(c.vars["offerId"]), c.world.offer(text(c.fields(), "toOfferId"))
	if from == nil || to == nil || to.kind != 'S' {
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Offer not found")
	}
	sub := c.world.activeSub(c.customer.id, from.id)
	switch {
	case sub == nil:
		return mediaError(http.StatusUnprocessableEntity, "", "No active subscription to switch from")
	case sub.switchID != "":
		return mediaError(http.StatusUnprocessableEntity, "", "Another switch is already in progress")
	case to.price == 0 && from.price > 0:
		return mediaError(http.StatusUnprocessableEntity, "", "Switch to a free offer is not allowed")
	}
	return media(switchObject(c.newSwitch(sub, from, to)))
}

func (c *call) newSwitch(sub *subscription, from, to *offer) *planSwitch {
	way, algorithm := direction(from, to)
	s := &planSwitch{
		id: c.sim.uuid(), customerID: sub.customerID, subID: sub.id, from: from.id, to: to.id, direction: way, algorithm: algorithm, status: "pending",
		created: c.server, updated: c.server,
	}
	c.world.id()
	c.world.switches[s.id] = s
	if algorithm == switchDeferred {
		sub.switchID = s.id
		return s
	}
	s.status = "finished"
	sub.offerID, sub.from, sub.to = to.id, c.server, to.after(c.server)
	return s
}

func (c *call) ownSwitches() []*planSwitch {
	var list []*planSwitch
	for _, id := range sortedKeys(c.world.switches) {
		if s := c.world.switches[id]; s.customerID == c.customer.id {
			list = append(list, s)
		}
	}
	return list
}

func (c *call) listSwitches() answer {
	list := []object{}
	for _, s := range c.ownSwitches() {
		list = append(list, switchObject(s))
	}
	return media(list)
}

func (c *call) getSwitch() answer {
	s := c.world.switches[c.vars["switchId"]]
	if s == nil || s.customerID != c.customer.id {
		return mediaError(http.StatusNotFound, "", "Subscription switch not found")
	}
	return media(switchObject(s))
}

func (c *call) patchSwitch() answer {
	s := c.world.switches[c.vars["switchId"]]
	switch {
	case s == nil || s.customerID != c.customer.id:
		return mediaError(http.StatusNotFound, "", "Subscription switch not found")
	case text(c.fields(), "status") != "cancelled":
		return mediaError(http.StatusBadRequest, "REQ0001", "Invalid param status")
	case s.status == "finished":
		return mediaError(http.StatusUnprocessableEntity, "", "Subscription switch is finished")
	}
	s.status, s.updated = "cancelled", c.server
	if sub := c.world.subs[s.subID]; sub != nil {
		sub.switchID = ""
	}
	return media(switchObject(s))
}
