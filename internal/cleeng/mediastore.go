package cleeng

import "net/http"

// mediaStoreRows is the REST API for apps and browsers. Checkout and account
// calls need a customer's JWT.
func mediaStoreRows() []Endpoint {
	const (
		get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
		connectors                 = "/connectors/adyen"
	)
	return []Endpoint{
		// Sessions.
		{Method: post, Template: "/auths", Auth: AuthNone, Data: DataCustomer, Retry: RetryEffect, Kind: KindLogin, Mark: MarkDocumented},
		{Method: post, Template: "/auths/refresh_token", Auth: AuthNone, Data: DataCustomer, Retry: RetryNever, Kind: KindRefresh, Mark: MarkDocumented},
		{Method: del, Template: "/refresh_tokens", Auth: AuthJWT, Data: DataCustomer, Retry: RetryIdempotent, Kind: KindRevoke, Mark: MarkDocumented},
		// The path of the SSO login was seen in a third-party client only. That it
		// sets the date of the last login is left to the lifetime of the profile,
		// since the call does not show whose it is.
		{Method: post, Template: "/sso/auths", Auth: AuthPublisher, Data: DataCustomer, Retry: RetryEffect, Kind: KindSSO, Mark: MarkInferred},
		{Method: post, Template: "/customers", Auth: AuthNone, Data: DataCustomer, Retry: RetryNever, Kind: KindRegister, Mark: MarkDocumented},
		{Method: put, Template: "/customers/passwords", Auth: AuthNone, Data: DataCustomer, Retry: RetryEffect, Kind: KindPassword, Mark: MarkDocumented},
		{Method: patch, Template: "/customers/passwords", Auth: AuthNone, Data: DataCustomer, Retry: RetryNever, Kind: KindPassword, Mark: MarkDocumented},

		// Public data.
		{Method: get, Template: "/publishers/{publisherId}/consents", Auth: AuthNone, Data: DataPublic, Retry: RetryRead, Mark: MarkDocumented, Cache: policyDefinition, LogBodies: true},
		{Method: get, Template: "/locales", Auth: AuthNone, Data: DataPublic | DataByAddress, Retry: RetryRead, Mark: MarkDocumented, Cache: policyDefinition, LogBodies: true},

		// Offers. Prices follow the caller's address unless customerIP is given.
		{Method: get, Template: "/offers", Auth: AuthJWT | AuthOptional, Data: DataPublisher | DataByAddress, Retry: RetryRead, Mark: MarkDocumented, Cache: policyOfferList, Tags: OfferLists, LogBodies: true},
		{Method: get, Template: "/offers/{offerId}", Auth: AuthJWT | AuthOptional, Data: DataPublisher | DataByAddress, Retry: RetryRead, Mark: MarkDocumented, Cache: policyOffer, Tags: Offer, LogBodies: true},
		{Method: get, Template: "/v2/offers/{offerId}", Auth: AuthJWT | AuthOptional, Data: DataPublisher | DataByAddress, Retry: RetryRead, Mark: MarkDocumented, Cache: policyOffer, Tags: Offer, LogBodies: true},
		// An e-mail address stands in the path.
		{Method: get, Template: "/offers/{offerId}/customers/{email}", Auth: AuthJWT, Data: DataCustomer | DataByAddress, Retry: RetryRead, Mark: MarkSeen, Tags: Offer | Purchases},
		{Method: get, Template: "/customers/{customerId}/offers", Auth: AuthJWT, Data: DataCustomer | DataByAddress, Retry: RetryRead, Mark: MarkDocumented, Cache: policyPurchases, Tags: OfferLists | Purchases},
		{Method: get, Template: "/entitlements/{offerId}", Auth: AuthJWT, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Cache: policyEntitlements, Tags: Offer | Purchases | Entitlements, LogBodies: true},

		// The customer.
		{Method: get, Template: "/customers/{customerId}", Auth: AuthJWT, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Cache: policyProfile, Tags: Profile},
		{Method: patch, Template: "/customers/{customerId}", Auth: AuthJWT, Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkDocumented, Stales: Customer},
		{Method: get, Template: "/customers/{customerId}/consents", Auth: AuthJWT, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Cache: policyConsents, Tags: Consents},
		{Method: put, Template: "/customers/{customerId}/consents", Auth: AuthJWT, Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkDocumented, Stales: Consents},
		{Method: get, Template: "/customers/{customerId}/capture/status", Auth: AuthJWT, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Tags: Consents},
		{Method: put, Template: "/customers/{customerId}/capture", Auth: AuthJWT, Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkDocumented, Stales: Consents},
		{Method: get, Template: "/customers/{customerId}/subscriptions", Auth: AuthJWT, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Cache: policyPurchases, Tags: Purchases},
		{Method: patch, Template: "/customers/{customerId}/subscriptions", Auth: AuthJWT, Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkDocumented, Stales: Customer},
		// Applies a coupon, which may be used up by it.
		{Method: patch, Template: "/customers/{customerId}/subscriptions/{subscriptionId}", Auth: AuthJWT, Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Stales: Customer},
		{Method: get, Template: "/customers/{customerId}/payment_details", Auth: AuthJWT, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Tags: Profile},
		{Method: del, Template: "/payment_details/{paymentDetailsId}", Auth: AuthJWT, Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkSeen, Stales: Customer},
		{Method: get, Template: "/customers/{customerId}/transactions", Auth: AuthJWT, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Cache: policyTransactions, Tags: Purchases},
		{Method: get, Template: "/receipt/{transactionId}", Auth: AuthJWT, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Tags: Purchases},

		// Changing plans.
		{Method: get, Template: "/customers/{customerId}/subscription_switches/{offerId}/availability", Auth: AuthJWT, Data: DataCustomer, Retry: RetryRead, Mark: MarkSeen, Tags: Offer | Purchases},
		{Method: post, Template: "/customers/{customerId}/subscription_switches/{offerId}", Auth: AuthJWT, Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Payment: true, Stales: Customer},
		{Method: get, Template: "/subscription_switches", Auth: AuthJWT, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Tags: Purchases, LogBodies: true},
		{Method: get, Template: "/subscription_switches/{switchId}", Auth: AuthJWT, Data: DataCustomer, Retry: RetryRead, Mark: MarkSeen, Tags: Purchases, LogBodies: true},
		{Method: patch, Template: "/subscription_switches/{switchId}", Auth: AuthJWT, Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkSeen, Stales: Purchases, LogBodies: true},

		// Checkout. An order expires after 15 minutes unless captured.
		{Method: get, Template: "/payment-methods", Auth: AuthJWT, Data: DataPublisher | DataByAddress, Retry: RetryRead, Mark: MarkDocumented, Cache: policyMethods, LogBodies: true},
		{Method: post, Template: "/orders", Auth: AuthJWT, Data: DataCustomer, Retry: RetryNever, Mark: MarkDocumented, LogBodies: true},
		{Method: get, Template: "/orders/{orderId}", Auth: AuthJWT, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, LogBodies: true},
		{Method: patch, Template: "/orders/{orderId}", Auth: AuthJWT, Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkDocumented, LogBodies: true}, // idempotence is inferred
		{Method: post, Template: "/payments", Auth: AuthJWT, Data: DataCustomer, Retry: RetryNever, Mark: MarkDocumented, Payment: true, Stales: Purchases},
		{Method: post, Template: connectors + "/payment-methods", Auth: AuthJWT, Data: DataCustomer | DataByAddress, Retry: RetryRead, Mark: MarkSeen}, // a read by POST, inferred
		{Method: post, Template: connectors + "/sessions", Auth: AuthJWT, Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Payment: true},
		{Method: post, Template: connectors + "/initial-payment", Auth: AuthJWT, Data: DataCustomer, Retry: RetryNever, Mark: MarkDocumented, Payment: true, Stales: Customer},
		{Method: post, Template: connectors + "/initial-payment/finalize", Auth: AuthJWT, Data: DataCustomer, Retry: RetryNever, Mark: MarkDocumented, Payment: true, Stales: Customer},
		{Method: post, Template: connectors + "/payment-details", Auth: AuthJWT, Data: DataCustomer, Retry: RetryNever, Mark: MarkDocumented, Payment: true, Stales: Customer},
		{Method: post, Template: connectors + "/payment-details/finalize", Auth: AuthJWT, Data: DataCustomer, Retry: RetryNever, Mark: MarkDocumented, Payment: true, Stales: Customer},
		{Method: post, Template: "/connectors/paypal/v1/tokens", Auth: AuthJWT, Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Payment: true, Stales: Customer},
		{Method: post, Template: "/connectors/paypal/v1/payment_details/tokens", Auth: AuthJWT, Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Payment: true, Stales: Customer},
		// Purchases made in a store. A 200 does not mean a valid purchase. Only
		// Roku's is documented.
		{Method: post, Template: "/roku/payment", Auth: AuthJWT, Data: DataCustomer, Retry: RetryNever, Mark: MarkDocumented, Payment: true, Stales: Purchases},
		{Method: post, Template: "/{store}/payment", Auth: AuthJWT, Data: DataCustomer, Retry: RetryNever, Mark: MarkInferred, Payment: true, Stales: Purchases},

		// Gifts.
		{Method: get, Template: "/gifts/{giftId}", Auth: AuthJWT, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented},
		{Method: patch, Template: "/gifts/{giftId}", Auth: AuthJWT, Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkDocumented, Stales: Purchases},
		{Method: get, Template: "/gifts/verification/{code}", Auth: AuthJWT, Data: DataPublisher, Retry: RetryRead, Mark: MarkDocumented},
		{Method: post, Template: "/gifts/redeem/{code}", Auth: AuthJWT, Data: DataCustomer, Retry: RetryNever, Mark: MarkDocumented, Stales: Purchases},
	}
}
