package simulator

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
)

func coreRoute(method, template string, h func(*call) answer) *route {
	return &route{method: method, template: "/3.1" + template, surface: surfaceCore, access: byKey, handle: h}
}

func coreOfferRoutes() []*route {
	return []*route{
		coreRoute("GET", "/offers", (*call).coreListOffers),
		coreRoute("POST", "/offers", (*call).coreCreateOffer),
		coreRoute("GET", "/offers/{offerId}", (*call).coreGetOffer),
		coreRoute("PATCH", "/offers/{offerId}", (*call).corePatchOffer),
		coreRoute("POST", "/offers/{offerId}/activate", func(c *call) answer { return c.coreActivate(true) }),
		coreRoute("POST", "/offers/{offerId}/deactivate", func(c *call) answer { return c.coreActivate(false) }),
		coreRoute("POST", "/offers/{offerId}/localizations", (*call).coreAddLocalization),
		coreRoute("PATCH", "/offers/{offerId}/localizations/{country}", (*call).corePatchLocalization),
		coreRoute("POST", "/offers/{offerId}/localizations/{country}/activate", func(c *call) answer { return c.coreActivateLocalization(true) }),
		coreRoute("POST", "/offers/{offerId}/localizations/{country}/deactivate", func(c *call) answer { return c.coreActivateLocalization(false) }),
		coreRoute("GET", "/offers/season-groups", (*call).seasonGroups),
		coreRoute("POST", "/offers/season-groups", (*call).addSeasonGroup),
		coreRoute("GET", "/offers/season-groups/{groupId}", (*call).oneSeasonGroup),
		coreRoute("PATCH", "/offers/season-groups/{groupId}", (*call).oneSeasonGroup),
		coreRoute("DELETE", "/offers/season-groups/{groupId}", (*call).oneSeasonGroup),
		coreRoute("POST", "/offers/season-groups/{groupId}/seasons", (*call).addSeason),
		coreRoute("PATCH", "/offers/season-groups/{groupId}/seasons/{seasonId}", (*call).oneSeason),
		coreRoute("DELETE", "/offers/season-groups/{groupId}/seasons/{seasonId}", (*call).oneSeason),
	}
}

func coreOffer(o *offer) object {
	v := mediaOfferV2(o, o.country)
	v["id"], v["version"], v["price"] = shortID(o.id), o.version, object{"amount": o.price, "currency": o.currency, "taxBehavior": "exclusive"}
	v["title"], v["description"] = o.title, o.description
	v["active"], v["country"] = o.active, o.country
	return v
}

func (o *offer) etag() string { return `"` + strconv.Itoa(o.version) + `"` }

// asks tells whether the caller shows an interest in versions; Core sends an ETag
// to such a caller only.
func (c *call) asks() bool {
	switch c.knobs.HTTP.ETags {
	case "always":
		return true
	case "never":
		return false
	default:
		return c.r.Header.Get("If-Match") != "" || c.r.Header.Get("If-None-Match") != ""
	}
}

func (c *call) tagged(a answer, o *offer) answer {
	if c.asks() {
		a.header.Set("ETag", o.etag())
	}
	return a
}

// etagMatches compares a list of entity tags, or *, with the offer's version.
// strong comparison refuses weak tags (RFC 9110 section 13.1.1).
func etagMatches(list, etag string, strong bool) bool {
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		weak := strings.HasPrefix(item, "W/")
		if item == "*" || strings.TrimPrefix(item, "W/") == etag && (!strong || !weak) {
			return true
		}
	}
	return false
}

// mismatch answers 412 if the caller's If-Match names another version.
func (c *call) mismatch(o *offer) (answer, bool) {
	want := strings.Join(c.r.Header.Values("If-Match"), ",")
	if want == "" || c.knobs.HTTP.ETags == "never" || etagMatches(want, o.etag(), true) {
		return answer{}, false
	}
	return c.tagged(coreError(http.StatusPreconditionFailed, "Offer version does not match"), o), true
}

func (c *call) coreOfferByPath() (*offer, answer, bool) {
	o := c.world.offer(c.vars["offerId"])
	if o == nil {
		return nil, coreError(http.StatusNotFound, "Offer "+c.vars["offerId"]+" not found"), false
	}
	return o, answer{}, true
}

