package redact

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// leaf treats a string.
func (w *jsonWalker) leaf(how rule) ending {
	start := w.pos
	if !w.quoted() {
		if how == hide {
			w.put(start, len(w.src), `"`+w.r.value(unquote(w.src[start:]+`"`)))
		}
		return cut
	}
	literal := w.src[start:w.pos]
	switch how {
	case hide:
		value := unquote(literal)
		if masked := w.r.value(value); masked != value {
			if w.found != nil {
				w.found(value)
			}
			w.put(start, w.pos, quote(masked))
		}
	case scrubIt:
		w.scrubString(start, w.pos, unquote(literal))
	case show:
		w.nested(start, literal)
	}
	return complete
}

// nested walks JSON that stands in a string.
func (w *jsonWalker) nested(start int, literal string) {
	inner := strings.TrimLeft(literal[1:], " ")
	if w.nesting >= maxNesting || (inner[0] != '{' && inner[0] != '[') {
		return
	}
	value := unquote(literal)
	out, whole := w.r.jsonText(value, w.nesting+1)
	if whole && out != value {
		w.put(start, w.pos, quote(out))
	}
}

func (w *jsonWalker) scrubString(start, end int, value string) {
	if out := w.r.String(value); out != value {
		w.put(start, end, quote(out))
	}
}

// scalar treats a number, true, false or null.
func (w *jsonWalker) scalar(how rule) ending {
	start := w.pos
	for w.pos < len(w.src) && (alphanumeric(w.src[w.pos]) || strings.IndexByte("+-.", w.src[w.pos]) >= 0) {
		w.pos++
	}
	literal := w.src[start:w.pos]
	switch literal {
	case "true", "false", "null":
		return complete
	}
	if literal == "" || (literal[0] != '-' && !digit(literal[0])) {
		if w.pos == len(w.src) && prefixOfWord(literal) {
			return cut
		}
		w.pos = start
		return broken
	}
	if how == hide || how == scrubIt && w.r.String(literal) != literal {
		w.put(start, w.pos, quote(w.r.masker.Mask(literal)))
	}
	return complete
}

func prefixOfWord(s string) bool {
	return s != "" && (strings.HasPrefix("true", s) || strings.HasPrefix("false", s) || strings.HasPrefix("null", s))
}

// skip hides a whole value without walking it: brackets are counted, so that
// depth costs no stack.
func (w *jsonWalker) skip() ending {
	w.peek()
	start, level := w.pos, 0
	for w.pos < len(w.src) {
		switch c := w.src[w.pos]; {
		case c == '"':
			if !w.quoted() {
				w.put(start, len(w.src), quote(Mask))
				return cut
			}
		case c == '{' || c == '[':
			level++
			w.pos++
		case (c == '}' || c == ']' || c == ',') && level == 0: // the end of a scalar
			w.put(start, w.pos, quote(Mask))
			return complete
		case c == '}' || c == ']':
			level--
			w.pos++
		default:
			w.pos++
			continue
		}
		if level == 0 {
			w.put(start, w.pos, quote(Mask))
			return complete
		}
	}
	w.put(start, len(w.src), quote(Mask))
	return cut
}

// quoted moves behind the string that begins at pos; false if it has no end.
func (w *jsonWalker) quoted() bool {
	for i := w.pos + 1; i < len(w.src); i++ {
		switch w.src[i] {
		case '"':
			w.pos = i + 1
			return true
		case '\\':
			i++
		}
	}
	w.pos = len(w.src)
	return false
}

// unquote decodes a JSON string. Invalid UTF-8 stays as it is, so that what
// is searched is what was sent.
func unquote(literal string) string {
	s := literal[1 : len(literal)-1]
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	if !utf8.ValidString(s) {
		if v := unescape(s, nil); v != nil {
			return string(v.bytes)
		}
		return s
	}
	var out string
	if json.Unmarshal([]byte(literal), &out) != nil {
		return s
	}
	return out
}

// quote encodes a JSON string. Unlike json.Marshal it does not escape <, > and
// &, and keeps invalid UTF-8 for appendVisible to show.
func quote(s string) string {
	b := append(make([]byte, 0, len(s)+8), '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}
