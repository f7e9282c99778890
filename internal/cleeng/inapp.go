package cleeng

import "net/http"

// inAppRows is the host for purchases made in stores, and the older paths of
// the same purpose on the main host. A purchase is charged by the store; a
// repeat may extend or grant access a second time.
func inAppRows() []Endpoint {
	const (
		get, post = http.MethodGet, http.MethodPost
		either    = AuthJWT | AuthPublisher
		legacy    = AuthPublisher | AuthCustomer
	)
	return []Endpoint{
		// Answers 202 with a synchronizationId, which is the request's
		// Correlation-Id if it has one. A concurrent repeat gets 409.
		{Method: post, Template: "/storekit2/purchases", Auth: either, Data: DataCustomer, Retry: RetryNever, Mark: MarkDocumented, Payment: true, Stales: Purchases},
		{Method: post, Template: "/storekit2/purchases/transfers", Auth: either, Data: DataCustomer, Retry: RetryNever, Mark: MarkInferred, Payment: true, Stales: Customers},
		{Method: get, Template: "/purchases/synchronizations/{synchronizationId}", Auth: either, Data: DataCustomer, Retry: RetryRead, Mark: MarkDocumented},

		// Seen in a middleware of 2020.
		{Method: post, Template: "/apple/payment", Auth: legacy, Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Payment: true, Stales: Purchases},
		{Method: post, Template: "/android/payment", Auth: legacy, Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Payment: true, Stales: Purchases},
		{Method: post, Template: "/roku/payment", Auth: legacy, Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Payment: true, Stales: Purchases},
		{Method: post, Template: "/amazon/payment", Auth: legacy, Data: DataCustomer, Retry: RetryNever, Mark: MarkSeen, Payment: true, Stales: Purchases},
	}
}

// loginRows is the pairing of a TV with a customer by a code. Its credential
// is not published, so both are taken for possible.
func loginRows() []Endpoint {
	const auth = AuthJWT | AuthPublisher | AuthOptional
	return []Endpoint{
		{Method: http.MethodPost, Template: "/v1/codes/generate", Auth: auth, Data: DataCustomer, Retry: RetryEffect, Kind: KindLogin, Mark: MarkDocumented},
		{Method: http.MethodPost, Template: "/v1/codes/authorize", Auth: auth, Data: DataCustomer, Retry: RetryNever, Kind: KindLogin, Mark: MarkDocumented},
	}
}
