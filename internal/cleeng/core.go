package cleeng

import "net/http"

// corePath is where the Core API begins on its host.
const corePath = "/3.1"

// coreRows is the REST API for servers. All of it takes the publisher's key
// and nothing else, so one credential reads the data of every customer.
func coreRows() []Endpoint {
	const (
		get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete

		offer    = corePath + "/offers/{offerId}"
		country  = offer + "/localizations/{country}"
		groups   = corePath + "/offers/season-groups"
		group    = groups + "/{groupId}"
		customer = corePath + "/customers/{customerId}"
		sub      = corePath + "/subscriptions/{subscriptionId}"
		pass     = corePath + "/passes/{passId}"

		offers = Offer | OfferLists | SeasonGroups // what a write on one offer changes
	)
	rows := []Endpoint{
		// Offers. Answers carry an ETag only if the request is conditional.
		{Method: get, Template: corePath + "/offers", Data: DataPublisher, Retry: RetryRead, Mark: MarkSeen, Cache: policyOfferList, Tags: OfferLists, LogBodies: true},
		{Method: get, Template: offer, Data: DataPublisher, Retry: RetryRead, Mark: MarkDocumented, Cache: policyOfferValidator, Tags: Offer, LogBodies: true},
		{Method: post, Template: corePath + "/offers", Data: DataPublisher, Retry: RetryNever, Mark: MarkSeen, Stales: OfferLists | SeasonGroups, LogBodies: true},
		{Method: patch, Template: offer, Data: DataPublisher, Retry: RetryIdempotent, Mark: MarkDocumented, Stales: offers, LogBodies: true},
		{Method: post, Template: offer + "/activate", Data: DataPublisher, Retry: RetryIdempotent, Mark: MarkSeen, Stales: offers, LogBodies: true},
		{Method: post, Template: offer + "/deactivate", Data: DataPublisher, Retry: RetryIdempotent, Mark: MarkSeen, Stales: offers, LogBodies: true},
		// A localization that exists is refused, so a repeat changes nothing.
		{Method: post, Template: offer + "/localizations", Data: DataPublisher, Retry: RetryIdempotent, Mark: MarkDocumented, Stales: offers, LogBodies: true},
		{Method: patch, Template: country, Data: DataPublisher, Retry: RetryIdempotent, Mark: MarkSeen, Stales: offers, LogBodies: true},
		{Method: post, Template: country + "/activate", Data: DataPublisher, Retry: RetryIdempotent, Mark: MarkSeen, Stales: offers, LogBodies: true},
		{Method: post, Template: country + "/deactivate", Data: DataPublisher, Retry: RetryIdempotent, Mark: MarkSeen, Stales: offers, LogBodies: true},

		// Season groups.
		{Method: get, Template: groups, Data: DataPublisher, Retry: RetryRead, Mark: MarkSeen, Cache: policySeasonGroups, Tags: SeasonGroups, LogBodies: true},
		{Method: get, Template: group, Data: DataPublisher, Retry: RetryRead, Mark: MarkSeen, Cache: policySeasonGroups, Tags: SeasonGroups, LogBodies: true},
		{Method: post, Template: groups, Data: DataPublisher, Retry: RetryNever, Mark: MarkSeen, Stales: OfferLists | SeasonGroups, LogBodies: true},
		{Method: patch, Template: group, Data: DataPublisher, Retry: RetryIdempotent, Mark: MarkSeen, Stales: OfferLists | SeasonGroups, LogBodies: true},
		{Method: del, Template: group, Data: DataPublisher, Retry: RetryIdempotent, Mark: MarkSeen, Stales: OfferLists | SeasonGroups, LogBodies: true},
		{Method: post, Template: group + "/seasons", Data: DataPublisher, Retry: RetryNever, Mark: MarkSeen, Stales: OfferLists | SeasonGroups, LogBodies: true},
		{Method: patch, Template: group + "/seasons/{seasonId}", Data: DataPublisher, Retry: RetryIdempotent, Mark: MarkInferred, Stales: OfferLists | SeasonGroups, LogBodies: true},
		{Method: del, Template: group + "/seasons/{seasonId}", Data: DataPublisher, Retry: RetryIdempotent, Mark: MarkInferred, Stales: OfferLists | SeasonGroups, LogBodies: true},

		// Entitlements.
		{Method: get, Template: corePath + "/entitlements/customer_id/{customerId}/offer_id/{offerId}", Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Cache: policyEntitlements, Tags: Offer | Purchases | Entitlements, LogBodies: true},
		{Method: get, Template: corePath + "/entitlements", Data: DataCustomer, Retry: RetryRead, Mark: MarkInferred, Cache: policyEntitlements, Tags: Purchases | Entitlements, LogBodies: true},

		// Customers. Deleting one cannot be undone.
		{Method: get, Template: customer, Data: DataCustomer, Retry: RetryRead, Mark: MarkSeen, Cache: policyProfile, Tags: Profile},
		{Method: patch, Template: customer, Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkSeen, Stales: Customer},
		{Method: post, Template: corePath + "/customers", Data: DataCustomer, Retry: RetryNever, Mark: MarkDocumented},
		{Method: del, Template: customer, Data: DataCustomer, Retry: RetryNever, Mark: MarkDocumented, Stales: Customer},
		{Method: post, Template: corePath + "/customers/request_password_reset", Data: DataCustomer, Retry: RetryEffect, Kind: KindPassword, Mark: MarkSeen},

		// Subscriptions.
		{Method: get, Template: corePath + "/subscriptions", Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented, Cache: policyPurchases, Tags: Purchases, LogBodies: true},
		{Method: get, Template: sub, Data: DataCustomer, Retry: RetryRead, Mark: MarkSeen, Cache: policyPurchases, Tags: Purchases, LogBodies: true},
		{Method: post, Template: corePath + "/subscriptions", Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Stales: Purchases, LogBodies: true},
		// May apply a coupon, which is used up by it; without one it could be repeated.
		{Method: patch, Template: sub, Data: DataCustomer, Retry: RetryNever, Mark: MarkDocumented, Stales: Purchases, LogBodies: true},
		{Method: post, Template: sub + "/renew", Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Payment: true, Stales: Purchases, LogBodies: true},
		{Method: post, Template: sub + "/revive", Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Payment: true, Stales: Purchases, LogBodies: true},
		// The call names one of two customers.
		{Method: post, Template: sub + "/transfer", Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Stales: Customers, LogBodies: true},
		{Method: post, Template: sub + "/cancel", Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkSeen, Stales: Purchases, LogBodies: true},
		{Method: post, Template: sub + "/terminate", Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkSeen, Stales: Purchases, LogBodies: true},
		{Method: post, Template: sub + "/activate", Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkSeen, Stales: Purchases, LogBodies: true},
		{Method: post, Template: sub + "/pause", Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkSeen, Stales: Purchases, LogBodies: true},
		{Method: post, Template: sub + "/resume", Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkSeen, Stales: Purchases, LogBodies: true},
		{Method: post, Template: corePath + "/subscription_switches", Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Payment: true, Stales: Purchases, LogBodies: true},

		// Passes.
		{Method: get, Template: corePath + "/passes", Data: DataCustomer, Retry: RetryRead, Mark: MarkSeen, Cache: policyPurchases, Tags: Purchases, LogBodies: true},
		{Method: get, Template: pass, Data: DataCustomer, Retry: RetryRead, Mark: MarkSeen, Cache: policyPurchases, Tags: Purchases, LogBodies: true},
		{Method: post, Template: corePath + "/passes", Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Stales: Purchases, LogBodies: true},
		{Method: patch, Template: pass, Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkSeen, Stales: Purchases, LogBodies: true},
		{Method: post, Template: pass + "/terminate", Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Stales: Purchases, LogBodies: true},
		{Method: post, Template: pass + "/transfer", Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Stales: Customers, LogBodies: true},

		// Gifts hold the names and addresses of two people.
		{Method: get, Template: corePath + "/gifts/{giftId}", Data: DataCustomer, Retry: RetryRead, Mark: MarkSeen},
		{Method: patch, Template: corePath + "/gifts/{giftId}", Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkSeen, Stales: Purchases},
		{Method: get, Template: corePath + "/gifts/{code}/verification", Data: DataPublisher, Retry: RetryRead, Mark: MarkSeen},
		{Method: post, Template: corePath + "/gifts/{code}/redeem", Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Stales: Purchases},

		// Orders and payments.
		{Method: post, Template: corePath + "/orders", Data: DataCustomer, Retry: RetryNever, Mark: MarkDocumented, LogBodies: true},
		{Method: post, Template: corePath + "/payments", Data: DataCustomer, Retry: RetryNever, Mark: MarkDocumented, Payment: true, Stales: Purchases},
		{Method: patch, Template: corePath + "/payments/{paymentId}", Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Payment: true, Stales: Purchases},
		{Method: get, Template: corePath + "/payment_details/{paymentDetailsId}/authorised_payments", Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented},
		{Method: post, Template: corePath + "/payment_details", Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Stales: Purchases},
		{Method: patch, Template: corePath + "/payment_details/{paymentDetailsId}/attemptRestrictions", Data: DataCustomer, Retry: RetryIdempotent, Mark: MarkSeen, Stales: Purchases},
		{Method: post, Template: corePath + "/payment_methods", Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Stales: Purchases},

		// The publisher's own settings.
		{Method: get, Template: corePath + "/campaigns", Data: DataPublisher, Retry: RetryRead, Mark: MarkSeen, LogBodies: true},
		{Method: get, Template: corePath + "/webhook_subscriptions", Data: DataPublisher, Retry: RetryRead, Mark: MarkDocumented},
		{Method: put, Template: corePath + "/webhook_subscriptions/{topic}", Data: DataPublisher, Retry: RetryIdempotent, Mark: MarkDocumented}, // replaces the whole list; its body holds a secret
	}
	for i := range rows {
		rows[i].Auth = AuthPublisher
	}
	return rows
}
