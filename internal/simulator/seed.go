package simulator

import (
	"slices"
	"time"
)

// seed fills the sample data of defaults.go.
func (w *world) seed(now time.Time) {
	w.keys = append(
		w.keys,
		&publisherKey{Key: Key{Name: "first", Value: PublisherKey}, publisherID: PublisherID},
		&publisherKey{Key: Key{Name: "second", Value: SecondPublisherKey}, publisherID: PublisherID},
	)
	w.consentDef = []consentDefinition{
		{Name: "terms", Version: "2", Label: "I accept the <a href=\"https://example.com/terms\">Terms and Conditions</a> of Example TV.", Required: true},
		{Name: "broadcaster_marketing", Version: "1", Label: "I want to hear about new programmes of Example TV."},
	}
	created := now.Add(-200 * 24 * time.Hour)
	for _, o := range []*offer{
		{id: MonthlyOfferID, kind: 'S', title: "Monthly subscription", description: "All programmes, renewed each month.", price: 9.99, period: "month", trialDays: 7, giftable: true, tags: []string{"sports", "news"}},
		{id: YearlyOfferID, kind: 'S', title: "Yearly subscription", description: "All programmes, renewed each year.", price: 149, period: "year", tags: []string{"sports", "news"}},
		{id: FreeOfferID, kind: 'S', title: "Free subscription", description: "News only, free of charge.", period: "month", tags: []string{"news"}},
		{id: PassOfferID, kind: 'P', title: "30 day pass", description: "All programmes for 30 days.", price: 12.50, duration: 30 * 24 * time.Hour, tags: []string{"sports"}},
		{id: EventOfferID, kind: 'E', title: "Cup final", description: "The final, live.", price: 4.99, duration: 48 * time.Hour},
		{id: RentalOfferID, kind: 'R', title: "Film of the week", description: "For 48 hours.", price: 3.99, duration: 48 * time.Hour},
		{id: SingleOfferID, kind: 'A', title: "Documentary", description: "Yours to keep.", price: 7.99, duration: 10 * 365 * 24 * time.Hour},
	} {
		o.currency, o.country, o.active, o.version = "USD", "US", true, 1
		o.created, o.updated, o.external, o.locals = created, created, map[string]any{}, map[string]*localization{}
		w.offers = append(w.offers, o)
	}
	w.offer(MonthlyOfferID).locals["DE"] = &localization{country: "DE", title: "Monatsabo", description: "Alle Sendungen.", price: 8.99, currency: "EUR", active: true}
	for _, c := range []*coupon{
		{code: CouponCode, name: "Summer", discount: 0.25, periods: 3},
		{code: FreeCouponCode, name: "On the house", discount: 1, periods: 1},
	} {
		w.coupons[c.code] = c
	}
	w.seasons[300000001] = &seasonGroup{id: 300000001, name: "League", seasons: map[int]map[string]any{
		1: {"id": 1, "name": "2025/26", "startDate": created.Unix(), "endDate": created.AddDate(1, 0, 0).Unix()},
	}}
	jane := &customer{
		id: CustomerID, email: CustomerEmail, password: CustomerPassword, firstName: "Jane", lastName: "Doe", locale: "en_US", country: "US",
		currency: "USD", externalID: "jane-1", registered: created, lastLogin: created, lastIP: "127.0.0.1", externalData: map[string]any{},
		consents: sampleConsents(created), captured: true, capture: map[string]any{},
	}
	john := &customer{
		id: OtherCustomerID, email: OtherCustomerEmail, password: CustomerPassword, firstName: "John", lastName: "Roe", locale: "en_US", country: "US",
		currency: "USD", registered: created, lastLogin: created, lastIP: "127.0.0.1", externalData: map[string]any{},
		consents: sampleConsents(created), captured: true, capture: map[string]any{},
	}
	w.addCustomer(jane)
	w.addCustomer(john)
	w.details[w.id()] = &paymentDetail{
		id: w.nextID, customerID: jane.id, methodID: methodCard, gateway: "adyen", method: "card", active: true, bound: true,
		params: map[string]any{"variant": "visa", "lastCardFourDigits": "1111", "cardExpirationDate": "03/2030", "holderName": "Jane Doe", "socialSecurityNumber": "", "merchantAccount": "ExampleTV"},
	}
	month := w.offer(MonthlyOfferID)
	for i := range 3 {
		at := now.AddDate(0, i-3, 12)
		jane.transactions = append(jane.transactions, &transaction{
			id: w.id(), offerID: month.id, title: month.title, at: at, amount: month.price, currency: "USD", method: "card", gateway: "adyen",
			country: "US", targetType: "subscriptionId", targetID: 400000001, externalID: "PSP" + itoa(w.nextID),
		})
	}
	slices.Reverse(jane.transactions)
	w.subs[400000001] = &subscription{
		id: 400000001, customerID: jane.id, offerID: month.id, status: "active", from: now.AddDate(0, -3, 12), to: now.AddDate(0, 0, 12),
		paymentMethodID: methodCard, detailsID: 600000001, external: map[string]any{}, ip: "127.0.0.1", renewals: 3,
	}
	w.gifts[GiftID] = &gift{id: GiftID, buyerID: jane.id, code: GiftCode, offerID: MonthlyOfferID, email: OtherCustomerEmail, note: "Enjoy!", delivery: now.Add(-time.Hour), sentAt: now.Add(-time.Hour)}
}

func sampleConsents(at time.Time) map[string]consentState {
	return map[string]consentState{
		"terms":                 {state: "accepted", version: "2", date: at},
		"broadcaster_marketing": {state: "declined", version: "1", date: at},
	}
}

// The publisher's payment methods.
const (
	methodCard   = 142
	methodPayPal = 143
	methodFree   = 144
	methodCoupon = 145
	methodOther  = 146 // external, for Core subscriptions
)

type paymentMethod struct {
	id            int
	name, gateway string
}

func paymentMethods() []paymentMethod {
	return []paymentMethod{
		{methodCard, "card", "adyen"},
		{methodPayPal, "paypal", "paypal"},
		{methodFree, "free-offer", "free-offer"},
		{methodCoupon, "coupon", "coupon"},
		{methodOther, "external", "external"},
	}
}

func methodByID(id int) (paymentMethod, bool) {
	i := slices.IndexFunc(paymentMethods(), func(m paymentMethod) bool { return m.id == id })
	if i < 0 {
		return paymentMethod{}, false
	}
	return paymentMethods()[i], true
}
