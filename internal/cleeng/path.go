package cleeng

import "strings"

// Normal reports whether an escaped path (as on the request line, without the
// query) is in normal form: two servers that decode, clean or split it would
// come to the same path. A path in any other form must not be matched against
// the catalogue, since the upstream may see a different endpoint in it.
//
// Not normal are paths that do not begin with '/', contain an empty, "." or
// ".." segment, a backslash, '#', '?', ';' or a control or non-ASCII byte, a broken
// percent escape, or an escaped '/', '\', '.', '%', ';' or control byte.
// One trailing slash is normal.
func Normal(escapedPath string) bool {
	if escapedPath == "" || escapedPath[0] != '/' {
		return false
	}
	segment := 1 // where the current segment begins
	for i := 1; ; i++ {
		for i < len(escapedPath) && plain[escapedPath[i]] {
			i++
		}
		switch {
		case i == len(escapedPath) || escapedPath[i] == '/':
			switch s := escapedPath[segment:i]; {
			case s == "" && i < len(escapedPath), s == ".", s == "..":
				return false
			case i == len(escapedPath):
				return true
			}
			segment = i + 1
		case escapedPath[i] == '%':
			b, ok := unhex2(escapedPath[i+1:])
			if !ok || b < ' ' || b == 0x7f || b == '/' || b == '\\' || b == '.' || b == '%' || b == ';' {
				return false
			}
			i += 2
		default:
			return false
		}
	}
}

// plain are the bytes that stand for themselves in a path in normal form.
var plain = func() (set [256]bool) {
	for c := ' ' + 1; c < 0x7f; c++ {
		set[c] = !strings.ContainsRune(`/%\#?;`, c)
	}
	return set
}()

// unhex2 decodes the two hexadecimal digits at the beginning of s.
func unhex2(s string) (byte, bool) {
	if len(s) < 2 {
		return 0, false
	}
	hi, ok1 := unhex(s[0])
	lo, ok2 := unhex(s[1])
	return hi<<4 | lo, ok1 && ok2
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// unescape decodes percent escapes. A path in normal form holds no broken
// ones; elsewhere they are left as they are.
func unescape(s string) string {
	i := 0
	for i < len(s) && s[i] != '%' {
		i++
	}
	if i == len(s) {
		return s
	}
	b := append(make([]byte, 0, len(s)), s[:i]...)
	for ; i < len(s); i++ {
		if c, ok := unhex2(s[i+1:]); ok && s[i] == '%' {
			b = append(b, c)
			i += 2
		} else {
			b = append(b, s[i])
		}
	}
	return string(b)
}
