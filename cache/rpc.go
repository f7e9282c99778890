package cache

import (
	"crypto/sha256"
	"net/http"

	"github.com/cleengate/cleengate/internal/cleeng"
)

// element makes a call of its own of one call of a JSON-RPC request, with the
// key of its method and params. It reports false where the params have no one
// meaning, or nothing shows whose answer is whose.
func (c *Cache) element(call *Call, i int, rules *Rules) (*Call, bool) {
	rpc := &call.RPC.Calls[i]
	if rpc.ID == nil || string(rpc.ID) == "null" || len(rpc.ID) > 0 && (rpc.ID[0] == '{' || rpc.ID[0] == '[') {
		return nil, false
	}
	el := &Call{
		Upstream: call.Upstream, Base: call.Base, Endpoint: rpc.Endpoint, Method: http.MethodGet, Path: call.Path, Query: call.Query, Header: call.Header,
		RPC: call.RPC, Private: call.Private || rpc.CustomerToken() == cleeng.TokenPresent, Patience: call.Patience, Urgency: call.Urgency,
		prepared: true, kind: reads, element: i, request: call.request, fields: call.fields, keyed: call.keyed,
	}
	if call.Credential != nil && (call.Injects == nil || call.Injects(i)) {
		el.Credential, el.account = call.Credential, call.account
	}
	el.policy = rules.policyOf(rpc.Endpoint, call.Method, call.Path)
	k := newKeyBytes()
	params, ok := rpc.CanonicalParams(nil)
	if !ok {
		k.sum()
		return nil, false
	}
	tokens := rpc.AppendTokens(nil)
	identity := c.identify(el, el.fields.names)
	k.b = append(k.b, c.secret[:]...)
	k.b = append(k.b, identity[:]...)
	k.addBytes(tokens)
	clear(tokens)
	el.identity = sha256.Sum256(k.b)
	k.b = k.b[:0]
	el.addCommon(k)
	k.addString(http.MethodPost)
	k.addString(call.Path)
	k.addString(call.Query)
	k.addString(rpc.Method)
	k.addBytes(params)
	el.key = k.sum()
	return el, true
}

// rpc answers a JSON-RPC request of reads: what is stored from memory, and the
// rest by a smaller request upstream.
func (t *Transport) rpc(r *http.Request, call *Call) (*http.Response, error) {
	if !call.RPC.Batch {
		el, ok := t.Cache.element(call, 0, t.Rules)
		if !ok {
			return t.pass(r, "params")
		}
		return t.read(r, el)
	}
	return t.batch(r, call)
}

// elementNames are the names of what one call of a JSON-RPC request returns.
func (c *Cache) elementNames(el *Call) []string {
	names := append(make([]string, 0, 12), namePath+el.Path, nameTemplate+el.Endpoint.Template)
	names = c.appendCredentials(names, el, el.element)
	return el.RPC.Calls[el.element].AppendTags(names)
}
