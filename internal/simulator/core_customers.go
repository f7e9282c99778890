package simulator

import (
	"net/http"
	"strconv"
	"time"
)

func coreRoutes() []*route {
	return []*route{
		coreRoute("GET", "/entitlements", (*call).coreListEntitlements),
		coreRoute("GET", "/entitlements/customer_id/{cid}/offer_id/{oid}", (*call).coreEntitlement),
		coreRoute("GET", "/customers/{cid}", (*call).coreGetCustomer),
		coreRoute("PATCH", "/customers/{cid}", (*call).corePatchCustomer),
		coreRoute("DELETE", "/customers/{cid}", (*call).coreDeleteCustomer),
		coreRoute("POST", "/customers/request_password_reset", (*call).coreRequestReset),
		coreRoute("GET", "/gifts/{giftId}", (*call).getGift),
		coreRoute("PATCH", "/gifts/{giftId}", (*call).patchGift),
		coreRoute("GET", "/gifts/{code}/verification", (*call).verifyGift),
		coreRoute("POST", "/gifts/{code}/redeem", (*call).redeemGift),
		coreRoute("GET", "/campaigns", (*call).coreCampaigns),
		coreRoute("GET", "/webhook_subscriptions", (*call).coreWebhooks),
		coreRoute("PUT", "/webhook_subscriptions/{topic}", (*call).corePutWebhooks),
		coreRoute("PUT", "/dunning/{action}", func(*call) answer { return jsonAnswer(http.StatusOK, object{"success": true}) }),
	}
}

func (c *call) coreEntitlement() answer {
	o := c.world.offer(c.vars["oid"])
	customer := c.world.customers[c.pathID("cid")]
	switch {
	case customer == nil:
		return coreError(http.StatusNotFound, "Customer not found")
	case o == nil:
		return coreError(http.StatusNotFound, "Offer not found")
	}
	e := c.world.entitlement(customer.id, o.id, c.server)
	return jsonAnswer(http.StatusOK, object{"customerId": customer.id, "offerId": o.id, "accessGranted": e.granted, "expiresAt": e.expiresAt()})
}

func (c *call) coreListEntitlements() answer {
	q := c.r.URL.Query()
	offset, limit, ok := c.page(20, 100)
	if !ok {
		return listFailure(http.StatusBadRequest, "limit or offset value is invalid")
	}
	customer := c.world.customers[atoi(q.Get("customerId"))]
	if email := q.Get("email"); customer == nil && email != "" {
		customer = c.world.customerByEmail(email)
	}
	if customer == nil {
		return listFailure(http.StatusNotFound, "Customer not found")
	}
	list := []object{}
	for _, e := range c.world.entitlements(customer.id, c.server) {
		status := "inactive"
		if e.granted {
			status = "active"
		}
		if q.Has("status") && q.Get("status") != status || q.Has("type") && q.Get("type") != e.kind {
			continue
		}
		list = append(list, object{"customerId": customer.id, "offerId": e.offerID, "accessGranted": e.granted, "expiresAt": e.expiresAt(), "status": status, "type": e.kind})
	}
	return jsonAnswer(http.StatusOK, object{"success": true, "data": slicePage(list, offset, limit), "message": ""}).with("X-Total-Count", strconv.Itoa(len(list)))
}

func (c *call) coreCustomer() (*customer, answer, bool) {
	customer := c.world.customers[c.pathID("cid")]
	if customer == nil {
		return nil, coreError(http.StatusNotFound, "Customer "+c.vars["cid"]+" not found"), false
	}
	return customer, answer{}, true
}

func coreCustomerAnswer(customer *customer) answer {
	v := customerObject(customer)
	v["id"] = customer.id
	return jsonAnswer(http.StatusOK, object{"success": true, "message": "", "data": v})
}

func (c *call) coreGetCustomer() answer {
	customer, a, ok := c.coreCustomer()
	if !ok {
		return a
	}
	return coreCustomerAnswer(customer)
}

func (c *call) corePatchCustomer() answer {
	customer, a, ok := c.coreCustomer()
	m := c.fields()
	switch {
	case !ok:
		return a
	case m == nil:
		return coreError(http.StatusBadRequest, "Request body is not valid JSON")
	}
	if email := text(m, "email"); email != "" && email != customer.email {
		if c.world.customerByEmail(email) != nil {
			return coreError(http.StatusUnprocessableEntity, "Customer with this email already exists")
		}
		c.world.rename(customer, email)
	}
	customer.patch(m)
	return coreCustomerAnswer(customer)
}

// coreDeleteCustomer anonymizes for good; it is refused while access is granted.
func (c *call) coreDeleteCustomer() answer {
	customer, a, ok := c.coreCustomer()
	if !ok {
		return a
	}
	for _, e := range c.world.entitlements(customer.id, c.server) {
		if e.granted {
			return coreError(http.StatusUnprocessableEntity, "Customer has active entitlements")
		}
	}
	c.world.revokeRefresh(customer.id)
	c.world.revokedUpTo[customer.id] = c.world.nextID
	c.world.rename(customer, "anonymized-"+strconv.Itoa(customer.id)+"@example.invalid")
	customer.firstName, customer.lastName, customer.password, customer.anonymized = "", "", "", true
	return noContent()
}

