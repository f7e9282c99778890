package cleeng

// edit is a place where a publisherToken is written.
type edit struct {
	span
	kind editKind
}

type editKind uint8

const (
	replaceValue  editKind = iota // the value that is there
	addMember                     // a member before the first one of params
	addOnlyMember                 // a member into empty params
	addParams                     // params behind the last member of the call
)

// PublisherToken says what the call carries as publisherToken. Of several
// values, the one that is most of a credential counts.
func (c *RPCCall) PublisherToken() TokenState { return c.publisher.state }

// CustomerToken says what the call carries as customerToken.
func (c *RPCCall) CustomerToken() TokenState { return c.customer.state }

// Injectable reports whether the call has a place for a publisherToken: params
// that are an object, or none at all.
func (c *RPCCall) Injectable() bool { return len(c.edits) > 0 }

// Fillable reports whether a publisher's key should be put into the call
// because it carries no credential that its method accepts. That is so where
// publisherToken
//
//   - is the placeholder;
//   - is empty, which shows that the client takes the method to need one,
//     unless the call carries a customerToken that the method accepts. The
//     published Node client sends both with every call;
//   - is absent, and the method accepts a key, again unless there is an
//     accepted customerToken;
//   - is absent because there are no params at all: such a call carries
//     nothing, and a method that takes no key does not mind one.
//
// If the member is repeated, one value that is a credential makes the call
// not fillable: which one upstream reads is not known.
func (c *RPCCall) Fillable() bool {
	if !c.Injectable() {
		return false
	}
	own := c.customer.state == TokenPresent && c.Endpoint.Auth.Has(AuthCustomer)
	switch c.publisher.state {
	case TokenPlaceholder:
		return true
	case TokenEmpty:
		return !own
	case TokenAbsent:
		return !own && (c.Endpoint.Auth.Has(AuthPublisher) || c.params.start == c.params.end)
	default:
		return false
	}
}

// Inject appends the body with the token as publisherToken in the params of
// each call for which when is true (nil: in all). A value that is there is
// replaced, every one of a repeated member; else the member becomes the first
// one; a call without params gets some. Calls with no place for it stay as
// they are. All other bytes are copied.
//
// Spelling, order and repetition of names cannot make upstream see another
// token than the one given, since every place is written.
func (r *RPC) Inject(dst []byte, token string, when func(i int) bool) []byte {
	done := 0
	for i := range r.Calls {
		if when != nil && !when(i) {
			continue
		}
		for _, e := range r.Calls[i].edits {
			dst = append(dst, r.body[done:e.start]...)
			done = e.end
			switch e.kind {
			case replaceValue:
				dst = appendQuoted(dst, token)
			case addMember:
				dst = append(dst, `"publisherToken":`...)
				dst = append(appendQuoted(dst, token), ',')
			case addOnlyMember:
				dst = append(dst, `"publisherToken":`...)
				dst = appendQuoted(dst, token)
			case addParams:
				dst = append(dst, `,"params":{"publisherToken":`...)
				dst = append(appendQuoted(dst, token), '}')
			}
		}
	}
	return append(dst, r.body[done:]...)
}
