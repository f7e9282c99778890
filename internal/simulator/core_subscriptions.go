package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

func coreSubscriptionRoutes() []*route {
	routes := []*route{
		coreRoute("GET", "/subscriptions", (*call).coreListSubscriptions),
		coreRoute("POST", "/subscriptions", (*call).coreCreateSubscription),
		coreRoute("GET", "/subscriptions/{subscriptionId}", (*call).coreGetSubscription),
		coreRoute("PATCH", "/subscriptions/{subscriptionId}", (*call).corePatchSubscription),
		coreRoute("POST", "/subscription_switches", (*call).coreSwitch),
		coreRoute("GET", "/passes", (*call).coreListPasses),
		coreRoute("POST", "/passes", (*call).coreCreatePass),
		coreRoute("GET", "/passes/{passId}", (*call).coreGetPass),
		coreRoute("PATCH", "/passes/{passId}", (*call).corePatchPass),
		coreRoute("POST", "/passes/{passId}/terminate", (*call).coreTerminatePass),
		coreRoute("POST", "/passes/{passId}/transfer", (*call).coreTransferPass),
	}
	for _, action := range []string{"renew", "revive", "transfer", "cancel", "terminate", "activate", "pause", "resume"} {
		routes = append(routes, coreRoute("POST", "/subscriptions/{subscriptionId}/"+action, func(c *call) answer { return c.coreAct(action) }))
	}
	return routes
}

func coreSubscription(s *subscription) object {
	return object{
		"subscriptionId": s.id, "id": s.id, "customerId": s.customerID, "userId": s.customerID, "publisherId": PublisherID, "status": s.status, "dateFrom": s.from.Unix(),
		"dateTo": s.to.Unix(), "nextPaymentAction": "capture", "nextPaymentActionDate": s.to.Unix(), "subscriptionExternalId": nilText(s.externalID), "offerId": s.offerID,
		"paymentCountry": "US", "ipAddress": nilText(s.ip), "inTrial": s.inTrial, "couponCode": nilText(s.couponCode), "pendingSwitchId": nilText(s.switchID),
		"externalProperties": s.external, "paymentMethodId": s.paymentMethodID, "paymentDetailsId": s.detailsID, "isExternallyManaged": s.externally,
		"paymentGateway": gatewayOf(s.paymentMethodID), "replacedBy": nil, "originatedFrom": nil, "source": nil, "pause": nil,
		"renewalCycle": object{"completed": s.renewals, "unit": "month", "amount": 1},
	}
}

// subFailure is the failure body of calls on one subscription.
func subFailure(status int, message string) answer {
	return jsonAnswer(status, object{"success": false, "subscription": nil, "message": message})
}

// listFailure is the failure body of list calls.
func listFailure(status int, message string) answer {
	return jsonAnswer(status, object{"success": false, "data": nil, "message": message})
}

// statuses reads an array filter in its forms status[]=, status[0]= and status=.
func (c *call) statuses() []string {
	var list []string
	for name, values := range c.r.URL.Query() {
		if base, _, _ := cutBracket(name); base == "status" {
			list = append(list, values...)
		}
	}
	return list
}

func cutBracket(name string) (base, index string, array bool) {
	for i := range len(name) {
		if name[i] == '[' {
			return name[:i], name[i:], true
		}
	}
	return name, "", false
}