func (c *call) coreRequestReset() answer {
	m := c.fields()
	customer := c.world.customerByEmail(or(text(m, "customerEmail"), text(m, "email")))
	if customer == nil {
		return coreError(http.StatusNotFound, "Customer not found")
	}
	c.world.resets[c.sim.random.token(32)] = customer.id
	c.world.id()
	return jsonAnswer(http.StatusOK, object{"success": true, "message": ""})
}

func (c *call) coreCampaigns() answer {
	code := c.r.URL.Query().Get("couponCode")
	if code == "" {
		return coreError(http.StatusBadRequest, "couponCode is required")
	}
	list := []object{}
	if cp := c.world.coupons[code]; cp != nil {
		list = append(list, object{
			"name": cp.name, "discount": cp.discount * 100, "usagePerCoupon": "unlimited", "status": "active",
			"constraints": object{"offerTypes": []string{}, "paymentType": "any", "offers": []string{}, "tags": []string{}},
		})
	}
	return jsonAnswer(http.StatusOK, object{"message": "", "data": list})
}

func (c *call) coreWebhooks() answer {
	list := []object{}
	for _, topic := range sortedKeys(c.world.webhooks) {
		list = append(list, object{"topic": topic, "urls": c.world.webhooks[topic]})
	}
	return jsonAnswer(http.StatusOK, object{"data": list})
}

// corePutWebhooks replaces the whole list of a topic.
func (c *call) corePutWebhooks() answer {
	list, ok := c.fields()["urls"].([]any)
	if !ok {
		return coreError(http.StatusBadRequest, "urls is required")
	}
	urls := []string{}
	for _, item := range list {
		if s, isText := item.(string); isText {
			urls = append(urls, s)
		}
	}
	c.world.webhooks[c.vars["topic"]] = urls
	c.world.id()
	return jsonAnswer(http.StatusOK, object{"topic": c.vars["topic"], "urls": urls})
}

func passObject(p *pass) object {
	return object{
		"passId": p.id, "customerId": p.customerID, "status": p.status, "expiresAt": p.expires.Unix(), "offerId": p.offerID, "externalId": nilText(p.externalID),
		"externalProperties": p.external, "paymentMethodId": p.paymentMethodID, "isExternallyManaged": p.externally, "replacedBy": nil, "originatedFrom": nil, "source": nil,
	}
}

func (c *call) coreListPasses() answer {
	offset, limit, ok := c.page(20, 100)
	if !ok {
		return listFailure(http.StatusBadRequest, "limit or offset value is invalid")
	}
	list := []object{}
	for _, p := range c.world.passesOf(atoi(c.r.URL.Query().Get("customerId"))) {
		list = append(list, passObject(p))
	}
	return jsonAnswer(http.StatusOK, object{"success": true, "data": slicePage(list, offset, limit), "message": ""}).with("X-Total-Count", strconv.Itoa(len(list)))
}

func (c *call) coreCreatePass() answer {
	m := c.fields()
	customerID, _ := integer(m, "customerId")
	o := c.world.offer(text(m, "offerId"))
	if c.world.customers[customerID] == nil || o == nil || o.kind == 'S' {
		return coreError(http.StatusUnprocessableEntity, "Customer or offer not found")
	}
	method, _ := integer(m, "paymentMethodId")
	p := &pass{
		id: c.world.id(), customerID: customerID, offerID: o.id, status: "active", expires: o.after(c.server), externalID: text(m, "externalId"),
		paymentMethodID: method, external: object{}, externally: true,
	}
	if at, ok := integer(m, "expiresAt"); ok {
		p.expires = time.Unix(int64(at), 0)
	}
	c.world.passes[p.id] = p
	return jsonAnswer(http.StatusCreated, passObject(p))
}

// onPass runs change on the path's pass.
func (c *call) onPass(change func(p *pass) (answer, bool)) answer {
	p := c.world.passes[c.pathID("passId")]
	if p == nil {
		return coreError(http.StatusNotFound, "Pass with id: "+c.vars["passId"]+" not found")
	}
	if a, refused := change(p); refused {
		return a
	}
	return jsonAnswer(http.StatusOK, passObject(p))
}

func (c *call) coreGetPass() answer {
	return c.onPass(func(*pass) (answer, bool) { return answer{}, false })
}

func (c *call) corePatchPass() answer {
	m := c.fields()
	return c.onPass(func(p *pass) (answer, bool) {
		if at, ok := integer(m, "expiresAt"); ok {
			p.expires = time.Unix(int64(at), 0)
		}
		if external, ok := m["externalProperties"].(object); ok {
			p.external = external
		}
		return answer{}, false
	})
}

func (c *call) coreTerminatePass() answer {
	return c.onPass(func(p *pass) (answer, bool) {
		p.status = "terminated"
		return answer{}, false
	})
}

func (c *call) coreTransferPass() answer {
	id, _ := integer(c.fields(), "customerId")
	return c.onPass(func(p *pass) (answer, bool) {
		if c.world.customers[id] == nil {
			return coreError(http.StatusUnprocessableEntity, "Customer not found"), true
		}
		p.customerID = id
		return answer{}, false
	})
}
