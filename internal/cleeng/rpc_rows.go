package cleeng

import "net/http"

// rpcPrefix begins the template of every JSON-RPC method.
const rpcPrefix = rpcPath + "#"

// rpcRows is the deprecated JSON-RPC API, which is still served. Reads begin
// with get, list, is, fetch or calculate. Most methods take the publisher's
// key; a few of the customer's own reads take a customerToken instead. Where a
// method needs both (the key to authorize, the token to name the customer)
// only the key counts as its credential.
func rpcRows() []Endpoint {
	const m = rpcPrefix
	rows := []Endpoint{
		// Access, asked with the customer's token. The answer also depends on
		// the address given, of which there may be only so many.
		{Template: m + "getAccessStatus", Auth: AuthCustomer, Data: DataCustomer | DataByAddress, Retry: RetryRead, Mark: MarkDocumented, Cache: policyEntitlements, Tags: Offer | Purchases | Entitlements, LogBodies: true},
		{Template: m + "getAccessStatusForDevice", Auth: AuthCustomer, Data: DataCustomer | DataByAddress, Retry: RetryRead, Mark: MarkSeen, Tags: Offer | Purchases | Entitlements, LogBodies: true},
		{Template: m + "getAccessibleTags", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryRead, Mark: MarkSeen, Cache: policyEntitlements, Tags: Purchases | Entitlements, LogBodies: true},
		{Template: m + "isTrialAllowed", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryRead, Mark: MarkSeen, Tags: Offer | Purchases, LogBodies: true},
		{Template: m + "trackOfferImpression", Auth: AuthCustomer | AuthOptional, Data: DataCustomer, Retry: RetryEffect, Mark: MarkSeen, LogBodies: true},

		// Customers.
		{Template: m + "getCustomer", Auth: AuthCustomer, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Cache: policyProfile, Tags: Profile},
		{Template: m + "getCustomerEmail", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Tags: Profile},
		{Template: m + "registerCustomer", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryNever, Kind: KindRegister, Mark: MarkDocumented},
		{Template: m + "updateCustomerEmail", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Stales: Customer},
		{Template: m + "updateCustomerPassword", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryNever, Kind: KindPassword, Mark: MarkSeen},
		{Template: m + "requestPasswordReset", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryEffect, Kind: KindPassword, Mark: MarkSeen},
		{Template: m + "getConsentDefinitions", Auth: AuthPublisher, Data: DataPublisher, Retry: RetryRead, Mark: MarkDocumented, Cache: policyDefinition, LogBodies: true},
		{Template: m + "submitConsent", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkDocumented, Stales: Consents},

		// Tokens and addresses that hold one.
		{Template: m + "generateCustomerToken", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryEffect, Kind: KindToken, Mark: MarkDocumented},
		{Template: m + "generateCustomerTokenFromFacebook", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryEffect, Kind: KindToken, Mark: MarkSeen},
		{Template: m + "generateCustomerTokenFromPassword", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryEffect, Kind: KindLogin, Mark: MarkSeen},
		{Template: m + "generateCustomerTokenFromTransactionId", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryEffect, Kind: KindToken, Mark: MarkSeen},
		{Template: m + "extendTokenExpiration", Auth: AuthPublisher | AuthCustomer, Data: DataCustomer, Retry: RetryEffect, Kind: KindToken, Mark: MarkDocumented},
		{Template: m + "generateCheckoutUrl", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryEffect, Mark: MarkDocumented},
		{Template: m + "generateMyAccountUrl", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryEffect, Mark: MarkSeen},
		{Template: m + "prepareRemoteAuth", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryEffect, Mark: MarkSeen},

		// Purchases.
		{Template: m + "listCustomerSubscriptions", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryRead, Mark: MarkSeen, Cache: policyPurchases, Tags: Purchases, LogBodies: true},
		{Template: m + "listCustomerLibrary", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryRead, Mark: MarkSeen, Cache: policyPurchases, Tags: Purchases, LogBodies: true},
		{Template: m + "registerSubscription", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryNever, Mark: MarkDocumented, Stales: Purchases},
		{Template: m + "updateCustomerSubscription", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkDocumented, Stales: Purchases, LogBodies: true},
		{Template: m + "updateCustomerRental", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkSeen, Stales: Purchases, LogBodies: true},
		{Template: m + "applyCoupon", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Stales: Purchases, LogBodies: true},
		{Template: m + "grantAccessWithCoupon", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Stales: Purchases, LogBodies: true},
		{Template: m + "listPaymentDetails", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryRead, Mark: MarkSeen, Tags: Profile},
		{Template: m + "deletePaymentDetails", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkSeen, Stales: Customer},

		// Capture, the questions a customer is asked.
		{Template: m + "fetchCaptureQuestions", Auth: AuthPublisher, Data: DataPublisher, Retry: RetryRead, Mark: MarkDocumented, LogBodies: true},
		{Template: m + "saveCaptureQuestions", Auth: AuthPublisher, Data: DataPublisher, Retry: RetryNever, Mark: MarkDocumented, LogBodies: true},
		{Template: m + "setCaptureEnabled", Auth: AuthPublisher, Data: DataPublisher, Retry: RetryIdempotent, Mark: MarkDocumented, LogBodies: true},
		{Template: m + "fetchBroadcasterSpecificPersonalDataWithCaptureAnswers", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryRead, Mark: MarkSeen, Tags: Profile | Consents},
		{Template: m + "updateBroadcasterSpecificPersonalDataWithCaptureAnswers", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkSeen, Stales: Customer},

		// The publisher. The reports were documented and then withdrawn.
		{Template: m + "getPublisher", Auth: AuthPublisher, Data: DataPublisher, Retry: RetryRead, Mark: MarkSeen},
		{Template: m + "listTransactions", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Tags: Purchases},
		{Template: m + "listSubscribers", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Tags: Purchases},
		{Template: m + "listCustomers", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Tags: Profile},
		{Template: m + "listCancellations", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Tags: Purchases},
		{Template: m + "getLocaleDataFromIp", Auth: AuthNone, Data: DataPublic | DataByAddress, Retry: RetryRead, Mark: MarkSeen, Cache: policyDefinition, LogBodies: true},

		// Offers over all kinds.
		{Template: m + "listOfferIdsByVideoId", Auth: AuthPublisher, Data: DataPublisher, Retry: RetryRead, Mark: MarkSeen, Cache: policyOfferList, Tags: OfferLists, LogBodies: true},
		{Template: m + "cancelEventOffer", Auth: AuthPublisher, Data: DataPublisher, Retry: RetryNever, Mark: MarkSeen, Stales: Offer | OfferLists | SeasonGroups | Customers, LogBodies: true},

		// Associates and coupons take a distributorToken, which is no
		// credential of a publisher and is passed on as it comes.
		{Template: m + "getAssociate", Data: DataPublisher, Retry: RetryRead, Mark: MarkSeen},
		{Template: m + "createAssociate", Data: DataPublisher, Retry: RetryNever, Mark: MarkSeen},
		{Template: m + "updateAssociate", Data: DataPublisher, Retry: RetryIdempotent, Mark: MarkSeen},
		{Template: m + "listCoupons", Data: DataPublisher, Retry: RetryRead, Mark: MarkSeen},
		{Template: m + "listCouponCampaigns", Data: DataPublisher, Retry: RetryRead, Mark: MarkSeen},
		{Template: m + "listSubscriptionCouponCampaigns", Data: DataPublisher, Retry: RetryRead, Mark: MarkSeen},
		{Template: m + "createCouponCampaign", Data: DataPublisher, Retry: RetryNever, Mark: MarkSeen},
		{Template: m + "createSubscriptionCouponCampaign", Data: DataPublisher, Retry: RetryNever, Mark: MarkSeen},
		{Template: m + "activateCouponCampaign", Data: DataPublisher, Retry: RetryIdempotent, Mark: MarkSeen},
		{Template: m + "deactivateCouponCampaign", Data: DataPublisher, Retry: RetryIdempotent, Mark: MarkSeen},
		{Template: m + "importCoupons", Data: DataPublisher, Retry: RetryNever, Mark: MarkSeen},
	}
	for _, kind := range []string{"Subscription", "Single", "Event", "Rental", "Pass", "Vod"} {
		rows = append(rows, rpcOfferRows(kind)...)
	}
	for i := range rows {
		rows[i].Method = http.MethodPost
	}
	return rows
}

