package simulator

import (
	"strings"
	"time"
)

// world is all data of the simulated Cleeng. It is guarded by Simulator.mu.
type world struct {
	keys       []*publisherKey
	customers  map[int]*customer
	byEmail    map[string]*customer
	offers     []*offer
	orders     map[int]*order
	payments   map[int]*payment
	subs       map[int]*subscription
	passes     map[int]*pass
	details    map[int]*paymentDetail
	gifts      map[int]*gift
	switches   map[string]*planSwitch
	coupons    map[string]*coupon
	seasons    map[int]*seasonGroup
	webhooks   map[string][]string
	syncs      map[string]*purchaseSync
	pins       map[string]*pin
	consentDef []consentDefinition

	jwtKey     []byte
	refresh    map[string]*refreshToken
	custTokens map[string]*customerToken
	resets     map[string]int // password reset token to customer id
	// revokedUpTo refuses every JWT with this serial or a lower one; per customer,
	// and under 0 for all.
	revokedUpTo map[int]int

	nextID int
}

type publisherKey struct {
	Key
	publisherID int
}

type customer struct {
	id                        int
	email, password           string
	firstName, lastName       string
	locale, country, currency string
	externalID                string
	externalData              map[string]any
	registered, lastLogin     time.Time
	lastIP                    string
	consents                  map[string]consentState
	capture                   map[string]any
	captured                  bool
	transactions              []*transaction
	addresses                 []string // that asked for access over JSON-RPC
	anonymized                bool
}

type consentDefinition struct {
	Name, Version, Label string
	Required             bool
}

type consentState struct {
	state, version string
	date           time.Time
}

type offer struct {
	id          string // long form
	kind        byte   // S, P, E, A or R
	title       string
	description string
	price       float64
	currency    string
	country     string
	period      string // week, month, year, season; empty unless subscription
	trialDays   int
	duration    time.Duration // of the entitlement, unless subscription
	active      bool
	giftable    bool
	tags        []string
	external    map[string]any
	created     time.Time
	updated     time.Time
	version     int
	locals      map[string]*localization
}

type localization struct {
	country     string
	title       string
	description string
	price       float64
	currency    string
	active      bool
}

type order struct {
	id, customerID  int
	offerID         string
	coupon          *coupon
	paymentMethodID int
	gift            bool
	country         string
	currency        string
	price, tax      float64 // price before discount without tax; tax rate
	created         time.Time
	expires         time.Time
	captured        bool
}

type payment struct {
	id, orderID, customerID int
	offerID                 string
	status                  string
	amount                  float64
	currency                string
	method, gateway         string
	externalID              string
	created                 time.Time
}

type subscription struct {
	id, customerID  int
	offerID         string
	status          string // active, stopped, terminated, paused
	from, to        time.Time
	externalID      string
	inTrial         bool
	couponCode      string
	switchID        string
	paymentMethodID int
	detailsID       int
	external        map[string]any
	ip              string
	externally      bool
	renewals        int
	cancelReason    string
}

type pass struct {
	id, customerID  int
	offerID         string
	status          string
	expires         time.Time
	externalID      string
	paymentMethodID int
	external        map[string]any
	externally      bool
}

type transaction struct {
	id         int
	offerID    string
	title      string
	at         time.Time
	amount     float64
	currency   string
	method     string
	gateway    string
	country    string
	targetType string
	targetID   int
	externalID string
}

type paymentDetail struct {
	id, customerID, methodID int
	gateway, method          string
	params                   map[string]any
	active, bound            bool
	rejections               map[string]any
	restrictedTo             any
}

type gift struct {
	id, buyerID      int
	code, offerID    string
	email, note      string
	delivery         time.Time
	sentAt, redeemed time.Time
}

type planSwitch struct {
	id                   string
	customerID, subID    int
	from, to             string
	direction, algorithm string
	status               string
	created, updated     time.Time
}

type coupon struct {
	code     string
	name     string
	discount float64 // share from 0 to 1
	periods  int
}

type seasonGroup struct {
	id      int
	name    string
	seasons map[int]map[string]any
}

type purchaseSync struct {
	id, transactionID string
	customerID        int
	readyAt           time.Time
	done              bool
}

type pin struct {
	code       string
	customerID int
	expires    time.Time
}

func newWorld() *world {
	return &world{
		customers: map[int]*customer{}, byEmail: map[string]*customer{}, orders: map[int]*order{}, payments: map[int]*payment{},
		subs: map[int]*subscription{}, passes: map[int]*pass{}, details: map[int]*paymentDetail{}, gifts: map[int]*gift{},
		switches: map[string]*planSwitch{}, coupons: map[string]*coupon{}, seasons: map[int]*seasonGroup{}, webhooks: map[string][]string{},
		syncs: map[string]*purchaseSync{}, pins: map[string]*pin{}, refresh: map[string]*refreshToken{}, custTokens: map[string]*customerToken{},
		resets: map[string]int{}, revokedUpTo: map[int]int{}, nextID: firstID,
	}
}

// id hands out the next nine-digit identifier.
func (w *world) id() int {
	w.nextID++
	return w.nextID
}

// offer finds an offer by its long id (S123456789_US) or its short one.
func (w *world) offer(id string) *offer {
	for _, o := range w.offers {
		if o.id == id || shortID(o.id) == id {
			return o
		}
	}
	return nil
}

func shortID(long string) string {
	short, _, _ := strings.Cut(long, "_")
	return short
}

func (w *world) customerByEmail(email string) *customer {
	return w.byEmail[strings.ToLower(strings.TrimSpace(email))]
}

func (w *world) addCustomer(c *customer) {
	w.customers[c.id] = c
	w.byEmail[strings.ToLower(c.email)] = c
}
