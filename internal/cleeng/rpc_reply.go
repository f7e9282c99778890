package cleeng

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// RPCReply is a parsed JSON-RPC response body. It keeps the body it was parsed
// from, which must not be changed while the reply is in use.
type RPCReply struct {
	Batch    bool // the body is an array
	Elements []RPCReplyElement

	one [1]RPCReplyElement
}

// RPCReplyElement is the answer to one call. Under JSON-RPC failures come with
// the HTTP status 200.
type RPCReplyElement struct {
	Raw      []byte // the whole element as sent
	ID       []byte // the literal as sent; nil if there is none
	HasError bool   // there is an error other than null
	Code     int    // of the error; 0 if it has none that is a whole number
	Message  string // of the error

	ids []span // of the values of id, relative to Raw
}

// Format keeps the result, which may hold credentials, out of any printing.
func (e RPCReplyElement) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "RPCReplyElement(error %v, code %d)", e.HasError, e.Code)
}

// Format keeps the results, which may hold credentials, out of any printing.
func (r *RPCReply) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "RPCReply(%d elements)", len(r.Elements))
}

// ParseRPCReply takes a response body apart: one element, or a batch of up to
// 1000. It returns [ErrNotRPC] for anything else, such as the JSON of a
// gateway, which has neither a result, an error nor an id.
func ParseRPCReply(body []byte) (*RPCReply, error) {
	if !json.Valid(body) {
		return nil, ErrNotRPC
	}
	r := &RPCReply{}
	at := skipSpace(body, 0)
	end := skipValue(body, at)
	switch {
	case end < 0:
		return nil, ErrRPCBounds
	case body[at] == '{':
		if !r.one[0].parse(body[at:end:end]) {
			return nil, ErrNotRPC
		}
		r.Elements = r.one[:]
	case body[at] == '[':
		r.Batch = true
		for w := walk(body, at); ; {
			v, ok := w.element()
			if !ok {
				break
			}
			if len(r.Elements) == maxCalls {
				return nil, ErrRPCBounds
			}
			r.Elements = append(r.Elements, RPCReplyElement{})
			if !r.Elements[len(r.Elements)-1].parse(v.of(body)) {
				return nil, ErrNotRPC
			}
		}
	default:
		return nil, ErrNotRPC
	}
	return r, nil
}

func (e *RPCReplyElement) parse(raw []byte) bool {
	e.Raw = raw
	if raw[0] != '{' {
		return false
	}
	result := false
	for w := walk(raw, 0); ; {
		key, value, ok := w.member()
		if !ok {
			break
		}
		switch k := key.of(raw); {
		case isString(k, "id"):
			e.ID = value.of(raw)
			e.ids = append(e.ids, value)
		case isString(k, "result"):
			result = true
		case isString(k, "error"):
			result = true
			if v := value.of(raw); string(v) != "null" {
				e.HasError = true
				e.parseError(v)
			}
		}
	}
	return result || e.ID != nil
}

func (e *RPCReplyElement) parseError(object []byte) {
	if object[0] != '{' {
		return
	}
	for w := walk(object, 0); ; {
		key, value, ok := w.member()
		if !ok {
			return
		}
		switch k, v := key.of(object), value.of(object); {
		case isString(k, "code"):
			text, ok := unquote(v)
			if !ok {
				text = string(v)
			}
			if n, err := strconv.Atoi(text); err == nil {
				e.Code = n
			}
		case isString(k, "message"):
			e.Message, _ = unquote(v)
		}
	}
}

// WithID appends the element as an answer to a call with the given id (the
// literal as sent; nil counts as null). Only the value of the id changes. It
// takes the type that upstream gave it: where the element has a string, a
// number becomes one, since Cleeng answers 1 with "1".
func (e *RPCReplyElement) WithID(dst, id []byte) []byte {
	if id == nil {
		id = []byte("null")
	}
	number := id[0] == '-' || '0' <= id[0] && id[0] <= '9'
	done := 0
	for _, s := range e.ids {
		dst = append(dst, e.Raw[done:s.start]...)
		done = s.end
		if number && e.Raw[s.start] == '"' {
			dst = append(append(append(dst, '"'), id...), '"')
		} else {
			dst = append(dst, id...)
		}
	}
	return append(dst, e.Raw[done:]...)
}

// Pair finds the answer to each call: answer[i] is the index of the element
// for r.Calls[i], or -1 if there is none. It reports false if the answers
// cannot be told apart, in which case the reply may only be handed on whole.
//
// Elements in the order of the calls are accepted whatever their ids, if those
// fit; in another order ids must be present and differ.
func (r *RPC) Pair(reply *RPCReply) (answer []int, ok bool) {
	if reply.Batch != r.Batch {
		return nil, false
	}
	answer = make([]int, len(r.Calls))
	if len(reply.Elements) == len(r.Calls) && inOrder(r.Calls, reply.Elements) {
		for i := range answer {
			answer[i] = i
		}
		return answer, true
	}
	index := make(map[string]int, len(reply.Elements))
	for i := range reply.Elements {
		key, ok := idKey(reply.Elements[i].ID)
		if _, repeated := index[key]; !ok || repeated || len(reply.Elements[i].ids) > 1 {
			return nil, false
		}
		index[key] = i
	}
	seen := make(map[string]bool, len(r.Calls))
	for i := range r.Calls {
		key, ok := idKey(r.Calls[i].ID)
		if !ok || seen[key] || r.Calls[i].Ambiguous {
			return nil, false
		}
		seen[key] = true
		if answer[i], ok = index[key]; !ok {
			answer[i] = -1
		}
		delete(index, key)
	}
	return answer, len(index) == 0
}

func inOrder(calls []RPCCall, elements []RPCReplyElement) bool {
	for i := range calls {
		a, okA := idKey(calls[i].ID)
		b, okB := idKey(elements[i].ID)
		if okA != okB || a != b || calls[i].Ambiguous || len(elements[i].ids) > 1 {
			return false
		}
	}
	return true
}

// idKey returns an id in a form that is the same for a number and for the
// string of it. It reports false for no id at all and for null.
func idKey(literal []byte) (string, bool) {
	if literal == nil || string(literal) == "null" {
		return "", false
	}
	if s, ok := unquote(literal); ok {
		return s, true
	}
	return string(literal), true
}

// JoinReplies appends a batch of the elements in the order given.
func JoinReplies(dst []byte, elements ...[]byte) []byte {
	dst = append(dst, '[')
	dst = append(dst, bytes.Join(elements, []byte{','})...)
	return append(dst, ']')
}
