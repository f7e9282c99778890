package simulator_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/simulator"
)

func (r *rig) rpc(body any) reply {
	r.t.Helper()
	a := r.do("POST", "/3.0/json-rpc", body, "Content-Type", "text/plain")
	a.want(r.t, 200)
	return a
}

func TestRPCIDsComeBackAsStrings(t *testing.T) {
	r := start(t, nil)
	call := func(id string) string {
		a := r.rpc(`{"method":"getSubscriptionOffer","params":{"offerId":"S100000001_US"},"id":` + id + `,"json-rpc":"2.0"}`)
		a.same(t, "Monthly subscription", "result", "title")
		_, tail, _ := strings.Cut(string(a.body), `"id":"S100000001_US"`)
		_, id, _ = strings.Cut(tail, `"id":`)
		return strings.TrimSuffix(id, `,"jsonrpc":"2.0"}`)
	}
	for id, want := range map[string]string{`1`: `"1"`, `-7`: `"-7"`, `1.50`: `"1.50"`, `"a"`: `"a"`, `null`: `null`} {
		if got := call(id); got != want {
			t.Errorf("id %s came back as %s, want %s", id, got, want)
		}
	}
	tune(t, r, func(k *simulator.Knobs) { k.RPC.StringIDs = false })
	if got := call(`1`); got != `1` {
		t.Errorf("string_ids off: %s", got)
	}
}

func TestRPCErrorsStandUnderHTTP200(t *testing.T) {
	r := start(t, nil)
	for name, c := range map[string]struct {
		body string
		code float64
	}{
		"no publisher token":  {`{"method":"listOffers","params":{},"id":1}`, 3},
		"no params":           {`{"method":"listOffers","id":1}`, 3},
		"params are a list":   {`{"method":"listOffers","params":["x"],"id":1}`, 3},
		"quoted token":        {`{"method":"listOffers","params":{"publisherToken":"\"` + simulator.PublisherKey + `\""},"id":1}`, 3},
		"bad customer token":  {`{"method":"getCustomer","params":{"customerToken":"x"},"id":1}`, 1},
		"no such offer":       {`{"method":"getSubscriptionOffer","params":{"offerId":"S999999999_US"},"id":1}`, 4},
		"offer of other kind": {`{"method":"getPassOffer","params":{"offerId":"S100000001_US"},"id":1}`, 4},
		"bad credentials":     {`{"method":"loginCustomer","params":{"email":"jane@example.com","password":"x"},"id":1}`, 15},
		"unknown method":      {`{"method":"makeCoffee","id":1}`, -32601},
		"no method":           {`{"id":1}`, -32600},
		"broken":              {`{"method":`, -32700},
		"empty batch":         {`[]`, -32600},
		"empty body":          {``, -32700},
	} {
		a := r.rpc(c.body)
		if got := a.at(t, "error", "code"); got != c.code {
			t.Errorf("%s: code %v, want %v", name, got, c.code)
		}
		a.same(t, nil, "result")
	}
}

func TestRPCBatchKeepsOrderAndMixesOutcomes(t *testing.T) {
	r := start(t, nil)
	good := m{"publisherToken": simulator.PublisherKey}
	a := r.do("POST", "/api/3.0/json-rpc", []any{
		m{"method": "listSubscriptionOffers", "params": good, "id": 1},
		m{"method": "listSubscriptionOffers", "params": m{"publisherToken": "dead"}, "id": 2},
		m{"method": "listSubscriptionOffers", "params": m{"publisherToken": simulator.SecondPublisherKey, "offset": 1, "limit": 1}, "id": "x"},
	})
	a.want(t, 200)
	a.same(t, "1", 0, "id")
	a.same(t, 3.0, 0, "result", "totalItemCount")
	a.same(t, "2", 1, "id")
	a.same(t, 3.0, 1, "error", "code")
	a.same(t, "x", 2, "id")
	if n := len(a.at(t, 2, "result", "items").([]any)); n != 1 {
		t.Errorf("limit 1 gave %d items", n)
	}
	c := r.sim.Counters()
	if c.RPCCalls != 3 || c.RPCErrors[3] != 1 || c.Unauthorized != 1 {
		t.Errorf("calls %d, errors %v, unauthorized %d", c.RPCCalls, c.RPCErrors, c.Unauthorized)
	}
	for credential, want := range map[string]int{"key:first": 1, "key:second": 1, "unknown": 1} {
		if got := c.Credentials[credential]["rpc listSubscriptionOffers"]; got != want {
			t.Errorf("%s: %d calls, want %d", credential, got, want)
		}
	}
	if e := c.Endpoints["rpc listSubscriptionOffers"]; e.Arrivals != 3 || e.Handled != 2 {
		t.Errorf("endpoint %+v", e)
	}
}

