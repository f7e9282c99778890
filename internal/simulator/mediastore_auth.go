package simulator

import (
	"net/http"
	"strings"
)

func mediaStoreRoutes() []*route {
	r := func(method, template string, a access, h func(*call) answer) *route {
		return &route{method: method, template: template, surface: surfaceMediaStore, access: a, handle: h}
	}
	return []*route{
		r("POST", "/auths", public, (*call).login),
		r("POST", "/auths/refresh_token", public, (*call).refreshToken),
		r("POST", "/sso/auths", byKey, (*call).ssoLogin),
		r("DELETE", "/refresh_tokens", byJWT, (*call).revokeRefreshTokens),
		r("POST", "/customers", public, (*call).register),
		r("PUT", "/customers/passwords", public, (*call).requestPasswordReset),
		r("PATCH", "/customers/passwords", public, (*call).setPassword),
		r("GET", "/locales", public, (*call).locales),
		r("GET", "/publishers/{publisherId}/consents", public, (*call).publisherConsents),
		r("GET", "/offers", optional, (*call).listMediaOffers),
		r("GET", "/offers/{offerId}", optional, (*call).getMediaOffer),
		r("GET", "/v2/offers/{offerId}", optional, (*call).getMediaOfferV2),
		r("GET", "/offers/{offerId}/customers/{email}", byJWT, (*call).offerForCustomer),
		r("GET", "/entitlements/{offerId}", byJWT, (*call).mediaEntitlement),
		r("GET", "/payment-methods", byJWT, (*call).listPaymentMethods),
		r("GET", "/campaigns", byJWT, (*call).listCampaigns),
	}
}

// captcha answers a login or registration when the knob asks for a human check.
func (c *call) captcha() (answer, bool) {
	switch c.knobs.Data.CaptchaOnLogin {
	case "required":
		return c.throttle("captcha_required"), true
	case "failed":
		return c.throttle("captcha_failed"), true
	}
	return answer{}, false
}

// login handles POST /auths: publisherId or offerId names the publisher.
func (c *call) login() answer {
	if a, stop := c.captcha(); stop {
		return a
	}
	m := c.fields()
	if m == nil {
		return mediaError(http.StatusBadRequest, "REQ0001", "Request body is not valid JSON")
	}
	email, password := text(m, "email"), text(m, "password")
	if email == "" || password == "" {
		return mediaError(http.StatusBadRequest, "REQ0001", "Missing or invalid parameter")
	}
	publisher, named := integer(m, "publisherId")
	switch {
	case named && publisher != PublisherID:
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Publisher not found")
	case !named && c.world.offer(text(m, "offerId")) == nil:
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Offer not found")
	}
	customer := c.world.customerByEmail(email)
	if customer == nil || customer.password != password {
		return mediaError(http.StatusUnauthorized, "USER0001", "Wrong email or password")
	}
	c.sim.tally.add(func(n *Counters) { n.Logins++ })
	return c.welcome(customer, false)
}

// welcome mints tokens and records the login.
func (c *call) welcome(customer *customer, sso bool) answer {
	p := c.issue(customer.id, sso)
	customer.lastLogin, customer.lastIP = c.server, c.addr.String()
	return media(object{
		"jwt": p.jwt, "refreshToken": p.refresh, "customerToken": c.issueCustomerToken(customer.id), "customerId": customer.id,
	})
}

func (c *call) ssoLogin() answer {
	m := c.fields()
	email := text(m, "customerEmail")
	if email == "" {
		email = text(m, "email")
	}
	customer := c.world.customerByEmail(email)
	if customer == nil {
		return mediaError(http.StatusUnprocessableEntity, "USER0004", "Customer does not exist")
	}
	c.sim.tally.add(func(n *Counters) { n.Logins++ })
	p := c.issue(customer.id, true)
	customer.lastLogin, customer.lastIP = c.server, c.addr.String()
	return media(object{"jwt": p.jwt, "refreshToken": p.refresh})
}

