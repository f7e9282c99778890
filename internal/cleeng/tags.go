package cleeng

import "strings"

// Resource is a set of kinds of data. A read returns some, a write changes
// some; a stored answer is stale once a write changed what it returned.
// [Endpoint.AppendTags] and [Endpoint.AppendStales] turn the kinds of one
// exchange into names that can be compared.
type Resource uint16

// Kinds of data in the catalogue's columns Tags and Stales.
const (
	Offer        Resource = 1 << iota // one offer, by its id
	OfferLists                        // lists of offers
	SeasonGroups                      // season groups and seasons
	Profile                           // a customer's own data
	Purchases                         // what a customer bought: entitlements, subscriptions, passes, transactions, switches
	Entitlements                      // a part of Purchases that can be named alone
	Consents                          // consents and capture answers
	Customer                          // everything of a customer, whatever its kind
	Customers                         // everything of all customers
	Everything                        // all that was read with the same credential
)

// Names that stand for more than one customer or offer.
const (
	// TagCredential stands for all that was read with the credential of this
	// exchange. A cache puts a digest of the credential behind it, and gives
	// it to each answer it stores for that credential.
	TagCredential = "credential"

	TagOffers       = "offers"        // carried by every read of offers
	TagOfferLists   = "offer-lists"   // carried by lists of offers
	TagSeasonGroups = "season-groups" // carried by reads of season groups
	TagCustomers    = "customers"     // carried by every read of a customer's data

	offerPrefix = "offer:"
	// unresolved takes the place of an id that the request does not show.
	unresolved = "?"
	maxTagID   = 128
)

// facets are the parts of a customer's data that have names of their own:
// purchases:ID and, over all customers, purchases.
var facets = [...]struct {
	kind Resource
	all  string
}{
	{Purchases, "purchases"},
	{Entitlements, "entitlements"},
	{Consents, "consents"},
}

const customerFacets = Profile | Purchases | Entitlements | Consents | Customer

// AppendTags appends the names of what this read returns. Values come from the
// path and else from get, which looks a name up in the query, in the params
// of a JSON-RPC call, in a JSON body or in the claims of a JWT, and returns ""
// if it knows none; get may be nil. The names asked for are offerId and
// customerId. A claim may be used although nobody verified it, as long as
// names decide only on what is dropped and never on who may read.
//
// A read whose customer is unknown is named customer:? and is made stale by
// every write on a customer, since it may be the same one.
func (e *Endpoint) AppendTags(dst []string, p Params, get func(name string) string) []string {
	t := e.Tags
	if t&Offer != 0 {
		if id := resolve(&p, get, "offerId"); id != "" {
			dst = append(dst, offerPrefix+ShortOfferID(id))
		}
	}
	if t&OfferLists != 0 {
		dst = append(dst, TagOfferLists)
	}
	if t&SeasonGroups != 0 {
		dst = append(dst, TagSeasonGroups)
	}
	if t&(Offer|OfferLists|SeasonGroups) != 0 {
		dst = append(dst, TagOffers)
	}
	if t&customerFacets == 0 {
		return dst
	}
	id := resolve(&p, get, "customerId")
	if id == "" {
		id = unresolved
	}
	dst = append(dst, TagCustomers, customerTag(id))
	for _, f := range facets {
		if t&f.kind != 0 {
			dst = append(dst, f.all, f.all+":"+id)
		}
	}
	return dst
}

// AppendStales appends the names of what this write changes. Values are found
// as in [Endpoint.AppendTags]. The argument private says that the call was
// made with a customer's own credential (a JWT or a customerToken): if such a
// write does not show its customer it changes what that credential has read,
// while one made with a publisher's key may have changed any customer.
func (e *Endpoint) AppendStales(dst []string, p Params, get func(name string) string, private bool) []string {
	t := e.Stales
	if t&Everything != 0 {
		dst = append(dst, TagCredential)
	}
	if t&Offer != 0 {
		if id := resolve(&p, get, "offerId"); id != "" {
			dst = append(dst, offerPrefix+ShortOfferID(id))
		} else {
			dst = append(dst, TagOffers)
		}
	}
	if t&OfferLists != 0 {
		dst = append(dst, TagOfferLists)
	}
	if t&SeasonGroups != 0 {
		dst = append(dst, TagSeasonGroups)
	}
	if t&Customers != 0 {
		dst = append(dst, TagCustomers)
	}
	if t&customerFacets == 0 {
		return dst
	}
	id := resolve(&p, get, "customerId")
	if id == "" && private {
		return append(dst, TagCredential)
	}
	if t&(Customer|Profile) != 0 {
		if id == "" {
			return append(dst, TagCustomers)
		}
		return append(dst, customerTag(id), customerTag(unresolved))
	}
	for _, f := range facets {
		switch {
		case t&f.kind == 0:
		case id == "":
			dst = append(dst, f.all)
		default:
			dst = append(dst, f.all+":"+id, f.all+":"+unresolved)
		}
	}
	return dst
}

func customerTag(id string) string { return "customer:" + id }

// resolve returns the decoded value of a name, or "" if there is none that
// can serve as a name.
func resolve(p *Params, get func(string) string, name string) string {
	v, ok := p.Get(name)
	if ok {
		v = unescape(v)
	} else if get != nil {
		v = get(name)
	}
	if v == unresolved || len(v) > maxTagID {
		return ""
	}
	return v
}

// ShortOfferID returns an offer id without its country: S123456789_US and
// S123456789 name the same offer. Anything that does not look like a long id
// is returned as it is.
func ShortOfferID(id string) string {
	i := strings.LastIndexByte(id, '_')
	if i < 1 || len(id)-i != len("_US") {
		return id
	}
	for _, c := range []byte(id[i+1:]) {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return id
		}
	}
	return id[:i]
}
