package cleeng

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cleengate/cleengate/internal/redact"
)

// Param returns the value of a top-level param: a string decoded, a number as
// written. It returns "" if there is none, it is of another kind, or it is
// repeated.
func (c *RPCCall) Param(name string) string {
	if len(c.params.of(c.body)) == 0 || c.body[c.params.start] != '{' {
		return ""
	}
	found := ""
	seen := false
	for w := walk(c.body, c.params.start); ; {
		key, value, ok := w.member()
		if !ok {
			return found
		}
		if !isString(key.of(c.body), name) {
			continue
		}
		if seen {
			return ""
		}
		seen = true
		literal := value.of(c.body)
		if s, ok := unquote(literal); ok {
			found = s
		} else if literal[0] == '-' || '0' <= literal[0] && literal[0] <= '9' {
			found = string(literal)
		}
	}
}

// AppendTags is [Endpoint.AppendTags] with the ids taken from the params.
func (c *RPCCall) AppendTags(dst []string) []string {
	return c.Endpoint.AppendTags(dst, Params{}, c.Param)
}

// AppendStales is [Endpoint.AppendStales] with the ids taken from the params.
func (c *RPCCall) AppendStales(dst []string) []string {
	own := c.customer.state == TokenPresent && c.Endpoint.Auth.Has(AuthCustomer)
	return c.Endpoint.AppendStales(dst, Params{}, c.Param, own)
}

// Token returns the credential of one kind that the app sent, [AuthPublisher]
// or [AuthCustomer]: the first value that is neither empty nor the
// placeholder. A value that is no string is given as its literal.
func (c *RPCCall) Token(kind Auth) redact.Secret {
	t := &c.publisher
	if kind == AuthCustomer {
		t = &c.customer
	}
	for _, v := range t.values {
		literal := v.of(c.body)
		if state(literal) != TokenPresent {
			continue
		}
		if value, ok := unquote(literal); ok {
			return redact.New(value)
		}
		return redact.New(string(literal))
	}
	return redact.Secret{}
}

// AppendTokens appends the tokens that the app sent in this call, with their
// names and lengths, so that two calls have the same bytes only if they
// carry the same credentials. The bytes are secret: they are for a digest.
func (c *RPCCall) AppendTokens(dst []byte) []byte {
	for _, t := range [...]struct {
		name byte
		*token
	}{{'p', &c.publisher}, {'c', &c.customer}, {'d', &c.distributor}} {
		for _, v := range t.values {
			literal := v.of(c.body)
			value, ok := unquote(literal)
			kind := byte('s')
			if !ok {
				value, kind = string(literal), 'l'
			}
			dst = append(dst, t.name, kind)
			dst = strconv.AppendInt(dst, int64(len(value)), 10)
			dst = append(dst, ':')
			dst = append(dst, value...)
		}
	}
	return dst
}

// CanonicalParams appends the params in one form for all spellings that mean
// the same call: names sorted at every level, white space dropped, values as
// written, and without publisherToken, customerToken and distributorToken,
// which belong to the caller's identity (see [RPCCall.AppendTokens]). It reports false, and what
// was appended is of no use, if the params have no one meaning: a name is
// repeated, or they are not an object. A call without params has none.
func (c *RPCCall) CanonicalParams(dst []byte) ([]byte, bool) {
	switch literal := c.params.of(c.body); {
	case c.Ambiguous || c.Method == "":
		return dst, false
	case len(literal) == 0:
		return dst, true
	case literal[0] != '{':
		return dst, false
	default:
		return appendCanonical(dst, literal, true)
	}
}

// appendCanonical recurses as deep as values are nested, which the parser has
// bounded by maxDepth.
func appendCanonical(dst, value []byte, top bool) ([]byte, bool) {
	var ok bool
	switch value[0] {
	case '[':
		dst = append(dst, '[')
		for w, n := walk(value, 0), 0; ; n++ {
			v, more := w.element()
			if !more {
				return append(dst, ']'), true
			}
			if n > 0 {
				dst = append(dst, ',')
			}
			if dst, ok = appendCanonical(dst, v.of(value), false); !ok {
				return dst, false
			}
		}
	case '{':
		members, unique := sortedMembers(value)
		if !unique {
			return dst, false
		}
		dst = append(dst, '{')
		n := 0
		for _, m := range members {
			if top && (m.name == publisherToken || m.name == customerToken || m.name == distributorToken) {
				continue
			}
			if n++; n > 1 {
				dst = append(dst, ',')
			}
			dst = append(appendQuoted(dst, m.name), ':')
			if dst, ok = appendCanonical(dst, m.value, false); !ok {
				return dst, false
			}
		}
		return append(dst, '}'), true
	default:
		return append(dst, value...), true
	}
}

type member struct {
	name  string
	value []byte
}

// sortedMembers returns the members of an object by their decoded names, and
// whether all names differ. A name that has no valid decoding is refused: how
// upstream reads it is not known.
func sortedMembers(object []byte) ([]member, bool) {
	var members []member
	for w := walk(object, 0); ; {
		key, value, ok := w.member()
		if !ok {
			break
		}
		name, ok := unquote(key.of(object))
		if !ok || strings.ContainsRune(name, '\uFFFD') {
			return nil, false
		}
		members = append(members, member{name, value.of(object)})
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	for i := range members[min(1, len(members)):] {
		if members[i].name == members[i+1].name {
			return nil, false
		}
	}
	return members, true
}
