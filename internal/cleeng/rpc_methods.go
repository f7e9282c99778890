package cleeng

import "net/http"

// rpcPath is the path of JSON-RPC. Template names always use it, although the
// sandbox and an older alias serve the same at rpcAlias.
const (
	rpcPath  = "/3.0/json-rpc"
	rpcAlias = "/api/3.0/json-rpc"
)

// rpcOther is the row of calls that are no method of the catalogue. Nothing is
// assumed of them.
var rpcOther = &Endpoint{
	Surface: SurfaceRPC, Method: http.MethodPost, Template: rpcPrefix + "other",
	Auth: AuthPublisher | AuthCustomer, Data: DataByAddress | DataPublisher | DataCustomer, Stales: Everything,
}

// rpcBatches are the rows of a batch of different methods, by the least of
// their retry classes.
var rpcBatches = func() (rows [RetryRead + 1]*Endpoint) {
	for class := RetryNever; class <= RetryRead; class++ {
		e := *rpcOther
		e.Template, e.Mark, e.Retry = rpcPrefix+"batch", MarkDocumented, class
		if e.Retry == RetryRead {
			e.Stales = 0
		}
		rows[class] = &e
	}
	return rows
}()

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