// rpcOfferRows is the same set of methods for each kind of offer.
func rpcOfferRows(kind string) []Endpoint {
	const offers = Offer | OfferLists | SeasonGroups
	// Single offers are read without a credential, except that the published
	// clients send the key with getVodOffer.
	readAuth := AuthNone
	if kind == "Vod" {
		readAuth = AuthPublisher | AuthOptional
	}
	row := func(verb, suffix string, e Endpoint) Endpoint {
		e.Template = rpcPrefix + verb + kind + "Offer" + suffix
		e.Mark, e.LogBodies = MarkSeen, true
		return e
	}
	rows := []Endpoint{
		row("get", "", Endpoint{Auth: readAuth, Data: DataPublisher | DataByAddress, Retry: RetryRead, Cache: policyOffer, Tags: Offer}),
		row("list", "s", Endpoint{Auth: AuthPublisher | AuthOptional, Data: DataPublisher | DataByAddress, Retry: RetryRead, Cache: policyOfferList, Tags: OfferLists}),
		row("create", "", Endpoint{Auth: AuthPublisher, Data: DataPublisher, Retry: RetryNever, Stales: OfferLists | SeasonGroups}),
		row("update", "", Endpoint{Auth: AuthPublisher, Data: DataPublisher, Retry: RetryIdempotent, Stales: offers}),
		row("deactivate", "", Endpoint{Auth: AuthPublisher, Data: DataPublisher, Retry: RetryIdempotent, Stales: offers}),
	}
	if kind != "Vod" {
		// One call names several offers by an id of their own.
		rows = append(rows,
			row("createMultiCurrency", "", Endpoint{Auth: AuthPublisher, Data: DataPublisher, Retry: RetryNever, Stales: OfferLists | SeasonGroups}),
			row("updateMultiCurrency", "", Endpoint{Auth: AuthPublisher, Data: DataPublisher, Retry: RetryIdempotent, Stales: offers}),
		)
	}
	return rows
}