func (c *call) coreListOffers() answer {
	offset, limit, ok := c.page(20, 100)
	if !ok {
		return coreError(http.StatusBadRequest, "limit or offset value is invalid")
	}
	active := c.r.URL.Query().Get("active")
	list := []object{}
	for _, o := range c.world.offers {
		if active == "" || active == strconv.FormatBool(o.active) {
			list = append(list, coreOffer(o))
		}
	}
	return jsonAnswer(http.StatusOK, object{"data": slicePage(list, offset, limit), "message": ""}).with("X-Total-Count", strconv.Itoa(len(list)))
}

func (c *call) coreGetOffer() answer {
	o, a, ok := c.coreOfferByPath()
	if !ok {
		return a
	}
	if a, stop := c.mismatch(o); stop {
		return a
	}
	if none := strings.Join(c.r.Header.Values("If-None-Match"), ","); none != "" && c.knobs.HTTP.ETags != "never" && etagMatches(none, o.etag(), false) {
		return answer{status: http.StatusNotModified, header: http.Header{"Etag": {o.etag()}}}
	}
	return c.tagged(jsonAnswer(http.StatusOK, coreOffer(o)), o)
}

func (c *call) coreCreateOffer() answer {
	m := c.fields()
	kind := map[string]byte{"subscription": 'S', "pass": 'P', "event": 'E', "rental": 'R', "single": 'A'}[text(m, "type")]
	if text(m, "title") == "" || kind == 0 {
		return coreError(http.StatusUnprocessableEntity, "title and type are required")
	}
	o := &offer{
		kind: kind, currency: "USD", country: "US", active: true, version: 1, created: c.server, updated: c.server, external: object{},
		locals: map[string]*localization{},
	}
	if kind == 'S' {
		o.period = "month"
	} else {
		o.duration = 48 * time.Hour
	}
	o.apply(m)
	o.id = string(kind) + strconv.Itoa(c.world.id()) + "_" + o.country
	c.world.offers = append(c.world.offers, o)
	return jsonAnswer(http.StatusCreated, coreOffer(o))
}

// apply takes over what a body sets.
func (o *offer) apply(m object) {
	for name, field := range map[string]*string{"title": &o.title, "description": &o.description, "country": &o.country} {
		if _, sent := m[name]; sent {
			*field = text(m, name)
		}
	}
	price, _ := m["price"].(object) // may also be a plain number
	if amount, ok := decimal(price, "amount"); ok {
		o.price = amount
	} else if amount, ok := decimal(m, "price"); ok {
		o.price = amount
	}
	o.currency = or(text(price, "currency"), o.currency)
	if cycle, ok := m["billingCycle"].(object); ok {
		o.period = or(text(cycle, "periodUnit"), o.period)
	}
	if tags, ok := m["tags"].([]any); ok {
		o.tags = nil
		for _, t := range tags {
			if s, isText := t.(string); isText {
				o.tags = append(o.tags, s)
			}
		}
	}
	if external, ok := m["externalProperties"].(object); ok {
		o.external = external
	}
}

// changed raises the version if an edit altered the offer: 204 if it did not.
func (c *call) changed(o *offer, before object) answer {
	if reflect.DeepEqual(before, coreOffer(o)) {
		return c.tagged(noContent(), o)
	}
	o.version++
	o.updated = c.server
	return c.tagged(jsonAnswer(http.StatusOK, coreOffer(o)), o)
}

// edit runs a conditional write on an offer.
func (c *call) edit(change func(o *offer) (answer, bool)) answer {
	o, a, ok := c.coreOfferByPath()
	if !ok {
		return a
	}
	if a, stop := c.mismatch(o); stop {
		return a
	}
	before := coreOffer(o)
	if a, refused := change(o); refused {
		return a
	}
	return c.changed(o, before)
}

func (c *call) corePatchOffer() answer {
	m := c.fields()
	if m == nil {
		return coreError(http.StatusBadRequest, "Request body is not valid JSON")
	}
	return c.edit(func(o *offer) (answer, bool) {
		o.apply(m)
		return answer{}, false
	})
}

func (c *call) coreActivate(active bool) answer {
	return c.edit(func(o *offer) (answer, bool) {
		o.active = active
		return answer{}, false
	})
}