func (c *call) coreListSubscriptions() answer {
	offset, limit, ok := c.page(20, 100)
	if !ok {
		return listFailure(http.StatusBadRequest, "limit or offset value is invalid")
	}
	q := c.r.URL.Query()
	statuses := c.statuses()
	list := []object{}
	for _, s := range c.world.subsOf(atoi(q.Get("customerId"))) {
		switch {
		case q.Has("customerId") && s.customerID != atoi(q.Get("customerId")),
			q.Has("offerId") && s.offerID != q.Get("offerId"),
			q.Has("externalId") && s.externalID != q.Get("externalId"),
			q.Has("paymentMethodId") && s.paymentMethodID != atoi(q.Get("paymentMethodId")),
			len(statuses) > 0 && !slices.Contains(statuses, s.status):
			continue
		}
		list = append(list, coreSubscription(s))
	}
	return jsonAnswer(http.StatusOK, object{"success": true, "data": slicePage(list, offset, limit), "message": ""}).with("X-Total-Count", strconv.Itoa(len(list)))
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// coreCreateSubscription does not look whether the externalId was used before:
// nothing promises that a repeat would be recognised.
func (c *call) coreCreateSubscription() answer {
	m := c.fields()
	customerID, _ := integer(m, "customerId")
	method, hasMethod := integer(m, "paymentMethodId")
	o := c.world.offer(text(m, "offerId"))
	switch {
	case text(m, "externalId") == "":
		return coreError(http.StatusBadRequest, "externalId is required")
	case !hasMethod:
		return coreError(http.StatusBadRequest, "paymentMethodId is required")
	case c.world.customers[customerID] == nil:
		return coreError(http.StatusUnprocessableEntity, "Customer "+text(m, "customerId")+" not found")
	case o == nil || o.kind != 'S':
		return coreError(http.StatusUnprocessableEntity, "Offer "+text(m, "offerId")+" not found")
	}
	s := &subscription{
		id: c.world.id(), customerID: customerID, offerID: o.id, status: "active", from: c.server, to: o.after(c.server), externalID: text(m, "externalId"),
		paymentMethodID: method, inTrial: boolean(m, "inTrial"), externally: true, external: object{},
	}
	if external, ok := m["externalProperties"].(object); ok {
		s.external = external
	}
	if at, ok := integer(m, "expiresAt"); ok {
		s.to = time.Unix(int64(at), 0)
	}
	c.world.subs[s.id] = s
	return jsonAnswer(http.StatusCreated, coreSubscription(s))
}

func (c *call) coreGetSubscription() answer {
	s := c.world.subs[c.pathID("subscriptionId")]
	if s == nil {
		return coreError(http.StatusNotFound, "Subscription with id: "+c.vars["subscriptionId"]+" not found")
	}
	return jsonAnswer(http.StatusOK, coreSubscription(s))
}

func (c *call) corePatchSubscription() answer {
	s := c.world.subs[c.pathID("subscriptionId")]
	m := c.fields()
	switch {
	case s == nil:
		return subFailure(http.StatusNotFound, "Subscription with id "+c.vars["subscriptionId"]+" does not exists")
	case m == nil:
		return subFailure(http.StatusBadRequest, "Request body is not valid JSON")
	}
	if code := text(m, "couponCode"); code != "" {
		switch {
		case c.world.coupons[code] == nil:
			return subFailure(http.StatusUnprocessableEntity, "Coupon "+code+" not found")
		case s.couponCode == code:
			return subFailure(http.StatusUnprocessableEntity, "Coupon already applied")
		}
		s.couponCode = code
	}
	if status := text(m, "status"); status != "" {
		if !slices.Contains([]string{"active", "stopped", "terminated"}, status) {
			return subFailure(http.StatusBadRequest, "status value is invalid")
		}
		s.status = status
	}
	if at, ok := integer(m, "expiresAt"); ok {
		s.to = time.Unix(int64(at), 0)
	}
	if id, ok := integer(m, "paymentDetailsId"); ok {
		s.detailsID = id
	}
	if external, ok := m["externalProperties"].(object); ok {
		s.external = external
	}
	return jsonAnswer(http.StatusOK, object{"success": true, "subscription": coreSubscription(s), "message": ""})
}

// coreAct changes the state of a subscription. Renewing twice renews twice.
func (c *call) coreAct(action string) answer {
	s := c.world.subs[c.pathID("subscriptionId")]
	if s == nil {
		return subFailure(http.StatusNotFound, "Subscription with id: "+c.vars["subscriptionId"]+" not found")
	}
	m := c.fields()
	status := http.StatusOK
	if action != "revive" && action != "terminate" && s.status == "terminated" {
		return subFailure(http.StatusUnprocessableEntity, "Subscription is terminated")
	}
	switch action {
	case "renew":
		s.to = c.world.offer(s.offerID).after(s.to)
		if at, ok := integer(m, "expiresAt"); ok {
			s.to = time.Unix(int64(at), 0)
		}
		s.renewals++
	case "revive":
		at, ok := integer(m, "expirationDate")
		if !ok {
			return subFailure(http.StatusBadRequest, "expirationDate is required")
		}
		s.status, s.to = "active", time.Unix(int64(at), 0)
	case "transfer":
		id, _ := integer(m, "customerId")
		if c.world.customers[id] == nil {
			return subFailure(http.StatusUnprocessableEntity, "Customer not found")
		}
		s.customerID = id
	case "cancel":
		s.status = "stopped"
	case "terminate":
		s.status, s.to = "terminated", c.server
	case "pause":
		s.status = "paused"
	case "resume":
		s.status, status = "active", http.StatusAccepted
	default: // activate
		s.status = "active"
	}
	return jsonAnswer(status, coreSubscription(s))
}

func (c *call) coreSwitch() answer {
	m := c.fields()
	id, _ := integer(m, "subscriptionId")
	sub, to := c.world.subs[id], c.world.offer(text(m, "toOfferId"))
	switch {
	case sub == nil:
		return coreError(http.StatusUnprocessableEntity, "Subscription not found")
	case to == nil || to.kind != 'S':
		return coreError(http.StatusUnprocessableEntity, "Offer not found")
	case sub.switchID != "":
		return coreError(http.StatusUnprocessableEntity, "Another switch is already in progress")
	}
	return jsonAnswer(http.StatusOK, switchObject(c.newSwitch(sub, c.world.offer(sub.offerID), to)))
}
