package cache

import (
	"net/http"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
	"github.com/cleengate/cleengate/internal/cleeng"
)

// Credential is a configured credential as the cache knows it: never by its
// value. Implementations are safe for concurrent use.
type Credential interface {
	// Name is the configured name.
	Name() string
	// Account changes when the secret may belong to somebody else.
	Account() string
	// Holds reports whether the secret with this ID is still configured.
	Holds(id uint64) bool
}

// Call is what the proxy knows of one request. The exported fields are set by
// whoever makes it and not changed after [Cache.Prepare]. It belongs to the
// goroutine that serves the request.
type Call struct {
	Upstream string           // as configured
	Base     string           // its scheme and host, which a reload may change
	Endpoint *cleeng.Endpoint // never nil
	Params   cleeng.Params
	Method   string
	Path     string      // escaped, as it goes upstream
	Query    string      // raw
	Header   http.Header // as the app sent it
	HasBody  bool
	Body     []byte      // of a request that was read whole; else nil
	RPC      *cleeng.RPC // a parsed JSON-RPC body; else nil

	// Credential is what the proxy will put in; nil for none.
	Credential Credential
	// Private says that the call is made with a customer's own credential.
	Private bool
	// Injects reports whether the credential goes into a call of RPC; nil: into
	// each.
	Injects func(i int) bool
	// Patience is when the app stops waiting for the answer's header.
	Patience time.Time
	Urgency  int

	prepared bool
	kind     callKind
	why      string // why it bypasses the cache
	account  string
	identity Key
	key      Key
	request  rfc9111.Request
	policy   policy
	element  int        // of RPC, of a call that [Cache.element] made
	fields   fieldNames // of credentials
	keyed    fieldNames
	own      [2]string // header values of the answer that are made for it
}

// Prepare works out what the cache does with a call, and its key. Further calls
// do nothing.
func (c *Cache) Prepare(call *Call, rules *Rules) {
	if call.prepared {
		return
	}
	call.prepared = true
	call.kind, call.why = call.classify()
	if call.kind == passes {
		return
	}
	if call.Credential != nil {
		call.account = call.Credential.Account()
	}
	if !sortFields(call.Header, &call.fields, &call.keyed) {
		call.bypass("fields")
		return
	}
	if call.kind == writes {
		return
	}
	call.identity = c.identify(call, call.fields.names)
	call.request = rfc9111.ParseRequest(call.Header)
	call.policy = rules.policyOf(call.Endpoint, call.Method, call.Path)
	if call.kind == reads {
		call.key = call.primaryKey()
	}
}

// bypass takes a read out of the cache. A write stays one.
func (call *Call) bypass(why string) {
	if call.kind != writes {
		call.kind, call.why = passes, why
	}
}
