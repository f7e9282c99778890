package cleeng

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Bounds of what [ParseRPC] and [ParseRPCReply] take apart. The size of the
// body is bounded by the one who read it.
const maxCalls = 1000

// Errors of [ParseRPC] and [ParseRPCReply]. None is the app's to see: a body
// that is no call is forwarded as it came.
var (
	// ErrNotRPC means that a body is not a JSON-RPC message.
	ErrNotRPC = errors.New("cleeng: body is not a JSON-RPC message")
	// ErrRPCBounds means that a batch has too many elements, or that values
	// are nested too deep.
	ErrRPCBounds = errors.New("cleeng: JSON-RPC message exceeds 1000 elements or 128 levels")
)

// Placeholder is the value an app may put where its client refuses an empty
// token; it stands for no credential at all.
const Placeholder = "cleengate"

// The names of the credentials in params.
const (
	publisherToken   = "publisherToken"
	customerToken    = "customerToken"
	distributorToken = "distributorToken" // of a few methods; passed on as it comes
)

// TokenState says what a call carries in the place of a token.
type TokenState uint8

// States of a token.
const (
	TokenAbsent      TokenState = iota // no such member
	TokenEmpty                         // "" or null
	TokenPlaceholder                   // the literal [Placeholder]
	TokenPresent                       // anything else
)

// RPC is a parsed JSON-RPC request body. It keeps the body it was parsed from,
// which must not be changed while the RPC is in use. Its values may be read
// from several goroutines.
type RPC struct {
	Batch bool // the body is an array
	Calls []RPCCall

	body []byte
	one  [1]RPCCall
}

// RPCCall is one call of a request. An element of a batch that is no call has
// an empty Method. Printing a call never shows its params.
type RPCCall struct {
	Method   string
	ID       []byte    // the literal as sent; nil if there is none
	Endpoint *Endpoint // of the method; never nil
	// Ambiguous marks a call with a repeated method, params or id, of which
	// upstream may choose another one than we do. Its Endpoint is the one of
	// unknown methods.
	Ambiguous bool

	body        []byte
	element     span
	params      span // the last one; empty if there is none
	publisher   token
	customer    token
	distributor token
	edits       []edit // where a publisherToken is or would be, in order
}

// token is what a call carries under one name, all repetitions included.
type token struct {
	state  TokenState
	values []span
}

// Format keeps a call's params, which hold credentials, out of any printing.
func (c RPCCall) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "RPCCall("+c.Method+")") }

// Format keeps the body, which holds credentials, out of any printing.
func (r *RPC) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "RPC(%d calls)", len(r.Calls)) }

// ParseRPC takes a request body apart: one call, or a batch of up to 1000.
// The content type plays no part, since real clients send JSON under several.
// An error means that the body must be forwarded untouched.
func ParseRPC(body []byte) (*RPC, error) {
	if !json.Valid(body) {
		return nil, ErrNotRPC
	}
	r := &RPC{body: body}
	at := skipSpace(body, 0)
	end := skipValue(body, at)
	switch {
	case end < 0:
		return nil, ErrRPCBounds
	case body[at] == '{':
		r.one[0].parse(body, span{at, end})
		r.Calls = r.one[:]
	case body[at] == '[':
		r.Batch = true
		for w := walk(body, at); ; {
			element, ok := w.element()
			if !ok {
				break
			}
			if len(r.Calls) == maxCalls {
				return nil, ErrRPCBounds
			}
			r.Calls = append(r.Calls, RPCCall{})
			r.Calls[len(r.Calls)-1].parse(body, element)
		}
	}
	for i := range r.Calls {
		if r.Calls[i].Method != "" {
			return r, nil
		}
	}
	return nil, ErrNotRPC
}

func (c *RPCCall) parse(body []byte, element span) {
	*c = RPCCall{body: body, element: element, Endpoint: rpcOther}
	if body[element.start] != '{' {
		return
	}
	var methods, params int
	for w := walk(body, element.start); ; {
		key, value, ok := w.member()
		if !ok {
			break
		}
		switch k := key.of(body); {
		case isString(k, "method"):
			methods++
			c.Method, _ = unquote(value.of(body))
		case isString(k, "id"):
			c.Ambiguous = c.Ambiguous || c.ID != nil
			c.ID = value.of(body)
		case isString(k, "params"):
			params++
			c.params = value
			if body[value.start] == '{' {
				c.parseParams(value)
			}
		}
		if params == 0 {
			// Remembered as the place behind the last member.
			c.params = span{w.i, w.i}
		}
	}
	if c.Ambiguous = c.Ambiguous || methods > 1 || params > 1; !c.Ambiguous {
		c.Endpoint = RPCMethod(c.Method)
	}
	switch {
	case c.Method == "":
		c.edits = nil
	case params == 0:
		c.edits = append(c.edits, edit{span: c.params, kind: addParams})
	}
}

func (c *RPCCall) parseParams(params span) {
	first := len(c.edits)
	members := 0
	for w := walk(c.body, params.start); ; members++ {
		key, value, ok := w.member()
		if !ok {
			break
		}
		switch k := key.of(c.body); {
		case isString(k, publisherToken):
			c.publisher.add(c.body, value)
			c.edits = append(c.edits, edit{span: value, kind: replaceValue})
		case isString(k, customerToken):
			c.customer.add(c.body, value)
		case isString(k, distributorToken):
			c.distributor.add(c.body, value)
		}
	}
	if len(c.edits) == first {
		e := edit{span: span{params.start + 1, params.start + 1}, kind: addMember}
		if members == 0 {
			e.kind = addOnlyMember
		}
		c.edits = append(c.edits, e)
	}
}

// add takes a further value into account: the token is as good as the best.
func (t *token) add(body []byte, value span) {
	t.values = append(t.values, value)
	t.state = max(t.state, state(value.of(body)))
}

// state judges the literal of a token that is there.
func state(literal []byte) TokenState {
	switch {
	case string(literal) == "null" || isString(literal, ""):
		return TokenEmpty
	case isString(literal, Placeholder):
		return TokenPlaceholder
	}
	return TokenPresent
}

// Body returns the body that was parsed. It must not be changed.
func (r *RPC) Body() []byte { return r.body }

// Endpoint returns the row for the request as a whole: the one of its only
// method, or one named "/3.0/json-rpc#batch" with the least retry class of its
// calls.
func (r *RPC) Endpoint() *Endpoint {
	first, least := r.Calls[0].Endpoint, RetryRead
	same := true
	for i := range r.Calls {
		e := r.Calls[i].Endpoint
		same = same && e == first
		least = min(least, e.Retry)
	}
	if same {
		return first
	}
	return rpcBatches[least]
}

// Subset appends a body with the calls that are wanted, each byte for byte and
// in order. A batch remains one, even of one call or none; of a single call
// that is not wanted nothing is left.
func (r *RPC) Subset(dst []byte, want func(i int) bool) []byte {
	if !r.Batch {
		if want(0) {
			dst = append(dst, r.Calls[0].element.of(r.body)...)
		}
		return dst
	}
	dst = append(dst, '[')
	first := true
	for i := range r.Calls {
		if !want(i) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, r.Calls[i].element.of(r.body)...)
	}
	return append(dst, ']')
}

// Select is [RPC.Subset] with the result parsed. The error is ErrNotRPC if no
// call is left.
func (r *RPC) Select(want func(i int) bool) (*RPC, error) { return ParseRPC(r.Subset(nil, want)) }
