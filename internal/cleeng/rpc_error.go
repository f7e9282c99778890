package cleeng

import (
	"encoding/json"
	"strconv"
)

// RPCError returns a JSON-RPC answer that says that a call failed. The id is
// the literal of the call, as it was sent; nil becomes null (JSON-RPC 2.0
// section 5). Data is put into error.data and may be anything that
// encoding/json accepts; nil, or what it does not accept, leaves it out.
//
// The answer has "result":null beside the error, as Cleeng's own have and its
// clients expect.
func RPCError(id []byte, code int, message string, data any) []byte {
	return appendRPCError(nil, id, code, message, marshalData(data))
}

// ErrorReply returns the answer that says that each of the calls failed, in
// the form that the request asks for: an array for a batch.
func (r *RPC) ErrorReply(code int, message string, data any) []byte {
	literal := marshalData(data)
	if !r.Batch {
		return appendRPCError(nil, r.Calls[0].ID, code, message, literal)
	}
	dst := []byte{'['}
	for i := range r.Calls {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendRPCError(dst, r.Calls[i].ID, code, message, literal)
	}
	return append(dst, ']')
}

func marshalData(data any) []byte {
	if data == nil {
		return nil
	}
	literal, err := json.Marshal(data)
	if err != nil {
		return nil
	}
	return literal
}

func appendRPCError(dst, id []byte, code int, message string, data []byte) []byte {
	dst = append(dst, `{"jsonrpc":"2.0","id":`...)
	if id == nil {
		dst = append(dst, "null"...)
	} else {
		dst = append(dst, id...)
	}
	dst = append(dst, `,"result":null,"error":{"code":`...)
	dst = strconv.AppendInt(dst, int64(code), 10)
	dst = append(dst, `,"message":`...)
	dst = appendQuoted(dst, message)
	if data != nil {
		dst = append(dst, `,"data":`...)
		dst = append(dst, data...)
	}
	return append(dst, "}}"...)
}
