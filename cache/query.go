package cache

import (
	"slices"
	"strings"
)

// maxParams bounds the query parameters that are put in order.
const maxParams = 32

// appendQuery appends a raw query in one form for all orders of its
// parameters. Repeats stay, and so does the order of those that share a name:
// servers differ in which of them counts.
//
// Which names are the same is up to the server as well: it may decode them,
// ignore their case, or take what stands before a bracket for the name of a
// list. So parameters are compared by that much only, and a query with a name
// of other characters stays in its own order, since no rule is safe for it.
func (k *keyBytes) addQuery(raw string) {
	var params [maxParams]string
	n := 0
	for param := range strings.SplitSeq(raw, "&") {
		if n == len(params) || !plainParam(param) {
			k.addString("as sent")
			k.addString(raw)
			return
		}
		params[n] = param
		n++
	}
	slices.SortStableFunc(params[:n], func(a, b string) int { return compareFold(baseName(a), baseName(b)) })
	k.addString("in order")
	k.addCount(n)
	for _, param := range params[:n] {
		k.addString(param)
	}
}

// plainParam reports whether a parameter's name means the same to all servers
// but for case and brackets, and whether its value holds no further separator.
func plainParam(param string) bool {
	name, value, _ := strings.Cut(param, "=")
	base := baseName(param)
	if base == "" || strings.IndexByte(value, ';') >= 0 {
		return false
	}
	for i := range len(base) { // a dot is an underscore to some, a plus a space
		if !isWord(base[i]) {
			return false
		}
	}
	for rest := name[len(base):]; rest != ""; {
		switch n := bracket(rest); {
		case n > 0:
			rest = rest[n:]
		case isWord(rest[0]):
			rest = rest[1:]
		default:
			return false
		}
	}
	return true
}

// baseName is a parameter's name up to its first bracket.
func baseName(param string) string {
	name, _, _ := strings.Cut(param, "=")
	for i := range len(name) {
		if bracket(name[i:]) > 0 {
			return name[:i]
		}
	}
	return name
}

// bracket is the length of the bracket that s begins with, encoded or not; 0
// for none.
func bracket(s string) int {
	switch {
	case s[0] == '[' || s[0] == ']':
		return 1
	case len(s) >= 3 && s[0] == '%' && s[1] == '5' && (s[2]|0x20 == 'b' || s[2]|0x20 == 'd'):
		return 3
	}
	return 0
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}

// compareFold orders ASCII names without regard to case.
func compareFold(a, b string) int {
	for i := range min(len(a), len(b)) {
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}
