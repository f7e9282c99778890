package redact

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

const (
	shapeElements = 3  // of an array that are described
	shapeMembers  = 64 // of an object that are described
)

// Shape describes a body that may not be written down: the names, types and
// lengths of its JSON, as in {"responseData":{"jwt":"string(812)"}}. Of a
// failure also the code, message, errors and error members of the outermost
// object, or of each answer of a JSON-RPC batch, stay as [Redactor.JSON] shows
// them. What is not JSON is described by its length alone. The result is
// always JSON.
func (r *Redactor) Shape(body []byte, failure bool) []byte {
	src := stringOf(body)
	s := shaper{walker: jsonWalker{r: r, src: src}, failure: failure}
	if end := s.value(0, true); end != complete || s.walker.peek() != 0 {
		return []byte(quote(describe("body", len(body))))
	}
	search := r.search(true, false)
	out, changed := search.scrub(stringOf(s.out), r.masker.Mask)
	if changed && !json.Valid([]byte(out)) { // a secret that holds JSON syntax
		return []byte(quote(describe("body", len(body))))
	}
	if unprintable(out) {
		return appendVisible(nil, out, true)
	}
	return []byte(out)
}

func describe(kind string, n int) string { return kind + "(" + strconv.Itoa(n) + ")" }

// shaper writes the shape of what its walker reads.
type shaper struct {
	walker  jsonWalker
	failure bool
	out     []byte
}

// value describes the next value; outer says whether it is an outermost
// object.
func (s *shaper) value(depth int, outer bool) ending {
	w := &s.walker
	start := w.pos
	switch c := w.peek(); {
	case c == 0:
		return cut
	case depth > maxDepth:
		end := w.skip()
		s.out = append(s.out, quote(describe("nested", w.pos-start))...)
		return end
	case c == '{':
		return s.object(depth, outer)
	case c == '[':
		return s.array(depth, outer && depth == 0)
	case c == '"':
		start = w.pos
		if !w.quoted() {
			return cut
		}
		s.out = append(s.out, quote(describe("string", utf8.RuneCountInString(unquote(w.src[start:w.pos]))))...)
		return complete
	}
	start = w.pos
	end := w.scalar(show)
	if end == complete {
		switch literal := w.src[start:w.pos]; literal {
		case "null":
			s.out = append(s.out, literal...)
		case "true", "false":
			s.out = append(s.out, `"bool"`...)
		default:
			s.out = append(s.out, `"number"`...)
		}
	}
	return end
}

func (s *shaper) object(depth int, outer bool) ending {
	w := &s.walker
	w.pos++
	s.out = append(s.out, '{')
	for n := 0; ; n++ {
		c := w.peek()
		if c == '}' {
			w.pos++
			if n > shapeMembers {
				s.out = append(s.out, `,"…":`...)
				s.out = append(s.out, quote(strconv.Itoa(n-shapeMembers)+" more")...)
			}
			s.out = append(s.out, '}')
			return complete
		}
		if n > 0 {
			if c != ',' {
				return endAt(c)
			}
			w.pos++
			c = w.peek()
		}
		if c != '"' {
			return endAt(c)
		}
		kept := len(s.out)
		if end := s.member(n, depth, outer); end != complete {
			return end
		}
		if n >= shapeMembers {
			s.out = s.out[:kept]
		}
	}
}

func (s *shaper) member(n, depth int, outer bool) ending {
	w := &s.walker
	start := w.pos
	if !w.quoted() {
		return cut
	}
	name := unquote(w.src[start:w.pos])
	if n > 0 {
		s.out = append(s.out, ',')
	}
	if len(name) > maxShownName {
		s.out = append(s.out, quote(s.walker.r.masker.Mask(name))...)
	} else {
		s.out = append(s.out, quote(name)...)
	}
	s.out = append(s.out, ':')
	if c := w.peek(); c != ':' {
		return endAt(c)
	}
	w.pos++
	if outer && s.failure && explains(name) {
		w.space()
		from := w.pos
		if w.member(show, name) == hide {
			return s.value(depth+1, false)
		}
		end := w.value(show, depth+1)
		if end == complete {
			out, _ := w.r.jsonText(w.src[from:w.pos], 0)
			s.out = append(s.out, out...)
		}
		return end
	}
	return s.value(depth+1, false)
}

// explains reports the members that say why a call failed.
func explains(name string) bool {
	switch name {
	case "code", "message", "errors", "error":
		return true
	}
	return false
}

func (s *shaper) array(depth int, outer bool) ending {
	w := &s.walker
	w.pos++
	s.out = append(s.out, '[')
	for n := 0; ; n++ {
		c := w.peek()
		if c == ']' {
			w.pos++
			if n > shapeElements {
				s.out = append(s.out, ',')
				s.out = append(s.out, quote(strconv.Itoa(n-shapeElements)+" more")...)
			}
			s.out = append(s.out, ']')
			return complete
		}
		kept := len(s.out)
		if n > 0 {
			if c != ',' {
				return endAt(c)
			}
			w.pos++
			s.out = append(s.out, ',')
		}
		if end := s.value(depth+1, outer); end != complete {
			return end
		}
		if n >= shapeElements {
			s.out = s.out[:kept]
		}
	}
}
