package simulator

import (
	"slices"
	"strings"
)

// rpcPage cuts offset and limit out of a list, with the total beside it.
func rpcPage(r *rpcCall, list []object) (any, *rpcError) {
	offset, _ := integer(r.params, "offset")
	limit, ok := integer(r.params, "limit")
	if !ok {
		limit = 100
	}
	if offset < 0 || limit < 1 || limit > 100 {
		return nil, rpcErr(rpcMissingData, "offset or limit is invalid")
	}
	return object{"items": slicePage(list, offset, limit), "totalItemCount": len(list)}, nil
}

func rpcOfferMethods() map[string]rpcMethod {
	kinds := map[string]byte{"Subscription": 'S', "Pass": 'P', "Event": 'E', "Rental": 'R', "Single": 'A', "Vod": 'A'}
	m := map[string]rpcMethod{
		"listOffers": {rpcByPublisher, func(r *rpcCall) (any, *rpcError) { return r.listOffers(0) }},
	}
	for name, kind := range kinds {
		get := func(r *rpcCall) (any, *rpcError) { return r.getOffer(kind) }
		m["get"+name+"Offer"] = rpcMethod{rpcPublic, get}
		m["list"+name+"Offers"] = rpcMethod{rpcByPublisher, func(r *rpcCall) (any, *rpcError) { return r.listOffers(kind) }}
		m["create"+name+"Offer"] = rpcMethod{rpcByPublisher, func(r *rpcCall) (any, *rpcError) { return r.createOffer(kind) }}
		m["update"+name+"Offer"] = rpcMethod{rpcByPublisher, func(r *rpcCall) (any, *rpcError) { return r.updateOffer(kind, nil) }}
		m["deactivate"+name+"Offer"] = rpcMethod{rpcByPublisher, func(r *rpcCall) (any, *rpcError) { return r.updateOffer(kind, new(bool)) }}
	}
	return m
}

func (r *rpcCall) offerObject(o *offer) object {
	s := o.show(r.rpcCountry())
	v := object{
		"id": o.id, "title": s.title, "description": s.description, "price": s.price, "currency": s.market.currency, "country": o.country, "active": o.active,
		"type": offerType(o.kind), "tags": tagList(o), "accessToTags": tagList(o), "url": nil, "videoId": nil, "contentExternalId": nil,
		"createdAt": o.created.Unix(), "updatedAt": o.updated.Unix(), "publisherEmail": "tv@example.com", "customerPriceInclTax": s.gross(), "customerCurrency": s.market.currency,
		"geoRestrictionEnabled": false, "geoRestrictionCountries": []string{},
	}
	if o.period != "" {
		v["period"], v["freePeriods"], v["freeDays"] = o.period, 0, o.trialDays
	}
	return v
}

// rpcCountry follows ipAddress in params, else the source address.
func (r *rpcCall) rpcCountry() string {
	if a, ok := parseAddr(or(text(r.params, "ipAddress"), text(r.params, "customerIp"))); ok {
		return countryOf(a, r.knobs.Data.Countries)
	}
	return countryOf(r.addr, r.knobs.Data.Countries)
}

func (r *rpcCall) findOffer(kind byte) (*offer, *rpcError) {
	id := text(r.params, "offerId")
	o := r.world.offer(id)
	if o == nil || o.kind != kind {
		return nil, rpcErr(rpcNoOffer, "Offer "+id+" does not exist")
	}
	return o, nil
}

func (r *rpcCall) getOffer(kind byte) (any, *rpcError) {
	o, fail := r.findOffer(kind)
	if fail != nil {
		return nil, fail
	}
	return r.offerObject(o), nil
}

func (r *rpcCall) listOffers(kind byte) (any, *rpcError) {
	list := []object{}
	criteria := r.data("criteria")
	for _, o := range r.world.offers {
		if kind != 0 && o.kind != kind || criteria["active"] != nil && boolean(criteria, "active") != o.active {
			continue
		}
		list = append(list, r.offerObject(o))
	}
	return rpcPage(r, list)
}

func (r *rpcCall) createOffer(kind byte) (any, *rpcError) {
	d := r.data("offerData")
	if text(d, "title") == "" {
		return nil, rpcErr(rpcMissingData, "title is missing")
	}
	o := &offer{
		kind: kind, currency: "USD", country: "US", active: true, version: 1, created: r.server, updated: r.server, external: object{}, locals: map[string]*localization{},
		period: text(d, "period"),
	}
	if kind == 'S' {
		o.period = or(o.period, "month")
	}
	o.apply(d)
	o.id = string(kind) + itoa(r.world.id()) + "_" + o.country
	r.world.offers = append(r.world.offers, o)
	return r.offerObject(o), nil
}

func (r *rpcCall) updateOffer(kind byte, active *bool) (any, *rpcError) {
	o, fail := r.findOffer(kind)
	if fail != nil {
		return nil, fail
	}
	if active != nil {
		o.active = *active
	}
	o.apply(r.data("offerData"))
	o.version++
	o.updated = r.server
	return r.offerObject(o), nil
}

func (r *rpcCall) listSubscriptions() (any, *rpcError) {
	customer, fail := r.byEmail()
	if fail != nil {
		return nil, fail
	}
	list := []object{}
	for _, s := range r.world.subsOf(customer.id) {
		list = append(list, coreSubscription(s))
	}
	return rpcPage(r, list)
}

func (r *rpcCall) rpcUpdateSubscription() (any, *rpcError) {
	customer, fail := r.byEmail()
	if fail != nil {
		return nil, fail
	}
	data := r.data("offerParams")
	if data == nil {
		data = r.data("subscriptionData")
	}
	for _, s := range r.world.subsOf(customer.id) {
		if shortID(s.offerID) != shortID(text(r.params, "offerId")) {
			continue
		}
		if status := text(data, "status"); slices.Contains([]string{"active", "cancelled"}, status) {
			s.status = strings.Replace(status, "cancelled", "stopped", 1)
		}
		return coreSubscription(s), nil
	}
	return nil, rpcErr(rpcNoOffer, "No subscription to this offer")
}

func (r *rpcCall) listTransactions() (any, *rpcError) {
	list := []object{}
	criteria := r.data("criteria")
	for _, id := range sortedKeys(r.world.customers) {
		customer := r.world.customers[id]
		if email := text(criteria, "customerEmail"); email != "" && !strings.EqualFold(email, customer.email) {
			continue
		}
		for _, t := range customer.transactions {
			list = append(list, transactionObject(t))
		}
	}
	return rpcPage(r, list)
}

func (r *rpcCall) offerIDsByVideo() (any, *rpcError) {
	if text(r.params, "videoId") == "" {
		return nil, rpcErr(rpcMissingData, "videoId is missing")
	}
	return rpcPage(r, []object{})
}

func (r *rpcCall) rpcPaymentDetails() (any, *rpcError) {
	customer, fail := r.byEmail()
	if fail != nil {
		return nil, fail
	}
	list := []object{}
	for _, d := range r.world.detailsOf(customer.id) {
		if d.active {
			list = append(list, detailObject(d))
		}
	}
	return object{"paymentDetails": list}, nil
}

func (r *rpcCall) rpcDeletePaymentDetails() (any, *rpcError) {
	id, _ := integer(r.params, "paymentDetailsId")
	d := r.world.details[id]
	if d == nil || !d.active {
		return nil, rpcErr(rpcMissingData, "Payment details not found")
	}
	d.active = false
	return object{"success": true}, nil
}
