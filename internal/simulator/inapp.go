package simulator

import (
	"net/http"
	"strings"
	"time"
)

func inAppRoutes() []*route {
	return []*route{
		{method: "POST", template: "/storekit2/purchases", surface: surfaceInApp, access: byEither, handle: (*call).storeKitPurchase},
		{method: "POST", template: "/storekit2/transfers", surface: surfaceInApp, access: byEither, handle: (*call).storeKitPurchase},
		{method: "GET", template: "/purchases/synchronizations/{synchronizationId}", surface: surfaceInApp, access: byEither, handle: (*call).synchronization},
	}
}

// syncTime is how long a purchase is being synchronized; a concurrent repeat for
// the same transaction conflicts until then.
const syncTime = time.Second

// storeKitPurchase accepts a purchase for later. The Correlation-Id of the
// request becomes the synchronization id.
func (c *call) storeKitPurchase() answer {
	m := c.fields()
	transactionID := or(text(m, "transactionId"), text(m, "originalTransactionId"))
	if transactionID == "" {
		return mediaError(http.StatusBadRequest, "REQ0001", "Missing or invalid parameter transactionId")
	}
	customer := c.customer
	if customer == nil {
		id, _ := integer(m, "customerId")
		if customer = c.world.customers[id]; customer == nil {
			return mediaError(http.StatusUnprocessableEntity, "SK2C0100", "Customer not found")
		}
	}
	for _, s := range c.world.syncs {
		if s.transactionID == transactionID && c.server.Before(s.readyAt) {
			return mediaError(http.StatusConflict, "SK2C0101", "Resource is locked by a concurrent request")
		}
	}
	id := c.r.Header.Get("Correlation-Id")
	if id == "" {
		id = c.sim.uuid()
	}
	c.world.id()
	c.world.syncs[id] = &purchaseSync{id: id, transactionID: transactionID, customerID: customer.id, readyAt: c.server.Add(syncTime)}
	return jsonAnswer(http.StatusAccepted, object{"responseData": object{"synchronizationId": id}, "errors": []string{}})
}

// synchronization reports on a purchase and grants it once it is ready.
func (c *call) synchronization() answer {
	s := c.world.syncs[c.vars["synchronizationId"]]
	if s == nil {
		return mediaError(http.StatusNotFound, "", "Synchronization not found")
	}
	status := "inProgress"
	if !c.server.Before(s.readyAt) {
		status = "success"
		if !s.done {
			s.done = true
			if o := c.world.offer(MonthlyOfferID); o != nil {
				c.grant(c.world.customers[s.customerID], o, methodOther)
			}
		}
	}
	return media(object{"synchronizationId": s.id, "status": status, "transactionId": s.transactionID})
}

func deviceRoutes() []*route {
	return []*route{
		{method: "POST", template: "/codes/generate", surface: surfaceDevice, access: public, handle: (*call).generateCode},
		{method: "POST", template: "/codes/authorize", surface: surfaceDevice, access: byJWT, handle: (*call).authorizeCode},
		{method: "GET", template: "/codes/{code}", surface: surfaceDevice, access: public, handle: (*call).codeStatus},
	}
}

const pinLifetime = 10 * time.Minute

// generateCode gives a device a PIN to show.
func (c *call) generateCode() answer {
	p := &pin{code: strings.ToUpper(c.sim.random.token(6)), expires: c.server.Add(pinLifetime)}
	c.world.id()
	c.world.pins[p.code] = p
	return jsonAnswer(http.StatusOK, object{"code": p.code, "expiresAt": p.expires.Unix()})
}

// authorizeCode binds a PIN to the customer who is logged in.
func (c *call) authorizeCode() answer {
	p := c.world.pins[strings.ToUpper(text(c.fields(), "code"))]
	if p == nil || !c.server.Before(p.expires) {
		return coreError(http.StatusNotFound, "Code is invalid or expired")
	}
	if p.customerID != 0 {
		return coreError(http.StatusConflict, "Code was already used")
	}
	p.customerID = c.customer.id
	return jsonAnswer(http.StatusOK, object{"success": true})
}

// codeStatus gives the device its tokens, once.
func (c *call) codeStatus() answer {
	p := c.world.pins[strings.ToUpper(c.vars["code"])]
	switch {
	case p == nil || !c.server.Before(p.expires):
		return coreError(http.StatusNotFound, "Code is invalid or expired")
	case p.customerID == 0:
		return jsonAnswer(http.StatusAccepted, object{"status": "pending"})
	}
	delete(c.world.pins, p.code)
	t := c.issue(p.customerID, false)
	return jsonAnswer(http.StatusOK, object{"status": "authorized", "jwt": t.jwt, "refreshToken": t.refresh})
}
