package cleeng

import "strings"

// List returns the endpoint that reads many of what this one reads singly, nil
// where the catalogue has none: a read of /3.1/offers/{offerId} for each of a
// hundred offers can be one of /3.1/offers.
func (e *Endpoint) List() *Endpoint { return lists[e] }

var lists = func() map[*Endpoint]*Endpoint {
	byTemplate := make(map[string]*Endpoint) // of reads, by surface and template
	for e := range Endpoints() {
		if e.Retry == RetryRead {
			byTemplate[string(e.Surface)+" "+e.Template] = e
		}
	}
	found := make(map[*Endpoint]*Endpoint)
	for _, e := range byTemplate {
		if l := byTemplate[string(e.Surface)+" "+listTemplate(e, byTemplate)]; l != nil && l != e {
			found[e] = l
		}
	}
	return found
}()

// listTemplate is the template that a list would have: for JSON-RPC the list*Offers
// of a get*Offer, else the collection that the path is in. A path below a single
// resource that can be read itself, such as /customers/{customerId}/consents, is
// a part of it and in no collection.
func listTemplate(e *Endpoint, reads map[string]*Endpoint) string {
	if kind, ok := strings.CutPrefix(e.Template, rpcPrefix+"get"); ok {
		if strings.HasSuffix(kind, "Offer") {
			return rpcPrefix + "list" + kind + "s"
		}
		return ""
	}
	at := e.Template
	if !strings.Contains(at, "{") {
		return ""
	}
	for strings.Contains(at, "{") {
		at = at[:strings.LastIndexByte(at, '/')]
		if strings.Contains(at, "{") && reads[string(e.Surface)+" "+at] != nil {
			return ""
		}
	}
	for at != "" && reads[string(e.Surface)+" "+at] == nil {
		at = at[:strings.LastIndexByte(at, '/')]
	}
	return at
}
