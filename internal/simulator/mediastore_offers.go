package simulator

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// buyerCountry is the country that decides price and language of an offer.
func (c *call) buyerCountry() string {
	if c.knobs.Data.JWTChangesPrice && c.customer != nil {
		return c.customer.country
	}
	return c.country()
}

// shown tells what an offer costs and is called for a country.
type shown struct {
	title, description string
	price, tax         float64
	market             market
}

func (o *offer) show(country string) shown {
	s := shown{}
	s.price, s.market = o.priceIn(country)
	s.title, s.description = o.titleIn(country)
	s.tax = s.market.tax
	return s
}

func (s shown) gross() float64 { return round2(s.price * (1 + s.tax)) }

// mediaOffer is the older offer resource of the MediaStore API.
func (c *call) mediaOffer(o *offer, country string) object {
	s := o.show(country)
	v := object{
		"offerId": o.id, "longId": o.id, "offerTitle": s.title, "title": s.title, "offerDescription": s.description, "description": s.description,
		"offerPrice": s.price, "offerCurrency": s.market.currency, "offerCurrencySymbol": currencySymbol(s.market.currency), "offerCountry": o.country,
		"customerPriceInclTax": s.gross(), "customerPriceExclTax": s.price, "customerCurrency": s.market.currency,
		"customerCurrencySymbol": currencySymbol(s.market.currency), "customerCountry": country, "discountedCustomerPriceInclTax": nil, "discountedCustomerPriceExclTax": nil,
		"discountPeriods": nil, "durationPeriod": nilText(o.period), "period": nilText(o.period), "freePeriods": 0, "freeDays": o.trialDays, "trialAvailable": o.trialDays > 0,
		"active": o.active, "offerType": string(o.kind), "offerUrl": "", "publisherEmail": "tv@example.com", "geoRestrictionEnabled": false, "geoRestrictionType": nil,
		"geoRestrictionCountries": []string{}, "socialCommissionRate": 0, "accessToTags": tagList(o), "contentType": nil, "contentExternalId": nil, "contentExternalData": nil,
		"createdAt": o.created.Unix(), "updatedAt": o.updated.Unix(), "applicableTaxRate": s.tax, "giftable": o.giftable,
	}
	if o.kind == 'E' {
		v["startTime"] = o.created.Add(210 * 24 * time.Hour).Unix()
	}
	if o.duration > 0 {
		v["expiresAt"] = c.server.Add(o.duration).Unix()
	}
	return v
}

