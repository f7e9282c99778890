package simulator

import (
	"slices"
	"strconv"
	"strings"
)

// rpcAccess is the token that a method asks for.
type rpcAccess int

const (
	rpcPublic rpcAccess = iota
	rpcByPublisher
	rpcByCustomer
)

type rpcMethod struct {
	access rpcAccess
	handle func(r *rpcCall) (any, *rpcError)
}

// rpcCall is one element of a JSON-RPC body.
type rpcCall struct {
	*call
	name     string
	params   object
	customer *customer
}

func rpcErr(code int, message string) *rpcError { return &rpcError{Code: code, Message: message} }

// authenticate checks the token in params and counts the call under its name.
func (r *rpcCall) authenticate(need rpcAccess) *rpcError {
	if r.elementFault() {
		return rpcErr(rpcBadPublisherToken, "Invalid publisher token")
	}
	switch need {
	case rpcByPublisher:
		return r.authenticatePublisher()
	case rpcByCustomer:
		t := r.world.custTokens[text(r.params, "customerToken")]
		if t == nil || !r.server.Before(t.expires) {
			r.countAs("unknown")
			return rpcErr(rpcBadCustomerToken, "Customer token is empty or invalid")
		}
		r.customer = r.world.customers[t.customerID]
		r.countAs("customer:" + strconv.Itoa(t.customerID))
	default:
		r.countAs("none")
	}
	return nil
}

func (r *rpcCall) authenticatePublisher() *rpcError {
	k := r.world.key(text(r.params, "publisherToken"))
	if k == nil {
		r.countAs("unknown")
		return rpcErr(rpcBadPublisherToken, "Publisher token is empty or invalid")
	}
	r.countAs("key:" + k.Name)
	if !k.allows(r.addr) {
		message := "Publisher token is not allowed"
		if r.knobs.Credentials.IPDeniedNamesAddress {
			message += " from IP address " + r.addr.String()
		}
		return rpcErr(rpcBadPublisherToken, message)
	}
	if slices.ContainsFunc(r.knobs.Credentials.Denied, func(d Denial) bool {
		return (d.Key == "" || d.Key == k.Name) && (matches(d.Match, "RPC", r.name, r.name) || matches(d.Match, r.r.Method, r.r.URL.EscapedPath(), r.template()))
	}) {
		return rpcErr(rpcBadPublisherToken, "Publisher token has insufficient permissions")
	}
	return nil
}

func (r *rpcCall) countAs(credential string) {
	r.sim.tally.add(func(n *Counters) {
		if n.Credentials[credential] == nil {
			n.Credentials[credential] = map[string]int{}
		}
		n.Credentials[credential]["rpc "+r.name]++
	})
}

// elementFault applies unauthorized faults to single elements: rules that match
// "RPC methodName", or the whole request.
func (r *rpcCall) elementFault() bool {
	if r.plan.kind() == FaultUnauthorized {
		return true
	}
	for i := range r.knobs.Faults {
		f := &r.knobs.Faults[i]
		if i >= len(r.sim.faults) || f.Kind != FaultUnauthorized || !strings.HasPrefix(f.Match, "RPC ") || !matches(f.Match, "RPC", r.name, r.name) {
			continue
		}
		if r.sim.faults[i].strikes(f, r.sim.random) {
			r.sim.tally.fault(f.Kind)
			return true
		}
	}
	return false
}
