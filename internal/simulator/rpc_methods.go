package simulator

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// rpcMethods are the methods that are served. Public reads take no token,
// customer reads take customerToken, the rest take publisherToken.
func rpcMethods() map[string]rpcMethod {
	m := map[string]rpcMethod{
		"getAccessStatus":           {rpcByCustomer, (*rpcCall).accessStatus},
		"getAccessibleTags":         {rpcByCustomer, (*rpcCall).accessibleTags},
		"isTrialAllowed":            {rpcByPublisher, (*rpcCall).trialAllowed},
		"getCustomer":               {rpcByCustomer, (*rpcCall).rpcGetCustomer},
		"getCustomerEmail":          {rpcByCustomer, (*rpcCall).customerEmail},
		"generateCustomerToken":     {rpcByPublisher, (*rpcCall).generateToken},
		"extendTokenExpiration":     {rpcByCustomer, (*rpcCall).extendToken},
		"registerCustomer":          {rpcByPublisher, (*rpcCall).registerCustomer},
		"loginCustomer":             {rpcPublic, (*rpcCall).loginCustomer},
		"requestPasswordReset":      {rpcByPublisher, (*rpcCall).rpcRequestReset},
		"updateCustomerPassword":    {rpcPublic, (*rpcCall).rpcSetPassword},
		"updateCustomerEmail":       {rpcByPublisher, (*rpcCall).updateEmail},
		"getConsentDefinitions":     {rpcByPublisher, (*rpcCall).consentDefinitions},
		"fetchCustomerConsents":     {rpcByPublisher, (*rpcCall).fetchConsents},
		"updateCustomerConsents":    {rpcByPublisher, (*rpcCall).updateConsents},
		"listCustomerSubscriptions": {rpcByPublisher, (*rpcCall).listSubscriptions},
		"updateSubscription":        {rpcByPublisher, (*rpcCall).rpcUpdateSubscription},
		"registerSubscription":      {rpcByPublisher, (*rpcCall).registerSubscription},
		"listTransactions":          {rpcByPublisher, (*rpcCall).listTransactions},
		"listOfferIdsByVideoId":     {rpcByPublisher, (*rpcCall).offerIDsByVideo},
		"listPaymentDetails":        {rpcByPublisher, (*rpcCall).rpcPaymentDetails},
		"deletePaymentDetails":      {rpcByPublisher, (*rpcCall).rpcDeletePaymentDetails},
	}
	maps.Copy(m, rpcOfferMethods())
	return m
}

func (r *rpcCall) accessStatus() (any, *rpcError) {
	o := r.world.offer(text(r.params, "offerId"))
	if o == nil {
		return nil, rpcErr(rpcNoOffer, "Offer "+text(r.params, "offerId")+" does not exist")
	}
	if ip := text(r.params, "ipAddress"); ip != "" {
		if _, err := netip.ParseAddr(ip); err != nil {
			return nil, rpcErr(rpcMissingData, "ipAddress is invalid")
		}
		if r.tooManyAddresses(ip) {
			return nil, rpcErr(rpcAddressLimit, "IP address limit exceeded")
		}
	}
	e := r.world.entitlement(r.customer.id, o.id, r.server)
	return object{"accessGranted": e.granted, "grantType": nilText(e.kind), "expiresAt": e.expiresAt(), "purchasedDirectly": e.granted}, nil
}

// tooManyAddresses remembers the address unless that passes the bound.
func (r *rpcCall) tooManyAddresses(ip string) bool {
	bound := r.knobs.RPC.MaxAddresses
	if bound == 0 || slices.Contains(r.customer.addresses, ip) {
		return false
	}
	if len(r.customer.addresses) >= bound {
		return true
	}
	r.customer.addresses = append(r.customer.addresses, ip)
	return false
}

func (r *rpcCall) accessibleTags() (any, *rpcError) {
	tags := []string{}
	for _, e := range r.world.entitlements(r.customer.id, r.server) {
		if e.granted {
			tags = append(tags, r.world.offer(e.offerID).tags...)
		}
	}
	return object{"tags": tags}, nil
}

func (r *rpcCall) trialAllowed() (any, *rpcError) {
	customer, fail := r.byEmail()
	if fail != nil {
		return nil, fail
	}
	return object{"allowed": len(r.world.subsOf(customer.id)) == 0}, nil
}

func (r *rpcCall) rpcGetCustomer() (any, *rpcError) { return rpcCustomer(r.customer), nil }

func rpcCustomer(c *customer) object {
	v := customerObject(c)
	delete(v, "externalData")
	return v
}

func (r *rpcCall) customerEmail() (any, *rpcError) { return object{"email": r.customer.email}, nil }

// byEmail finds the customer that params name, by e-mail address or id.
func (r *rpcCall) byEmail() (*customer, *rpcError) {
	if id, ok := integer(r.params, "customerId"); ok && r.world.customers[id] != nil {
		return r.world.customers[id], nil
	}
	customer := r.world.customerByEmail(or(text(r.params, "customerEmail"), text(r.params, "email")))
	if customer == nil {
		return nil, rpcErr(rpcNoCustomer, "No such customer")
	}
	return customer, nil
}

