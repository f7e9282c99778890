package redact

import (
	"slices"
	"strings"
)

// span is a part of a text that must not be shown.
type span struct {
	start, end int
	value      string // decoded, for the tag of its mask
	rule       string
}

// search is one way of looking at texts. It is cheap to make and immutable.
type search struct {
	known    [2]*matcher // nil ones find nothing
	patterns bool        // also look for shapes: e-mail, tokens, URLs
	cut      bool        // the text may have been cut off inside a value
}

// run returns the spans to hide, in order and without overlaps.
func (s *search) run(text string) []span {
	var spans []span
	s.look(text, text, nil, 0, &spans)
	if len(spans) < 2 {
		return spans
	}
	slices.SortFunc(spans, func(a, b span) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return b.end - a.end
	})
	out := spans[:1]
	for _, next := range spans[1:] {
		if last := &out[len(out)-1]; next.start < last.end {
			last.end = max(last.end, next.end)
		} else {
			out = append(out, next)
		}
	}
	return out
}

// look searches text and, below it, what its escapes stand for. at maps text
// to its place in raw.
func (s *search) look(raw, text string, at []int, depth int, spans *[]span) {
	emit := func(start, end int, value, rule string) {
		from, to := origin(at, start, end)
		from, to = wholeEscapes(raw, from, to)
		*spans = append(*spans, span{start: from, end: to, value: strings.Clone(value), rule: rule})
	}
	for _, m := range s.known {
		match(m, text, func(start, end int, p *pattern) bool {
			emit(start, end, p.value, p.rule)
			return true
		})
		if s.cut {
			matchCut(m, text, func(start, end int, p *pattern) { emit(start, end, p.value, p.rule) })
		}
	}
	if s.patterns {
		shapes(text, emit)
	}
	if depth == maxViews {
		return
	}
	if v := unpercent(text, at); v != nil {
		s.look(raw, v.text(), v.at, depth+1, spans)
	}
	if v := unescape(text, at); v != nil {
		s.look(raw, v.text(), v.at, depth+1, spans)
	}
}

// wholeEscapes widens a span that begins or ends inside an escape, so that
// masking a part of a JSON string leaves a JSON string, and likewise a query.
func wholeEscapes(s string, start, end int) (from, to int) {
	for back := 1; back <= 2; back++ {
		if i := start - back; i >= 0 && s[i] == '%' && percentTriple(s, i) {
			start = i
		}
		if i := end - back; i >= start && s[i] == '%' && percentTriple(s, i) {
			end = i + 3
		}
	}
	if i, n := escapeAround(s, start); n > 0 && i < start {
		start = i
	}
	if i, n := escapeAround(s, end); n > 0 && i < end {
		end = min(i+n, len(s))
	}
	return start, end
}

func percentTriple(s string, i int) bool {
	_, ok := hexBytes(s, i+1, 2)
	return ok
}

// escapeAround finds the escape that covers the boundary before s[at], and how
// long it is.
func escapeAround(s string, at int) (start, n int) {
	for i := at - 1; i >= 0 && i >= at-5; i-- {
		if s[i] != '\\' {
			continue
		}
		run := i
		for run > 0 && s[run-1] == '\\' {
			run--
		}
		if (i-run)%2 != 0 {
			continue // itself escaped
		}
		n = 2
		if i+1 < len(s) && s[i+1] == 'u' {
			n = 6
		}
		if i+n > at {
			return i, n
		}
		return 0, 0
	}
	return 0, 0
}

// maxPasses bounds the repetition in scrub. A second pass is needed only where
// a mask together with its surroundings spells a secret again.
const maxPasses = 4

// scrub replaces each span by what mask says of its value.
func (s *search) scrub(text string, mask func(value string) string) (out string, changed bool) {
	for range maxPasses {
		spans := s.run(text)
		if len(spans) == 0 {
			return text, changed
		}
		text, changed = replace(text, spans, mask), true
	}
	known := search{known: s.known}
	if len(known.run(text)) > 0 {
		return Mask, true
	}
	return text, true
}

func replace(text string, spans []span, mask func(string) string) string {
	var b strings.Builder
	b.Grow(len(text))
	done := 0
	for _, sp := range spans {
		b.WriteString(text[done:sp.start])
		b.WriteString(mask(sp.value))
		done = sp.end
	}
	b.WriteString(text[done:])
	return b.String()
}
