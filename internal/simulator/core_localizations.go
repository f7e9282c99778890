package simulator

import (
	"net/http"
	"strconv"
	"strings"
)

func (c *call) coreAddLocalization() answer {
	m := c.fields()
	country := strings.ToUpper(or(text(m, "countryCode"), text(m, "country")))
	if len(country) != 2 {
		return coreError(http.StatusUnprocessableEntity, "countryCode value is invalid")
	}
	return c.edit(func(o *offer) (answer, bool) {
		if o.locals[country] != nil {
			return coreError(http.StatusUnprocessableEntity, "Localization "+country+" already exists"), true
		}
		l := &localization{country: country, title: o.title, description: o.description, price: o.price, currency: marketOf(country).currency, active: true}
		l.apply(m)
		o.locals[country] = l
		return answer{}, false
	})
}

func (l *localization) apply(m object) {
	for name, field := range map[string]*string{"title": &l.title, "description": &l.description} {
		if _, sent := m[name]; sent {
			*field = text(m, name)
		}
	}
	price, _ := m["price"].(object) // may also be a plain number
	if amount, ok := decimal(price, "amount"); ok {
		l.price = amount
	} else if amount, ok := decimal(m, "price"); ok {
		l.price = amount
	}
	l.currency = or(text(price, "currency"), l.currency)
}

// onLocalization edits one localization of the path's offer.
func (c *call) onLocalization(change func(l *localization)) answer {
	return c.edit(func(o *offer) (answer, bool) {
		l := o.locals[strings.ToUpper(c.vars["country"])]
		if l == nil {
			return coreError(http.StatusNotFound, "Localization "+c.vars["country"]+" not found"), true
		}
		change(l)
		return answer{}, false
	})
}

func (c *call) corePatchLocalization() answer {
	m := c.fields()
	if m == nil {
		return coreError(http.StatusBadRequest, "Request body is not valid JSON")
	}
	return c.onLocalization(func(l *localization) { l.apply(m) })
}

func (c *call) coreActivateLocalization(active bool) answer {
	return c.onLocalization(func(l *localization) { l.active = active })
}

func (g *seasonGroup) object() object {
	seasons := []object{}
	for _, id := range sortedKeys(g.seasons) {
		seasons = append(seasons, g.seasons[id])
	}
	return object{"id": g.id, "name": g.name, "seasons": seasons}
}

func (c *call) seasonGroups() answer {
	list := []object{}
	for _, id := range sortedKeys(c.world.seasons) {
		list = append(list, c.world.seasons[id].object())
	}
	return jsonAnswer(http.StatusOK, object{"data": list, "message": ""})
}

func (c *call) addSeasonGroup() answer {
	m := c.fields()
	if text(m, "name") == "" {
		return coreError(http.StatusUnprocessableEntity, "name is required")
	}
	g := &seasonGroup{id: c.world.id(), name: text(m, "name"), seasons: map[int]map[string]any{}}
	c.world.seasons[g.id] = g
	return jsonAnswer(http.StatusCreated, g.object())
}

func (c *call) oneSeasonGroup() answer {
	g := c.world.seasons[c.pathID("groupId")]
	if g == nil {
		return coreError(http.StatusNotFound, "Season group not found")
	}
	switch c.route.method {
	case http.MethodPatch:
		g.name = or(text(c.fields(), "name"), g.name)
	case http.MethodDelete:
		delete(c.world.seasons, g.id)
		return noContent()
	}
	return jsonAnswer(http.StatusOK, g.object())
}

func (c *call) addSeason() answer {
	g := c.world.seasons[c.pathID("groupId")]
	m := c.fields()
	switch {
	case g == nil:
		return coreError(http.StatusNotFound, "Season group not found")
	case text(m, "name") == "":
		return coreError(http.StatusUnprocessableEntity, "name is required")
	}
	id := len(g.seasons) + 1
	m["id"] = id
	g.seasons[id] = m
	return jsonAnswer(http.StatusCreated, g.object())
}

// oneSeason changes or removes a season; only the last one can be removed.
func (c *call) oneSeason() answer {
	g := c.world.seasons[c.pathID("groupId")]
	if g == nil {
		return coreError(http.StatusNotFound, "Season group not found")
	}
	id, err := strconv.Atoi(c.vars["seasonId"])
	season := g.seasons[id]
	if err != nil || season == nil {
		return coreError(http.StatusNotFound, "Season not found")
	}
	if c.route.method == http.MethodDelete {
		if id != len(g.seasons) {
			return coreError(http.StatusUnprocessableEntity, "Only last season can be removed")
		}
		delete(g.seasons, id)
		return noContent()
	}
	for name, v := range c.fields() {
		if name != "id" {
			season[name] = v
		}
	}
	return jsonAnswer(http.StatusOK, g.object())
}
