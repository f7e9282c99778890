package cleeng

import "net/http"

// UpstreamDefault is where one of the APIs is reached.
type UpstreamDefault struct {
	Name    string  // in the configuration
	Surface Surface // which rows of the catalogue apply
	URL     string  // scheme and host
	Prefix  string  // of the paths that lead here
	Aliases []string
	Path    string // sent upstream in place of the prefix or alias; empty: as it came
	Limit   string // the default name of what its quota is counted by
}

// Environments that [Upstreams] knows.
const (
	Production = "production"
	Sandbox    = "sandbox"
)

// Upstreams returns the upstreams of an environment, or nil for one it does
// not know. MediaStore has the prefix "/", so the longest prefix decides. The
// caller may change the result.
//
// The hosts are documented by Cleeng. Those of in-app purchases, webhooks and
// device login are documented for the sandbox only and are not among the
// defaults.
func Upstreams(environment string) []UpstreamDefault {
	switch environment {
	case Production:
		return []UpstreamDefault{
			{Name: "core", Surface: SurfaceCore, URL: "https://api.cleeng.com", Prefix: corePath + "/", Limit: "publisher"},
			{Name: "rpc", Surface: SurfaceRPC, URL: "https://api.cleeng.com", Prefix: rpcPath, Aliases: []string{rpcAlias}, Path: rpcPath, Limit: "publisher"},
			{Name: "mediastore", Surface: SurfaceMediaStore, URL: "https://mediastoreapi.cleeng.com", Prefix: "/", Limit: "mediastore"},
		}
	case Sandbox:
		return []UpstreamDefault{
			{Name: "core", Surface: SurfaceCore, URL: "https://api.sandbox.cleeng.com", Prefix: corePath + "/", Limit: "publisher"},
			{Name: "rpc", Surface: SurfaceRPC, URL: "https://sandbox.cleeng.com", Prefix: rpcPath, Aliases: []string{rpcAlias}, Path: rpcAlias, Limit: "publisher"},
			{Name: "mediastore", Surface: SurfaceMediaStore, URL: "https://mediastoreapi-sandbox.cleeng.com", Prefix: "/", Limit: "mediastore"},
		}
	}
	return nil
}

// SurfaceOf tells which API is spoken at a path of a host (without port), for
// upstreams that an operator adds. The empty surface means that it is not
// known.
func SurfaceOf(host, path string) Surface {
	switch host {
	case "api.cleeng.com", "api.sandbox.cleeng.com", "cleeng.com", "sandbox.cleeng.com":
		switch {
		case matchRPC(http.MethodPost, path) != nil:
			return SurfaceRPC
		case len(path) > len(corePath) && path[:len(corePath)+1] == corePath+"/":
			return SurfaceCore
		}
	case "mediastoreapi.cleeng.com", "mediastoreapi-sandbox.cleeng.com",
		"mediastore.cleeng.com", "mediastore-sandbox.cleeng.com":
		return SurfaceMediaStore
	case "inapp.api.cleeng.com", "inapp.api.sandbox.cleeng.com": // the first is inferred
		return SurfaceInApp
	case "auth.api.cleeng.com", "auth.api.sandbox.cleeng.com": // the first is inferred
		return SurfaceLogin
	}
	return SurfaceUnknown
}

// Carrier says where a credential stands in a request: in a header field,
// behind a scheme, or in the params of the body.
type Carrier struct {
	Header string // canonical name; empty: in the body
	Scheme string // with its space, "Bearer "; empty: the bare value
	Param  string // name in the params of JSON-RPC; empty: in the header
}

// CarrierOf returns where a kind of credential (one bit of [Auth]) stands in
// requests of a surface. It reports false where the surface has no place for
// it.
func CarrierOf(s Surface, kind Auth) (Carrier, bool) {
	switch {
	case s == SurfaceRPC && kind == AuthPublisher:
		return Carrier{Param: "publisherToken"}, true
	case s == SurfaceRPC && kind == AuthCustomer:
		return Carrier{Param: "customerToken"}, true
	case s == SurfaceRPC:
		return Carrier{}, false
	case kind == AuthPublisher:
		return Carrier{Header: "X-Publisher-Token"}, true
	case kind == AuthJWT && s != SurfaceCore:
		return Carrier{Header: "Authorization", Scheme: "Bearer "}, true
	}
	return Carrier{}, false
}
