package cleeng

import "net/http"

// rpcPath is the path of JSON-RPC. Template names always use it, although the
// sandbox and an older alias serve the same at rpcAlias.
const (
	rpcPath  = "/3.0/json-rpc"
	rpcAlias = "/api/3.0/json-rpc"
)

// Rows for calls that are no method of the catalogue. Nothing is assumed of
// an unknown method; a batch of different methods is what its elements are.
var (
	rpcOther = &Endpoint{
		Surface: SurfaceRPC, Method: http.MethodPost, Template: rpcPath + "#other",
		Auth: AuthPublisher | AuthCustomer, Data: DataByAddress | DataPublisher | DataCustomer, Stales: Everything,
	}
	rpcBatchRead = &Endpoint{
		Surface: SurfaceRPC, Method: http.MethodPost, Template: rpcPath + "#batch", Mark: MarkDocumented,
		Auth: AuthPublisher | AuthCustomer, Data: DataByAddress | DataPublisher | DataCustomer, Retry: RetryRead,
	}
	rpcBatchWrite = &Endpoint{
		Surface: SurfaceRPC, Method: http.MethodPost, Template: rpcPath + "#batch", Mark: MarkDocumented,
		Auth: AuthPublisher | AuthCustomer, Data: DataByAddress | DataPublisher | DataCustomer, Stales: Everything,
	}
	rpcBatchPayment = &Endpoint{
		Surface: SurfaceRPC, Method: http.MethodPost, Template: rpcPath + "#batch", Mark: MarkDocumented, Payment: true,
		Auth: AuthPublisher | AuthCustomer, Data: DataByAddress | DataPublisher | DataCustomer, Stales: Everything,
	}
)

// RPCMethod returns the row of a JSON-RPC method, or the row with the
// template "/3.0/json-rpc#other" if there is none. Case counts.
func RPCMethod(name string) *Endpoint {
	if e := known.methods[name]; e != nil {
		return e
	}
	return rpcOther
}

func matchRPC(method, path string) *Endpoint {
	if method != http.MethodPost {
		return nil
	}
	for _, prefix := range [...]string{rpcPath, rpcAlias} {
		if len(path) < len(prefix) || path[:len(prefix)] != prefix {
			continue
		}
		switch rest := path[len(prefix):]; {
		case rest == "":
			return rpcOther
		case rest[0] == '#':
			return RPCMethod(rest[1:])
		}
	}
	return nil
}
