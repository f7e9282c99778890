package redact

import (
	"encoding/json"
	"strconv"
	"strings"
)

// rule says what happens to a JSON value.
type rule uint8

const (
	show    rule = iota // unless a name below says otherwise
	hide                // every leaf below
	scrubIt             // shown, but each string and number is searched by itself
)

const (
	maxDepth   = 64 // levels of JSON that are walked; deeper values are hidden whole
	maxNesting = 4  // JSON in strings in JSON …
)

// JSON returns body with the values masked whose names speak of credentials or
// of persons, also in JSON inside strings and in positional JSON-RPC params,
// and with known secrets and patterns masked everywhere. Order, spacing and
// spelling of the rest stay. JSON in gives JSON out.
//
// A body that was cut off is masked as far as it goes. What follows a syntax
// error is left out, as names cannot be told there; a note says how much.
func (r *Redactor) JSON(body []byte) []byte {
	out, _ := r.jsonText(stringOf(body), 0)
	if out == stringOf(body) {
		return body
	}
	return []byte(out)
}

// jsonText masks src and reports whether it was whole JSON. The result may
// alias src.
func (r *Redactor) jsonText(src string, nesting int) (out string, whole bool) {
	w := jsonWalker{r: r, src: src, nesting: nesting}
	end := w.document(show)
	text := w.text()
	s := r.search(true, end == cut)
	out, changed := s.scrub(text, r.masker.Mask)
	if changed && end == complete && !json.Valid([]byte(out)) {
		// A match went across the bounds of a token, or made a number a mask.
		w = jsonWalker{r: r, src: text, nesting: nesting}
		w.document(scrubIt)
		if out = w.text(); len(r.search(false, false).run(out)) > 0 {
			out = strconv.Quote(Mask)
		}
	}
	if unprintable(out) {
		out = string(appendVisible(nil, out, end == complete))
	}
	return out, end == complete
}

// ending tells how a walk through a document came to its end.
type ending uint8

const (
	complete ending = iota
	cut             // the text ended inside a value
	broken          // it is not JSON from some place on
)

// jsonWalker copies a document and replaces values on the way. It checks just
// enough syntax to know the name of each value.
type jsonWalker struct {
	r       *Redactor
	src     string
	pos     int
	dst     []byte // output up to done
	done    int    // src up to here is in dst or left out
	nesting int
	found   func(value string) // if set, is told each value that is hidden
}

// text returns the document with its replacements.
func (w *jsonWalker) text() string {
	if w.dst == nil && w.done == 0 {
		return w.src
	}
	return string(append(w.dst, w.src[w.done:]...))
}

// put replaces src[from:to].
func (w *jsonWalker) put(from, to int, s string) {
	w.dst = append(w.dst, w.src[w.done:from]...)
	w.dst = append(w.dst, s...)
	w.done = to
}

// document walks one JSON value, or several of them one after another.
func (w *jsonWalker) document(how rule) ending {
	for w.space(); w.pos < len(w.src); w.space() {
		switch end := w.value(how, 0); end {
		case broken:
			note := Mask[:len(Mask)-1] + ": " + strconv.Itoa(len(w.src)-w.pos) + " bytes that are no JSON]"
			w.put(w.pos, len(w.src), note)
			return broken
		case cut:
			return cut
		}
	}
	if w.src == "" {
		return cut // nothing is no JSON either
	}
	return complete
}

func (w *jsonWalker) space() {
	for w.pos < len(w.src) && isSpace.has(w.src[w.pos]) {
		w.pos++
	}
}

// peek returns the next byte after spaces, 0 at the end.
func (w *jsonWalker) peek() byte {
	if w.space(); w.pos < len(w.src) {
		return w.src[w.pos]
	}
	return 0
}

func (w *jsonWalker) value(how rule, depth int) ending {
	if depth > maxDepth {
		return w.skip()
	}
	switch w.peek() {
	case 0:
		return cut
	case '{':
		return w.object(how, depth)
	case '[':
		return w.array(how, depth)
	case '"':
		return w.leaf(how)
	}
	return w.scalar(how)
}

func (w *jsonWalker) object(how rule, depth int) ending {
	w.pos++
	for first := true; ; first = false {
		c := w.peek()
		if c == '}' {
			w.pos++
			return complete
		}
		if !first {
			if c != ',' {
				return endAt(c)
			}
			w.pos++
			c = w.peek()
		}
		if c != '"' {
			return endAt(c)
		}
		start := w.pos
		if !w.quoted() {
			return cut
		}
		name := unquote(w.src[start:w.pos])
		if how == scrubIt {
			w.scrubString(start, w.pos, name)
		}
		if c = w.peek(); c != ':' {
			return endAt(c)
		}
		w.pos++
		if end := w.value(w.member(how, name), depth+1); end != complete {
			return end
		}
	}
}

// member is the rule for the member of this name.
func (w *jsonWalker) member(how rule, name string) rule {
	switch {
	case how != show:
		return how
	case name == "code":
		return w.code()
	case name == "params" && w.peek() == '[':
		return hide // positional: no names to go by
	case w.r.names.sensitive(name):
		return hide
	}
	return show
}

// code shows error codes (USER0001, 3, queue_full) but not gift, coupon or
// login codes, which share their member's name.
func (w *jsonWalker) code() rule {
	if w.peek() != '"' {
		return show
	}
	rest := w.src[w.pos+1:]
	n := strings.IndexByte(rest, '"')
	if n < 0 || !errorCode(rest[:n]) {
		return hide
	}
	return show
}

// errorCode reports the forms that error codes have: USER0001, 14, queue_full.
func errorCode(s string) bool {
	const digits, maxPrefix, maxWord = 4, 5, 40
	if len(s) < digits {
		return strings.Trim(s, "0123456789") == ""
	}
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == "" {
		return strings.IndexByte(s, '_') > 0 && len(s) <= maxWord
	}
	prefix := s[:len(s)-digits]
	for i := range len(prefix) {
		if c := prefix[i]; !alphanumeric(c) || c >= 'a' || i == 0 && digit(c) {
			return false
		}
	}
	return prefix != "" && len(prefix) <= maxPrefix && strings.Trim(s[len(prefix):], "0123456789") == ""
}

func (w *jsonWalker) array(how rule, depth int) ending {
	w.pos++
	for first := true; ; first = false {
		c := w.peek()
		if c == ']' {
			w.pos++
			return complete
		}
		if !first {
			if c != ',' {
				return endAt(c)
			}
			w.pos++
		}
		if end := w.value(how, depth+1); end != complete {
			return end
		}
	}
}

// endAt is what it means to stop at c, which does not belong there.
func endAt(c byte) ending {
	if c == 0 {
		return cut
	}
	return broken
}