func (r *rpcCall) generateToken() (any, *rpcError) {
	customer, fail := r.byEmail()
	if fail != nil {
		return nil, fail
	}
	return object{"token": r.issueCustomerToken(customer.id)}, nil
}

func (r *rpcCall) extendToken() (any, *rpcError) {
	t := r.world.custTokens[text(r.params, "customerToken")]
	t.expires = r.server.Add(r.knobs.Credentials.CustomerTokenLifetime)
	return object{"token": text(r.params, "customerToken")}, nil
}

// data are the members of a nested object of params.
func (r *rpcCall) data(name string) object {
	m, _ := r.params[name].(object)
	return m
}

func (r *rpcCall) registerCustomer() (any, *rpcError) {
	d := r.data("customerData")
	email := text(d, "email")
	if !strings.Contains(email, "@") {
		return nil, rpcErr(rpcMissingData, "email is missing")
	}
	if r.world.customerByEmail(email) != nil {
		return nil, rpcErr(rpcCustomerExists, "Customer already exists")
	}
	customer := r.newCustomer(email, text(d, "password"), text(d, "locale"), text(d, "country"), text(d, "currency"))
	customer.patch(d)
	return object{"token": r.issueCustomerToken(customer.id)}, nil
}

func (r *rpcCall) loginCustomer() (any, *rpcError) {
	customer := r.world.customerByEmail(or(text(r.params, "email"), text(r.params, "customerEmail")))
	if customer == nil || customer.password != text(r.params, "password") {
		return nil, rpcErr(rpcBadCredentials, "Invalid email or password")
	}
	r.sim.tally.add(func(n *Counters) { n.Logins++ })
	return object{"token": r.issueCustomerToken(customer.id)}, nil
}

func (r *rpcCall) rpcRequestReset() (any, *rpcError) {
	customer, fail := r.byEmail()
	if fail != nil {
		return nil, fail
	}
	r.world.resets[r.sim.random.token(32)] = customer.id
	r.world.id()
	return object{"success": true}, nil
}

func (r *rpcCall) rpcSetPassword() (any, *rpcError) {
	id, ok := r.world.resets[text(r.params, "resetPasswordToken")]
	customer := r.world.customers[id]
	if !ok || customer == nil || len(text(r.params, "newPassword")) < 8 {
		return nil, rpcErr(rpcBadReset, "Reset token is invalid")
	}
	delete(r.world.resets, text(r.params, "resetPasswordToken"))
	customer.password = text(r.params, "newPassword")
	return object{"success": true}, nil
}

func (r *rpcCall) updateEmail() (any, *rpcError) {
	customer, fail := r.byEmail()
	if fail != nil {
		return nil, fail
	}
	email := text(r.params, "newEmail")
	switch {
	case !strings.Contains(email, "@"):
		return nil, rpcErr(rpcMissingData, "newEmail is missing")
	case r.world.customerByEmail(email) != nil:
		return nil, rpcErr(rpcCustomerExists, "Customer already exists")
	}
	r.world.rename(customer, email)
	return object{"success": true}, nil
}

func (r *rpcCall) consentDefinitions() (any, *rpcError) {
	list := []object{}
	if !r.knobs.Data.EmptyConsents {
		for _, d := range r.world.consentDef {
			list = append(list, object{"name": d.Name, "label": d.Label, "version": d.Version, "required": d.Required})
		}
	}
	return object{"consents": list}, nil
}

func (r *rpcCall) fetchConsents() (any, *rpcError) {
	customer, fail := r.byEmail()
	if fail != nil {
		return nil, fail
	}
	list := []object{}
	for _, name := range sortedKeys(customer.consents) {
		given := customer.consents[name]
		list = append(list, object{"name": name, "state": given.state, "version": given.version, "date": given.date.Unix()})
	}
	return object{"consents": list}, nil
}

func (r *rpcCall) updateConsents() (any, *rpcError) {
	customer, fail := r.byEmail()
	if fail != nil {
		return nil, fail
	}
	list, ok := r.params["consents"].([]any)
	if !ok {
		return nil, rpcErr(rpcMissingData, "consents is missing")
	}
	for _, item := range list {
		m, _ := item.(object) // a wrong item has no name
		if name := text(m, "name"); name != "" {
			customer.consents[name] = consentState{state: text(m, "state"), version: text(m, "version"), date: r.server}
		}
	}
	return object{"success": true}, nil
}

func (r *rpcCall) registerSubscription() (any, *rpcError) {
	customer, fail := r.byEmail()
	if fail != nil {
		return nil, fail
	}
	o := r.world.offer(text(r.params, "offerId"))
	if o == nil || o.kind != 'S' {
		return nil, rpcErr(rpcNoOffer, "Offer does not exist")
	}
	s := &subscription{
		id: r.world.id(), customerID: customer.id, offerID: o.id, status: "active", from: r.server, to: o.after(r.server), externalID: text(r.params, "externalId"),
		paymentMethodID: methodOther, externally: true, external: object{},
	}
	if at, ok := integer(r.data("subscriptionData"), "expiresAt"); ok {
		s.to = time.Unix(int64(at), 0)
	}
	r.world.subs[s.id] = s
	return coreSubscription(s), nil
}
