package cleeng

import (
	"net/http"
	"time"
)

// Surface names one of Cleeng's APIs. Paths collide between surfaces (/offers
// exists in two), so every lookup names one. The zero value is an upstream of
// which nothing is known.
type Surface string

// The surfaces. Their text is also the default name of the upstream.
const (
	SurfaceUnknown    Surface = ""
	SurfaceCore       Surface = "core"
	SurfaceRPC        Surface = "rpc"
	SurfaceMediaStore Surface = "mediastore"
	SurfaceInApp      Surface = "inapp"
	SurfaceLogin      Surface = "login"
)

// Retry says what a second sending of the same call does. The zero value is
// [RetryNever], the cautious one.
type Retry uint8

const (
	// RetryNever (X): must not be sent again once it may have been carried out.
	RetryNever Retry = iota
	// RetryEffect (E): a repeat does no harm to the data but is noticed, such
	// as a second e-mail or one more token.
	RetryEffect
	// RetryIdempotent (I): a repeat leaves the same state.
	RetryIdempotent
	// RetryRead (R): changes nothing.
	RetryRead
)

// String returns the letter of the class: X, E, I or R.
func (r Retry) String() string {
	if int(r) < len("XEIR") {
		return "XEIR"[r : r+1]
	}
	return "?"
}

// Auth is the set of credentials an endpoint accepts. Several bits mean that
// any one of them is enough.
type Auth uint8

// AuthNone is the endpoint that takes no credential. [AuthOptional] beside
// others means that the call also succeeds without one.
const (
	AuthNone      Auth = 0
	AuthJWT       Auth = 1 << iota >> 1 // a customer's JWT: Authorization: Bearer
	AuthPublisher                       // the publisher's API key: X-Publisher-Token, or publisherToken in JSON-RPC
	AuthCustomer                        // a customerToken in the params of JSON-RPC or in a body
	AuthOptional                        // none is an accepted credential as well
)

// Has reports whether all of want are in the set.
func (a Auth) Has(want Auth) bool { return a&want == want }

// Any reports whether one of want is in the set.
func (a Auth) Any(want Auth) bool { return a&want != 0 }

// Data says whose data an answer holds. Bits combine: offers of a publisher
// with prices by address are DataPublisher|DataByAddress. The zero value means
// that nothing is known, which must be treated as a customer's data.
type Data uint8

// Kinds of data.
const (
	DataPublic    Data = 1 << iota // the same for everyone
	DataByAddress                  // follows the caller's address, or customerIP
	DataPublisher                  // of the publisher whose credential was used
	DataCustomer                   // of one customer
)

// Has reports whether all of want are in the set.
func (d Data) Has(want Data) bool { return d&want == want }

// Policy is the default lifetime of an endpoint's answers. The zero value
// means that an answer is stored only if its own header fields say so
// (RFC 9111).
type Policy struct {
	TTL      time.Duration // how long a 2xx answer is fresh when it says nothing itself
	Stale    time.Duration // how long after that it may still be served: while revalidating, on errors (RFC 5861), while paused
	Negative time.Duration // how long a 404 is fresh; 0 = not stored

	// OptIn marks answers that are stored only where the operator asked for
	// it. Cleeng derives engagement figures from entitlement checks.
	OptIn bool
	// Conditional marks endpoints that send an ETag only if the request
	// carries If-Match or If-None-Match.
	Conditional bool
}

// Cacheable reports whether the policy gives answers a lifetime.
func (p Policy) Cacheable() bool { return p.TTL > 0 }

// Kind marks the few endpoints that other parts of a proxy treat in a special
// way. The zero value is an ordinary endpoint.
type Kind uint8

// Kinds of endpoints.
const (
	KindOrdinary Kind = iota
	KindLogin         // exchanges a password for a token pair
	KindRegister      // creates a customer and returns a token pair
	KindRefresh       // exchanges a single-use refresh token for a new pair
	KindSSO           // mints a customer's token from a publisher's key
	KindRevoke        // ends all sessions of a customer
	KindPassword      // changes a password
	KindToken         // mints or extends a JSON-RPC customerToken
)

// Mark says how well a row is founded.
type Mark uint8

// Marks, from the least to the best founded. The zero value is used by the
// rows named "other".
const (
	MarkUnknown    Mark = iota
	MarkInferred        // concluded; verify before relying on it
	MarkSeen            // in the source of a published client or OpenAPI file
	MarkDocumented      // by Cleeng
)

// Endpoint is one row of the catalogue. Rows are shared and must not be
// changed; two requests have the same endpoint if the pointers are equal.
type Endpoint struct {
	Surface Surface
	Method  string // as sent; HEAD matches rows of GET
	// Template is the path as sent upstream with the variable segments named
	// in braces: the only form of a path that may show in metrics and logs.
	// JSON-RPC methods follow the path after '#'. Rows outside the catalogue
	// have the template "other".
	Template string
	Auth     Auth
	Data     Data
	Retry    Retry
	Kind     Kind
	Mark     Mark
	Payment  bool // charges money; an order alone does not
	// LogBodies allows request and response bodies in logs, after masking.
	LogBodies bool
	// Opaque marks a request whose path is not in normal form: besides all
	// that holds for "other" it is never shared with another caller.
	Opaque bool
	Cache  Policy
	Tags   Resource // what a read returns
	Stales Resource // what a write changes

	names []string // of the variable segments, in order
}

// Known reports whether the endpoint is in the catalogue.
func (e *Endpoint) Known() bool { return e.Mark != MarkUnknown }

// Reads reports whether the call changes nothing: a class R row, or a safe
// method (RFC 9110 section 9.2.1) outside the catalogue.
func (e *Endpoint) Reads() bool { return e.Retry == RetryRead || !e.Known() && safeMethod(e.Method) }

func safeMethod(m string) bool {
	return m == http.MethodGet || m == http.MethodHead || m == http.MethodOptions
}