func TestRPCFaultsStrikeSingleElements(t *testing.T) {
	r := start(t, faults(simulator.Fault{Kind: simulator.FaultUnauthorized, Match: "RPC listOffers", Count: 1}))
	p := m{"publisherToken": simulator.PublisherKey}
	batch := []any{m{"method": "listPassOffers", "params": p, "id": 1}, m{"method": "listOffers", "params": p, "id": 2}, m{"method": "listOffers", "params": p, "id": 3}}
	a := r.rpc(batch)
	a.same(t, 3.0, 1, "error", "code")
	a.same(t, 1.0, 0, "result", "totalItemCount")
	a.same(t, 7.0, 2, "result", "totalItemCount")
	tune(t, r, faults(simulator.Fault{Kind: simulator.FaultUnauthorized}))
	a = r.rpc(batch)
	for i := range 3 {
		a.same(t, 3.0, i, "error", "code")
	}
}

func TestRPCWritesAreCountedOnce(t *testing.T) {
	r := start(t, nil)
	write := m{"method": "registerSubscription", "id": 1, "params": m{
		"publisherToken": simulator.PublisherKey, "customerEmail": simulator.OtherCustomerEmail, "offerId": simulator.YearlyOfferID, "externalId": "e1",
	}}
	r.rpc(write)
	r.rpc([]any{write, m{"method": "listOffers", "params": m{"publisherToken": simulator.PublisherKey}, "id": 2}})
	if n := r.sim.CarriedOut("externalId", "e1"); n != 2 {
		t.Errorf("carried out %d times, want 2", n)
	}
	if w := r.sim.Counters().Writes; w.CarriedOut != 2 || w.Duplicates["externalId:e1"] != 2 || len(w.DuplicateBodies) != 1 {
		t.Errorf("writes %+v", w)
	}
}

func TestRPCCustomerTokens(t *testing.T) {
	r := start(t, nil)
	a := r.rpc(m{"method": "generateCustomerToken", "params": m{"publisherToken": simulator.PublisherKey, "customerEmail": simulator.CustomerEmail}, "id": 1})
	token := a.at(t, "result", "token")
	status := r.rpc(m{"method": "getAccessStatus", "params": m{"customerToken": token, "offerId": simulator.MonthlyOfferID}, "id": 1})
	status.same(t, true, "result", "accessGranted")
	r.rpc(m{"method": "extendTokenExpiration", "params": m{"customerToken": token}, "id": 1}).same(t, token, "result", "token")
	r.sim.Revoke(simulator.Revocation{CustomerTokens: true})
	r.rpc(m{"method": "getCustomer", "params": m{"customerToken": token}, "id": 1}).same(t, 1.0, "error", "code")
}

func TestRPCAddressLimit(t *testing.T) {
	r := start(t, func(k *simulator.Knobs) { k.RPC.MaxAddresses = 2 })
	token := r.login().CustomerToken
	var codes []any
	for _, ip := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3"} {
		var out struct {
			Error *struct{ Code int }
		}
		r.rpc(m{"method": "getAccessStatus", "params": m{"customerToken": token, "offerId": simulator.MonthlyOfferID, "ipAddress": ip}, "id": 1}).into(t, &out)
		if out.Error == nil {
			codes = append(codes, 0)
		} else {
			codes = append(codes, out.Error.Code)
		}
	}
	if want := []any{0, 0, 0, 14}; !slices.Equal(codes, want) {
		t.Errorf("codes %v, want %v", codes, want)
	}
}

func TestRPCKeyFromAForeignAddress(t *testing.T) {
	r := start(t, nil)
	if err := r.sim.AddKey(simulator.Key{Name: "bound", Value: "bound-key", AllowedIPs: []string{"192.0.2.0/24"}}); err != nil {
		t.Fatal(err)
	}
	a := r.rpc(m{"method": "listOffers", "params": m{"publisherToken": "bound-key"}, "id": 1})
	a.same(t, 3.0, "error", "code")
	tune(t, r, func(k *simulator.Knobs) { k.Credentials.IPDeniedNamesAddress = true })
	a = r.rpc(m{"method": "listOffers", "params": m{"publisherToken": "bound-key"}, "id": 1})
	a.same(t, "Publisher token is not allowed from IP address 127.0.0.1", "error", "message")
}

func TestRPCKeyPermissions(t *testing.T) {
	r := start(t, func(k *simulator.Knobs) { k.Credentials.Denied = []simulator.Denial{{Match: "RPC listTransactions"}} })
	p := m{"publisherToken": simulator.PublisherKey}
	r.rpc(m{"method": "listTransactions", "params": p, "id": 1}).same(t, 3.0, "error", "code")
	r.rpc(m{"method": "listOffers", "params": p, "id": 1}).same(t, "1", "id")
}
