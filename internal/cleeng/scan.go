package cleeng

import (
	"encoding/json"
	"slices"
	"unicode/utf8"
)

// span is a part of a body, from start up to but not including end.
type span struct{ start, end int }

func (s span) of(b []byte) []byte { return b[s.start:s.end:s.end] }

// maxDepth bounds how deep arrays and objects may be nested in bodies that are
// taken apart.
const maxDepth = 128

// The scanner walks over JSON without decoding it. It relies on the text being
// valid, which parsers check first with [json.Valid]; on any other text, such
// as a body that was cut off, it ends early and never reads past the end.

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the index behind the string that begins at i, or -1.
func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return -1
}

// skipValue returns the index behind the value that begins at i, or -1 if it
// is cut off or nested deeper than maxDepth.
func skipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch c := b[i]; c {
		case '"':
			if i = skipString(b, i); i < 0 {
				return -1
			}
		case '{', '[':
			if depth++; depth > maxDepth {
				return -1
			}
			i++
			continue
		case '}', ']':
			if depth--; depth < 0 {
				return -1
			}
			i++
		case ' ', '\t', '\n', '\r', ',', ':':
			if depth == 0 {
				return -1
			}
			i++
			continue
		default:
			for i < len(b) && !delimiter(b[i]) {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
	return -1
}

func delimiter(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\r', ',', ':', '{', '}', '[', ']', '"':
		return true
	}
	return false
}

// walker goes through the members of an object or the elements of an array.
type walker struct {
	b []byte
	i int // behind the opening bracket, or behind the last value
}

// walk begins at the opening bracket at i.
func walk(b []byte, i int) walker { return walker{b: b, i: i + 1} }

// element returns the next element of an array.
func (w *walker) element() (value span, ok bool) {
	i := skipSpace(w.b, w.i)
	if i < len(w.b) && w.b[i] == ',' {
		i = skipSpace(w.b, i+1)
	}
	if i >= len(w.b) || w.b[i] == ']' || w.b[i] == '}' {
		return span{}, false
	}
	end := skipValue(w.b, i)
	if end < 0 {
		return span{}, false
	}
	w.i = end
	return span{i, end}, true
}

// member returns the next member of an object. The key includes its quotes.
func (w *walker) member() (key, value span, ok bool) {
	key, ok = w.element()
	if !ok || w.b[key.start] != '"' {
		return span{}, span{}, false
	}
	i := skipSpace(w.b, key.end)
	if i >= len(w.b) || w.b[i] != ':' {
		return span{}, span{}, false
	}
	i = skipSpace(w.b, i+1)
	end := skipValue(w.b, i)
	if end < 0 {
		return span{}, span{}, false
	}
	w.i = end
	return key, span{i, end}, true
}

// isString reports whether a string literal has the decoded value want, in
// whatever spelling.
func isString(literal []byte, want string) bool {
	if len(literal) < 2 || literal[0] != '"' {
		return false
	}
	if slices.Contains(literal, '\\') {
		v, ok := unquote(literal)
		return ok && v == want
	}
	return string(literal[1:len(literal)-1]) == want
}

// unquote decodes a string literal; ok is false for any other literal.
func unquote(literal []byte) (value string, ok bool) {
	if len(literal) < 2 || literal[0] != '"' {
		return "", false
	}
	for _, c := range literal {
		if c == '\\' || c >= utf8.RuneSelf {
			err := json.Unmarshal(literal, &value)
			return value, err == nil
		}
	}
	return string(literal[1 : len(literal)-1]), true
}

// appendQuoted appends s as a string literal.
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"':
			dst = append(dst, `\"`...)
		case r == '\\':
			dst = append(dst, `\\`...)
		case r < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
