package journal

import (
	"bytes"
	"mime"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Where the body of a message stands in a stored record.
const (
	bodyHere    = iota
	bodyRequest // it is that of the app's request
	bodyAnswer  // it is that of the answer to the app
	bodyExcerpt // it is that of the exchange's excerpt
)

// content is a body that is about to be masked.
type content struct {
	raw       []byte
	size      int64
	cut       bool
	encoding  string // Content-Encoding
	mediaType string
	shown     bool // it may be written down
	failure   bool // of a failed call: code and message are shown all the same
}

func (p *passing) get(c *capture, name string) string {
	if v := p.Header[name]; len(v) > 0 {
		return v[0]
	}
	for _, f := range c.copied(p) {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// kind is the Content-Encoding, "" for none, and the Content-Type without
// parameters.
func (p *passing) kind(c *capture) (encoding, mediaType string) {
	encoding, mediaType = p.get(c, "Content-Encoding"), p.get(c, "Content-Type")
	if strings.EqualFold(encoding, "identity") {
		encoding = ""
	}
	mediaType, _, _ = strings.Cut(mediaType, ";")
	return encoding, strings.TrimSpace(mediaType)
}

// content shows the body of p to visit, which must not keep it.
func (p *passing) content(c *capture, shown, failure bool, visit func(content)) {
	of := content{shown: shown, failure: failure}
	of.encoding, of.mediaType = p.kind(c)
	if p.Tee == nil {
		of.raw, of.size, of.cut = p.Bytes, max(p.Size, int64(len(p.Bytes))), p.Cut
		visit(of)
		return
	}
	p.Tee.seen(func(kept []byte, size int64, cut bool) {
		of.raw, of.size, of.cut = kept, size, cut || p.Cut
		visit(of)
	})
}

// content adds a body in the form in which it may be shown.
func (m *masking) content(c *content) {
	raw, cut := c.raw, c.cut
	if len(raw) > m.body {
		raw, cut = raw[:m.body], true
	}
	form, coded := FormNone, c.encoding != ""
	var out []byte
	if len(raw) > 0 {
		if coded {
			plain, partly, ok := inflate(c.encoding, raw, m.body)
			if coded = !ok; ok {
				raw, cut = plain, cut || partly
			}
		}
		if coded {
			form, out = FormCompressed, []byte(lengthNote(int(c.size), "in a coding that is not undone here"))
		} else {
			form, out = m.readable(c, raw, cut)
		}
	}
	if len(m.b)+len(out) > m.room { // other parts have used it up
		form, out, cut = FormNone, nil, true
	}
	m.b = appendUint(m.b, bodyHere)
	m.b = appendText(m.b, string(form))
	m.b = appendInt(m.b, c.size)
	m.b = appendBool(m.b, cut && c.size > 0)
	m.text(c.encoding)
	m.text(c.mediaType)
	m.b = appendText(m.b, out)
}

// readable masks a body without coding.
func (m *masking) readable(c *content, raw []byte, cut bool) (Form, []byte) {
	if cut {
		raw = wholeRunes(raw)
	}
	trimmed := bytes.TrimLeft(raw, " \t\r\n")
	object := len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[')
	switch {
	case !c.shown:
		m.hidden = m.hidden || c.failure // its message may repeat what was sent
		if !object {
			return FormShape, []byte(strconv.Quote("body(" + strconv.FormatInt(c.size, 10) + ")"))
		}
		return FormShape, m.bound(m.r.Shape(raw, c.failure))
	case object:
		out := m.r.JSON(raw)
		m.hidden = m.hidden || !same(out, raw)
		return FormWhole, m.bound(out)
	case isText(c.mediaType):
		out := m.r.Body(c.mediaType, raw)
		m.hidden = m.hidden || !same(out, raw)
		return FormWhole, m.bound(out)
	}
	return FormBinary, []byte(lengthNote(int(c.size), "of another kind than text"))
}

// bound cuts what masking made longer. Masks are a few bytes each, so that
// this happens to bodies only that are full of what must be hidden or made
// visible.
func (m *masking) bound(out []byte) []byte {
	if limit := 2*m.body + 256; len(out) > limit {
		return wholeRunes(out[:limit])
	}
	return out
}

func same(a, b []byte) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// isText reports the media types that Redactor.Body shows.
func isText(mediaType string) bool {
	kind, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return false
	}
	return kind == "application/x-www-form-urlencoded" || kind == "application/json" || strings.HasSuffix(kind, "+json") ||
		strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "xml")
}

// wholeRunes leaves out a rune at the end that was cut in the middle.
func wholeRunes(b []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		c := b[len(b)-i]
		if utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

func lengthNote(n int, what string) string {
	return "[" + strconv.Itoa(n) + " bytes " + what + "]"
}
