package simulator_test

import (
	"maps"
	"testing"

	"github.com/cleengate/cleengate/internal/simulator"
)

// call makes one JSON-RPC call with the first sample key and returns its reply.
func (r *rig) call(method string, params m) reply {
	r.t.Helper()
	p := m{"publisherToken": simulator.PublisherKey}
	maps.Copy(p, params)
	return r.rpc(m{"method": method, "params": p, "id": 1, "jsonrpc": "2.0"})
}

func TestRPCCustomerLife(t *testing.T) {
	r := start(t, nil)
	data := m{"email": "rpc@example.com", "password": "long enough", "country": "DE", "firstName": "Rita"}
	token := r.call("registerCustomer", m{"customerData": data}).at(t, "result", "token")
	r.call("registerCustomer", m{"customerData": data}).same(t, 13.0, "error", "code")
	r.call("registerCustomer", m{"customerData": m{}}).same(t, 11.0, "error", "code")
	r.call("getCustomer", m{"customerToken": token}).same(t, "Rita", "result", "firstName")
	r.call("getCustomerEmail", m{"customerToken": token}).same(t, "rpc@example.com", "result", "email")
	who := m{"customerEmail": "rpc@example.com"}
	r.call("isTrialAllowed", who).same(t, true, "result", "allowed")
	r.call("isTrialAllowed", m{"customerEmail": "nobody@example.com"}).same(t, 23.0, "error", "code")
	r.call("requestPasswordReset", who).same(t, true, "result", "success")
	reset := r.do("GET", "/_sim/password-resets", nil).at(t, "resets", 0, "token")
	r.call("updateCustomerPassword", m{"resetPasswordToken": reset, "newPassword": "changed it"}).same(t, true, "result", "success")
	r.call("updateCustomerPassword", m{"resetPasswordToken": reset, "newPassword": "changed it"}).same(t, 16.0, "error", "code")
	r.call("loginCustomer", m{"email": "rpc@example.com", "password": "changed it"}).at(t, "result", "token")
	r.call("updateCustomerEmail", m{"customerEmail": "rpc@example.com", "newEmail": "new@example.com"}).same(t, true, "result", "success")
	r.call("getCustomer", m{"customerToken": token}).same(t, "new@example.com", "result", "email")
}

func TestRPCConsents(t *testing.T) {
	r := start(t, nil)
	r.call("getConsentDefinitions", nil).same(t, "terms", "result", "consents", 0, "name")
	who := m{"customerEmail": simulator.CustomerEmail, "consents": []any{m{"name": "terms", "state": "declined", "version": "2"}}}
	r.call("updateCustomerConsents", who).same(t, true, "result", "success")
	r.call("fetchCustomerConsents", who).same(t, "declined", "result", "consents", 1, "state")
}

func TestRPCOffers(t *testing.T) {
	r := start(t, nil)
	id := r.call("createPassOffer", m{"offerData": m{"title": "Day pass", "price": 2}}).at(t, "result", "id")
	r.call("updatePassOffer", m{"offerId": id, "offerData": m{"title": "Night pass"}}).same(t, "Night pass", "result", "title")
	r.call("deactivatePassOffer", m{"offerId": id}).same(t, false, "result", "active")
	r.call("getPassOffer", m{"offerId": id}).same(t, false, "result", "active")
	r.call("listPassOffers", m{"criteria": m{"active": true}}).same(t, 1.0, "result", "totalItemCount")
	r.call("listOffers", m{"offset": -1}).same(t, 11.0, "error", "code")
	r.call("listOfferIdsByVideoId", m{"videoId": "v"}).same(t, 0.0, "result", "totalItemCount")
	r.call("getSubscriptionOffer", m{"offerId": simulator.MonthlyOfferID, "ipAddress": "198.51.100.1"}).same(t, "EUR", "result", "currency")
}

func TestRPCSubscriptionsTransactionsAndDetails(t *testing.T) {
	r := start(t, nil)
	who := m{"customerEmail": simulator.CustomerEmail, "offerId": simulator.MonthlyOfferID}
	r.call("listCustomerSubscriptions", who).same(t, 1.0, "result", "totalItemCount")
	r.call("updateSubscription", m{"customerEmail": simulator.CustomerEmail, "offerId": simulator.MonthlyOfferID, "offerParams": m{"status": "cancelled"}}).
		same(t, "stopped", "result", "status")
	r.call("updateSubscription", m{"customerEmail": simulator.CustomerEmail, "offerId": simulator.YearlyOfferID}).same(t, 4.0, "error", "code")
	r.call("listTransactions", m{"criteria": m{"customerEmail": simulator.CustomerEmail}, "limit": 2}).same(t, 3.0, "result", "totalItemCount")
	detail := r.call("listPaymentDetails", who).at(t, "result", "paymentDetails", 0, "id")
	r.call("deletePaymentDetails", m{"paymentDetailsId": detail}).same(t, true, "result", "success")
	r.call("deletePaymentDetails", m{"paymentDetailsId": detail}).same(t, 11.0, "error", "code")
	token := r.login().CustomerToken
	if tags := r.call("getAccessibleTags", m{"customerToken": token}).at(t, "result", "tags").([]any); len(tags) != 2 {
		t.Errorf("tags %v, want those of the monthly offer", tags)
	}
}
