package redact

import (
	"strings"
	"unicode/utf8"
)

// maxViews bounds how deep encodings are undone: a percent-encoded value in a
// URL in a JSON string in a JSON string takes three steps.
const maxViews = 3

// view is text with one layer of escapes undone. at[i] is where in the
// original text the escape of byte i begins; at[len(bytes)] is its length.
type view struct {
	bytes []byte
	at    []int
}

func (v *view) text() string { return stringOf(v.bytes) }

// origin maps the span of a decoded text back to the original. An escape that
// stands for several bytes is taken whole.
func origin(at []int, start, end int) (from, to int) {
	if at == nil {
		return start, end
	}
	last := at[end-1]
	for end < len(at)-1 && at[end] == last {
		end++
	}
	return at[start], at[end]
}

func (v *view) add(b byte, at int) {
	v.bytes = append(v.bytes, b)
	v.at = append(v.at, at)
}

func newView(n int) *view {
	return &view{bytes: make([]byte, 0, n), at: make([]int, 0, n+1)}
}

func position(at []int, i int) int {
	if at == nil {
		return i
	}
	return at[i]
}

// unpercent undoes percent-encoding (RFC 3986 section 2.1). It returns nil
// where there is none.
func unpercent(s string, at []int) *view {
	if !strings.Contains(s, "%") {
		return nil
	}
	v, changed := newView(len(s)), false
	for i := 0; i < len(s); {
		if s[i] == '%' {
			if b, ok := hexBytes(s, i+1, 2); ok {
				v.add(byte(b), position(at, i)) //nolint:gosec // two digits fit
				i, changed = i+3, true
				continue
			}
		}
		v.add(s[i], position(at, i))
		i++
	}
	if !changed {
		return nil
	}
	v.at = append(v.at, position(at, len(s)))
	return v
}

// unescape undoes backslash escapes: those of JSON (RFC 8259 section 7), of Go
// string literals, and of punctuation as Markdown and shells have them. It
// returns nil where there is none.
func unescape(s string, at []int) *view {
	if !strings.Contains(s, `\`) {
		return nil
	}
	v, changed := newView(len(s)), false
	for i := 0; i < len(s); {
		if s[i] == '\\' {
			if decoded, n := escape(s, i); n > 0 {
				for j := range len(decoded) {
					v.add(decoded[j], position(at, i))
				}
				i, changed = i+n, true
				continue
			}
		}
		v.add(s[i], position(at, i))
		i++
	}
	if !changed {
		return nil
	}
	v.at = append(v.at, position(at, len(s)))
	return v
}

const control = "a\ab\bf\fn\nr\rt\tv\v"

// escape decodes the escape at s[i], a backslash, and returns how many bytes
// it takes; 0 if it is none.
func escape(s string, i int) (decoded string, n int) {
	if i+1 >= len(s) {
		return "", 0
	}
	switch c := s[i+1]; {
	case c == 'x':
		if b, ok := hexBytes(s, i+2, 2); ok {
			return string([]byte{byte(b)}), 4 //nolint:gosec // two digits fit
		}
	case c == 'U':
		if r, ok := hexBytes(s, i+2, 8); ok {
			return string(rune(r)), 10 //nolint:gosec // out of range gives U+FFFD
		}
	case c == 'u':
		return escapeUTF16(s, i)
	case c < utf8.RuneSelf && !alphanumeric(c) && c > ' ':
		return string(rune(c)), 2
	default:
		for j := 0; j < len(control); j += 2 {
			if control[j] == c {
				return control[j+1 : j+2], 2
			}
		}
	}
	return "", 0
}

func escapeUTF16(s string, i int) (decoded string, n int) {
	r, ok := hexBytes(s, i+2, 4)
	if !ok {
		return "", 0
	}
	if r >= 0xD800 && r < 0xDC00 && i+8 <= len(s) && s[i+6] == '\\' && s[i+7] == 'u' {
		if low, ok := hexBytes(s, i+8, 4); ok && low >= 0xDC00 && low < 0xE000 {
			return string(rune((r-0xD800)<<10 + (low - 0xDC00) + 0x10000)), 12
		}
	}
	return string(rune(r)), 6 //nolint:gosec // 16 bits
}

func hexBytes(s string, from, digits int) (v uint32, ok bool) {
	if from+digits > len(s) {
		return 0, false
	}
	for i := range digits {
		d := strings.IndexByte("0123456789abcdef", lowerByte(s[from+i]))
		if d < 0 {
			return 0, false
		}
		v = v<<4 | uint32(d) //nolint:gosec // d is 0 to 15
	}
	return v, true
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}
