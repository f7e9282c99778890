package redact

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
)

// Names of members and fields are compared without case and punctuation, so
// that refresh_token, refreshToken and Refresh-Token are one.

// sensitiveWords make a name sensitive wherever they stand in it.
var sensitiveWords = []string{
	"password", "passwd", "passphrase", "secret", "token", "authorization", "credential", "cookie", "captcha",
	"apikey", "privatekey", "signature", "email", "phone", "birth", "address", "firstname", "lastname", "cardnumber",
}

// sensitiveNames are sensitive as a whole.
var sensitiveNames = set(
	// credentials
	"auth", "bearer", "csrf", "encrypteddata", "jwt", "key", "nonce", "otp", "pass", "paymentdata",
	"payload", "pin", "pincode", "receipt", "receiptdata", "session", "sessiondata", "sid", "sig", "xsrf", "verification",
	"giftcode", "couponcode", "coupon",
	// payment
	"accountnumber", "bic", "bin", "cardholder", "cardholdername", "cvc", "cvv", "expirymonth", "expiryyear",
	"holdername", "iban", "lastcardfourdigits", "lastfour", "pan", "paymentmethodspecificparams", "securitycode", "swift",
	// persons
	"city", "companyname", "customerip", "displayname", "dob", "fullname", "gender", "givenname", "familyname", "house",
	"housenumber", "ip", "latitude", "login", "longitude", "maidenname", "middlename", "mobile", "nickname", "nif",
	"postalcode", "postcode", "recipient", "salutation", "screenname", "sex", "ssn", "street", "surname", "taxid",
	"username", "vatnumber", "zip", "zipcode", "customername", "clientip", "remoteip", "useragent",
)

// shownNames override sensitiveWords: they are no values but settings.
var shownNames = set("tokentype", "tokenexpiry", "emailverified", "addressrequired", "phonerequired", "secretname", "passwordset")

const maxName = 96 // bytes of a normalised name; no API has longer ones

// sensitive reports whether the value of a member of this name must be masked.
func sensitive(name string) bool {
	var buf [maxName]byte
	n := 0
	for i := range len(name) {
		c := lowerByte(name[i])
		if !alphanumeric(c) {
			continue
		}
		if n == maxName {
			return true
		}
		buf[n] = c
		n++
	}
	if _, ok := sensitiveNames[string(buf[:n])]; ok {
		return true
	}
	if n < len("email") {
		return false
	}
	s := stringOf(buf[:n])
	for _, word := range sensitiveWords {
		if strings.Contains(s, word) {
			_, shown := shownNames[string(buf[:n])]
			return !shown
		}
	}
	return false
}

// maxVerdicts bounds the names whose verdicts are remembered.
const maxVerdicts = 1024

// verdicts remembers which names are sensitive, as the same few come again
// and again. Reading it takes no lock.
type verdicts struct {
	current atomic.Pointer[map[string]bool]
	full    atomic.Bool
	mu      sync.Mutex // held while a copy with one more is made
}

func (v *verdicts) sensitive(name string) bool {
	if known := v.current.Load(); known != nil {
		if verdict, ok := (*known)[name]; ok {
			return verdict
		}
	}
	verdict := sensitive(name)
	if len(name) <= maxName && !v.full.Load() {
		v.remember(strings.Clone(name), verdict)
	}
	return verdict
}

func (v *verdicts) remember(name string, verdict bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.full.Load() {
		return
	}
	grown := make(map[string]bool)
	if known := v.current.Load(); known != nil {
		grown = maps.Clone(*known)
	}
	grown[name] = verdict
	v.current.Store(&grown)
	v.full.Store(len(grown) >= maxVerdicts)
}
