package cleeng

import "net/http"

// otherPair holds the rows for requests outside the catalogue.
type otherPair struct{ plain, opaque *Endpoint }

// otherRows has one row for each surface and method of RFC 9110 and RFC 5789,
// so that the method of such a request can still be told from its row. All
// further methods share the row with the method "OTHER".
var otherRows = func() map[Surface]map[string]otherPair {
	methods := []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, methodOther,
	}
	accepted := map[Surface]Auth{
		SurfaceUnknown:    AuthJWT | AuthPublisher | AuthCustomer | AuthOptional,
		SurfaceCore:       AuthPublisher,
		SurfaceRPC:        AuthPublisher | AuthCustomer,
		SurfaceMediaStore: AuthJWT | AuthPublisher | AuthOptional,
		SurfaceInApp:      AuthJWT | AuthPublisher,
		SurfaceLogin:      AuthJWT | AuthPublisher | AuthOptional,
	}
	all := make(map[Surface]map[string]otherPair, len(accepted))
	for s, auth := range accepted {
		all[s] = make(map[string]otherPair, len(methods))
		for _, m := range methods {
			e := Endpoint{
				Surface: s, Method: m, Template: templateOther, Auth: auth,
				Data: DataByAddress | DataPublisher | DataCustomer,
			}
			if !safeMethod(m) {
				e.Stales = Everything
			}
			opaque := e
			opaque.Opaque = true
			all[s][m] = otherPair{plain: &e, opaque: &opaque}
		}
	}
	return all
}()

const (
	templateOther = "other"
	methodOther   = "OTHER"
)

func others(s Surface, method string) otherPair {
	table, ok := otherRows[s]
	if !ok {
		table = otherRows[SurfaceUnknown]
	}
	pair, ok := table[method]
	if !ok {
		pair = table[methodOther]
	}
	return pair
}

// Other returns the row for a request outside the catalogue: never repeated,
// no lifetime of its own, no bodies in logs, no payment, and as a write it
// makes everything stale that its credential has read.
func Other(s Surface, method string) *Endpoint { return others(s, method).plain }
