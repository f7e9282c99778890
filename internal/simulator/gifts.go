package simulator

import (
	"net/http"
	"time"
)

func giftObject(g *gift) object {
	unix := func(t time.Time) any {
		if t.IsZero() {
			return nil
		}
		return t.Unix()
	}
	return object{
		"id": g.id, "code": g.code, "offerId": g.offerID, "sentAt": unix(g.sentAt), "redeemedAt": unix(g.redeemed),
		"deliveryDetails": object{"recipientEmail": nilText(g.email), "personalNote": nilText(g.note), "deliveryDate": unix(g.delivery)},
	}
}

func (w *world) giftByCode(code string) *gift {
	for _, g := range w.gifts {
		if g.code == code {
			return g
		}
	}
	return nil
}

func (c *call) getGift() answer {
	g := c.world.gifts[c.pathID("giftId")]
	if g == nil || c.customer != nil && g.buyerID != c.customer.id {
		return c.noGift()
	}
	return c.plain(giftObject(g))
}

// noGift and plain answer in the shape of the surface, as gifts stand on two.
func (c *call) noGift() answer {
	return failure(c.surface, http.StatusNotFound, "", "Gift not found")
}

func (c *call) plain(v any) answer {
	if c.surface == surfaceCore {
		return jsonAnswer(http.StatusOK, v)
	}
	return media(v)
}

func (c *call) patchGift() answer {
	g := c.world.gifts[c.pathID("giftId")]
	switch {
	case g == nil || c.customer != nil && g.buyerID != c.customer.id:
		return c.noGift()
	case !g.redeemed.IsZero():
		return failure(c.surface, http.StatusConflict, "", "Gift was already redeemed")
	}
	details := c.fields()
	if inner, ok := details["deliveryDetails"].(object); ok {
		details = inner
	}
	for name, field := range map[string]*string{"recipientEmail": &g.email, "personalNote": &g.note} {
		if v := text(details, name); v != "" {
			*field = v
		}
	}
	if at, ok := integer(details, "deliveryDate"); ok {
		g.delivery = time.Unix(int64(at), 0)
	}
	return c.plain(giftObject(g))
}

// verification tells whether and how a gift can be redeemed.
func (c *call) verification(g *gift, redeemer int) object {
	v := object{"redeemable": false, "redeemMode": nil, "redeemRefusalReason": nil, "extendedSubscriptionId": nil, "offerId": nil}
	if g == nil {
		v["redeemRefusalReason"] = "GIFT_NOT_FOUND"
		return v
	}
	v["offerId"] = g.offerID
	if !g.redeemed.IsZero() {
		v["redeemRefusalReason"] = "GIFT_ALREADY_REDEEMED"
		return v
	}
	v["redeemable"], v["redeemMode"] = true, "CREATE"
	if sub := c.world.activeSub(redeemer, g.offerID); sub != nil {
		v["redeemMode"], v["extendedSubscriptionId"] = "EXTEND", sub.id
	}
	return v
}

func (c *call) verifyGift() answer {
	g := c.world.giftByCode(c.vars["code"])
	if g == nil {
		return c.noGift()
	}
	redeemer := 0
	if c.customer != nil {
		redeemer = c.customer.id
	} else if id := c.world.customers[atoi(c.r.URL.Query().Get("redeemerId"))]; id != nil {
		redeemer = id.id
	}
	return c.plain(c.verification(g, redeemer))
}

// redeemGift works once: a second call conflicts.
func (c *call) redeemGift() answer {
	g := c.world.giftByCode(c.vars["code"])
	redeemer := c.customer
	if redeemer == nil {
		id, _ := integer(c.fields(), "redeemerId")
		redeemer = c.world.customers[id]
	}
	switch {
	case g == nil:
		return c.noGift()
	case redeemer == nil:
		return failure(c.surface, http.StatusUnprocessableEntity, "USER0004", "Customer does not exist")
	case !g.redeemed.IsZero():
		return failure(c.surface, http.StatusConflict, "", "Gift was already redeemed")
	}
	g.redeemed = c.server
	c.grant(redeemer, c.world.offer(g.offerID), methodCoupon)
	return c.plain(object{"success": true, "gift": giftObject(g)})
}
