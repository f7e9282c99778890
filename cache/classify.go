package cache

import (
	"net/http"
)

// callKind is what the cache does with a call.
type callKind uint8

const (
	passes   callKind = iota // neither stored nor changing anything
	reads                    // GET or HEAD
	writes                   // may change what was read before
	rpcReads                 // a JSON-RPC request whose calls all read
)

// classify tells reads from writes by the catalogue. What it does not know is a
// write if its method may be one. Of a read that cannot be cached it says why.
func (call *Call) classify() (kind callKind, why string) {
	ep := call.Endpoint
	switch {
	case call.RPC != nil:
		return call.classifyRPC()
	case call.Method == http.MethodOptions:
		return passes, "method"
	case call.Method != http.MethodGet && call.Method != http.MethodHead:
		if ep.Reads() {
			return passes, "method"
		}
		return writes, "method"
	case ep.Opaque:
		return passes, "path"
	case call.HasBody:
		return passes, "body"
	case NamesFields(call.Header):
		return passes, "connection"
	case !ep.Reads():
		return passes, "endpoint"
	}
	return reads, ""
}

// classifyRPC takes a batch that holds a write for one as a whole: its reads may
// have to see what its writes did.
func (call *Call) classifyRPC() (kind callKind, why string) {
	for i := range call.RPC.Calls {
		if c := &call.RPC.Calls[i]; c.Ambiguous || !c.Endpoint.Known() || !c.Endpoint.Reads() {
			return writes, "method"
		}
	}
	if NamesFields(call.Header) {
		return passes, "connection"
	}
	return rpcReads, ""
}