// refreshToken exchanges a refresh token for a new pair; the sent one is dead.
func (c *call) refreshToken() answer {
	k := c.knobs.Credentials
	value := text(c.fields(), "refreshToken")
	if value == "" {
		c.sim.tally.add(func(n *Counters) { n.RefreshRefused++ })
		return mediaError(http.StatusBadRequest, "REQ0001", "Missing or invalid parameter")
	}
	t := c.world.refresh[value]
	if t == nil || t.used || t.revoked || !c.server.Before(t.expires) {
		c.sim.tally.add(func(n *Counters) {
			if t != nil && t.used {
				n.RefreshReuse++
			} else {
				n.RefreshRefused++
			}
		})
		return mediaError(k.RefreshFailureStatus, k.RefreshFailureCode, "Refresh token is expired or does not exist")
	}
	t.used = true
	c.sim.tally.add(func(n *Counters) { n.Refreshes++ })
	p := c.issue(t.customerID, t.sso)
	return media(object{"jwt": p.jwt, "refreshToken": p.refresh})
}

func (c *call) revokeRefreshTokens() answer {
	c.world.revokeRefresh(c.customer.id)
	return media(object{"success": true})
}

// register handles POST /customers.
func (c *call) register() answer {
	if a, stop := c.captcha(); stop {
		return a
	}
	m := c.fields()
	email := strings.TrimSpace(text(m, "email"))
	if publisher, ok := integer(m, "publisherId"); !ok || publisher != PublisherID {
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Publisher not found")
	}
	if !strings.Contains(email, "@") || len(text(m, "password")) < 8 {
		return mediaError(http.StatusBadRequest, "REQ0001", "Missing or invalid parameter")
	}
	if c.world.customerByEmail(email) != nil {
		return mediaError(http.StatusUnprocessableEntity, "USER0002", "Customer already exists")
	}
	customer := c.newCustomer(email, text(m, "password"), text(m, "locale"), text(m, "country"), text(m, "currency"))
	return c.welcome(customer, false)
}

func (c *call) newCustomer(email, password, locale, country, currency string) *customer {
	m := marketOf(c.country())
	customer := &customer{
		id: c.world.id(), email: email, password: password, locale: or(locale, m.locale), country: or(country, m.country),
		currency: or(currency, m.currency), registered: c.server, consents: map[string]consentState{}, capture: map[string]any{}, externalData: map[string]any{},
	}
	c.world.addCustomer(customer)
	c.sim.tally.add(func(n *Counters) { n.Registrations++ })
	return customer
}

func or(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// requestPasswordReset answers alike whether or not there is such a customer.
func (c *call) requestPasswordReset() answer {
	m := c.fields()
	email := or(text(m, "customerEmail"), text(m, "email"))
	if email == "" {
		return mediaError(http.StatusBadRequest, "REQ0001", "Missing or invalid parameter")
	}
	if customer := c.world.customerByEmail(email); customer != nil {
		c.world.resets[c.sim.random.token(32)] = customer.id
		c.world.id()
	}
	return media(object{"success": true})
}

// setPassword uses a reset token, once.
func (c *call) setPassword() answer {
	m := c.fields()
	token, password := text(m, "resetPasswordToken"), text(m, "newPassword")
	if token == "" || len(password) < 8 {
		return mediaError(http.StatusUnprocessableEntity, "REQ0001", "Missing or invalid parameter")
	}
	id, ok := c.world.resets[token]
	customer := c.world.customers[id]
	if !ok || customer == nil || !strings.EqualFold(customer.email, or(text(m, "customerEmail"), customer.email)) {
		return mediaError(http.StatusUnprocessableEntity, "AUTH0004", "Reset password token is invalid or expired")
	}
	delete(c.world.resets, token)
	customer.password = password
	return media(object{"success": true})
}

// locales follow the customerIP parameter, else the source address.
func (c *call) locales() answer {
	m := marketOf(c.country())
	ip := c.r.URL.Query().Get("customerIP")
	return media(object{"country": m.country, "currency": m.currency, "locale": m.locale, "ipAddress": or(ip, c.addr.String())})
}

func (c *call) publisherConsents() answer {
	if c.pathID("publisherId") != PublisherID {
		return mediaError(http.StatusUnprocessableEntity, "REQ0100", "Invalid param publisherId")
	}
	list := []object{}
	if !c.knobs.Data.EmptyConsents {
		for _, d := range c.world.consentDef {
			list = append(list, object{"name": d.Name, "version": d.Version, "required": d.Required, "value": "", "label": d.Label, "broadcasterId": PublisherID, "enabledByDefault": false})
		}
	}
	return media(object{"consents": list})
}