func nilText(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func tagList(o *offer) []string {
	if o.tags == nil {
		return []string{}
	}
	return o.tags
}

// mediaOfferV2 is the resource of GET /v2/offers/{offerId}.
func mediaOfferV2(o *offer, country string) object {
	s := o.show(country)
	v := object{
		"id": shortID(o.id), "longId": o.id, "title": s.title, "description": s.description, "active": o.active, "type": offerType(o.kind),
		"price":          object{"amount": s.price, "currency": s.market.currency, "taxBehavior": "exclusive", "rules": []any{}},
		"geoRestriction": []any{}, "tags": tagList(o), "createdAt": o.created.Unix(), "updatedAt": o.updated.Unix(), "externalProperties": o.external,
		"appStoreProductIds": object{}, "imageUrl": "", "hasLandingPage": false, "localizations": localizationList(o), "sessionsLimit": 0, "giftable": o.giftable,
	}
	if o.period != "" {
		v["billingCycle"] = object{"periodUnit": o.period, "amount": 1}
	}
	if o.trialDays > 0 {
		v["freeTrial"] = object{"type": "day", "duration": o.trialDays}
	}
	if o.duration > 0 {
		v["entitlement"] = object{"expirationPolicy": "fixed", "duration": object{"amount": int(o.duration.Hours()), "periodUnit": "hour"}}
	}
	return v
}

func offerType(kind byte) string {
	return map[byte]string{'S': "subscription", 'P': "pass", 'E': "event", 'R': "rental", 'A': "single"}[kind]
}

func localizationList(o *offer) []object {
	list := []object{}
	for _, country := range sortedKeys(o.locals) {
		list = append(list, localizationObject(o, o.locals[country]))
	}
	return list
}

func localizationObject(o *offer, l *localization) object {
	return object{
		"id": shortID(o.id) + "_" + l.country, "title": l.title, "description": l.description, "countryCode": l.country, "active": l.active,
		"price": object{"amount": l.price, "currency": l.currency}, "geoRestriction": []any{},
	}
}

// listMediaOffers pages by page number and page size; the total stands in a header.
func (c *call) listMediaOffers() answer {
	q := c.r.URL.Query()
	size, number := 15, 1
	for name, into := range map[string]*int{"pageLimit": &size, "pageSize": &size, "page": &number, "pageNumber": &number} {
		if q.Has(name) {
			n, err := strconv.Atoi(q.Get(name))
			if err != nil || n < 1 || n > 1000 {
				return mediaError(http.StatusBadRequest, "REQ0002", "Invalid param "+name)
			}
			*into = n
		}
	}
	country := c.buyerCountry()
	var list []object
	for _, o := range c.world.offers {
		if kind := q.Get("type"); kind != "" && !strings.EqualFold(kind, string(o.kind)) && kind != offerType(o.kind) {
			continue
		}
		if status := q.Get("status"); status == "inactive" && o.active || status != "inactive" && !o.active {
			continue
		}
		list = append(list, c.mediaOffer(o, country))
	}
	total := len(list)
	page := slicePage(list, (number-1)*size, size)
	if page == nil {
		page = []object{}
	}
	return media(page).with("X-Total-Count", strconv.Itoa(total))
}

func (c *call) getMediaOffer() answer {
	o := c.world.offer(c.vars["offerId"])
	if o == nil {
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Offer "+c.vars["offerId"]+" doesn't exist")
	}
	return media(c.mediaOffer(o, c.buyerCountry()))
}

func (c *call) getMediaOfferV2() answer {
	o := c.world.offer(c.vars["offerId"])
	if o == nil {
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Offer "+c.vars["offerId"]+" doesn't exist")
	}
	return media(mediaOfferV2(o, c.buyerCountry()))
}

// offerForCustomer is what the checkout asks first; it fails if access exists.
func (c *call) offerForCustomer() answer {
	if !strings.EqualFold(c.vars["email"], c.customer.email) {
		return mediaError(http.StatusForbidden, "USER0003", "Customer is not associated with the token")
	}
	o := c.world.offer(c.vars["offerId"])
	switch {
	case o == nil:
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Offer "+c.vars["offerId"]+" doesn't exist")
	case !o.active:
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Offer is inactive")
	}
	granted := c.world.entitlement(c.customer.id, o.id, c.server).granted
	if granted && !o.giftable {
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Access already granted")
	}
	v := c.mediaOffer(o, c.buyerCountry())
	v["accessGranted"] = granted
	return media(v)
}

func (c *call) mediaEntitlement() answer {
	o := c.world.offer(c.vars["offerId"])
	if o == nil {
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Offer not found")
	}
	e := c.world.entitlement(c.customer.id, o.id, c.server)
	return media(object{"accessGranted": e.granted, "expiresAt": e.expiresAt()})
}

func (c *call) listPaymentMethods() answer {
	list := []object{}
	for _, m := range paymentMethods() {
		if m.id != methodOther {
			list = append(list, object{"id": m.id, "methodName": m.name, "paymentGateway": m.gateway, "logoUrl": ""})
		}
	}
	return media(object{"message": "", "paymentMethods": list, "status": 1})
}

func (c *call) listCampaigns() answer {
	list := []object{}
	for _, code := range sortedKeys(c.world.coupons) {
		cp := c.world.coupons[code]
		list = append(list, object{"name": cp.name, "discount": cp.discount * 100, "status": "active"})
	}
	return media(object{"campaigns": list})
}
