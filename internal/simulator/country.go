package simulator

import (
	"math"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// market is what follows from a country: locale, currency and tax.
type market struct {
	country, locale, currency string
	factor                    float64 // price relative to the base price
	tax                       float64
}

func marketOf(country string) market {
	switch country {
	case "DE":
		return market{"DE", "de_DE", "EUR", 0.95, 0.19}
	case "GB":
		return market{"GB", "en_GB", "GBP", 0.85, 0.20}
	case "PL":
		return market{"PL", "pl_PL", "PLN", 4.00, 0.23}
	case "US":
		return market{"US", "en_US", "USD", 1, 0}
	default:
		return market{country, "en_US", "USD", 1, 0}
	}
}

// countryOf places an address. The documentation ranges of RFC 5737 stand for
// countries, everything else is in the US unless data.countries says otherwise.
func countryOf(addr netip.Addr, extra map[string]string) string {
	prefixes := []struct{ cidr, country string }{
		{"192.0.2.0/24", "PL"}, {"198.51.100.0/24", "DE"}, {"203.0.113.0/24", "GB"},
	}
	best, country := -1, "US"
	consider := func(cidr, c string) {
		p, err := netip.ParsePrefix(cidr)
		if err == nil && p.Contains(addr) && p.Bits() > best {
			best, country = p.Bits(), c
		}
	}
	for _, p := range prefixes {
		consider(p.cidr, p.country)
	}
	for cidr, c := range extra {
		consider(cidr, c)
	}
	return country
}

// sourceAddr is the caller's address: the connection's, or the first of
// X-Forwarded-For where the knob says that it is honoured.
func sourceAddr(r *http.Request, trustForwarded bool) netip.Addr {
	if trustForwarded {
		first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ",")
		if a, err := netip.ParseAddr(strings.TrimSpace(first)); err == nil {
			return a.Unmap()
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

func round2(x float64) float64 { return math.Round(x*100) / 100 }

// priceIn gives an offer's price without tax in a country, by its localization
// if it has an active one.
func (o *offer) priceIn(country string) (price float64, m market) {
	m = marketOf(country)
	if l := o.locals[country]; l != nil && l.active {
		m.currency = l.currency
		return l.price, m
	}
	if country == o.country {
		m.currency = o.currency
		return o.price, m
	}
	return round2(o.price * m.factor), m
}

func (o *offer) titleIn(country string) (title, description string) {
	if l := o.locals[country]; l != nil && l.active {
		return l.title, l.description
	}
	return o.title, o.description
}

func currencySymbol(currency string) string {
	i := slices.Index([]string{"USD", "EUR", "GBP", "PLN"}, currency)
	if i < 0 {
		return currency
	}
	return []string{"$", "€", "£", "zł"}[i]
}

func parseAddr(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.TrimSpace(s))
	return a.Unmap(), err == nil
}
