package journal

import (
	"net/http"

	"github.com/cleengate/cleengate/internal/redact"
)

// Bounds of the header that a record keeps of one message.
const (
	maxFields     = 200
	maxFieldValue = 8 << 10  // a longer value is left out, but for its length
	maxHeadBytes  = 32 << 10 // of all names and values together
)

// Kinds of text that is remembered as clean, since each is masked by rules of its
// own.
const (
	cleanText byte = iota
	cleanField
	cleanPath
	cleanQuery
)

// masking writes one record, masked. It is used by one goroutine.
type masking struct {
	journal *Journal
	r       *redact.Redactor
	version uint64 // of the vault; entries of journal.clean hold for it
	own     bool   // r knows the secrets of this exchange too
	madeID  string // the exchange's id if it was made here, so that nothing can be hidden in it
	hidden  bool   // something that the app sent or got was hidden
	body    int    // bytes kept of each body
	room    int    // bytes that the record may take
	b       []byte
}

// shown returns what masking makes of the texts a and b of one kind, and
// whether that is b itself.
func (m *masking) shown(kind byte, a, b string, mask func(r *redact.Redactor, a, b string) string) string {
	if b == "" {
		return b
	}
	if m.own {
		return mask(m.r, a, b)
	}
	at, ok := m.journal.clean.Has(m.version, kind, a, b)
	if ok {
		return b
	}
	out := mask(m.r, a, b)
	if out == b {
		m.journal.clean.Note(at, m.version, kind, a, b)
	}
	return out
}

func maskText(r *redact.Redactor, _, s string) string {
	return redact.Printable(r.String(s))
}

func maskPath(r *redact.Redactor, template, raw string) string { return r.Path(raw, template) }
func maskQuery(r *redact.Redactor, _, raw string) string       { return r.Query(raw) }

// plain is running text, such as a message or a name, as it may be shown.
func (m *masking) plain(s string) string { return m.shown(cleanText, "", s, maskText) }

// text adds running text.
func (m *masking) text(s string) { m.b = appendText(m.b, m.plain(s)) }

// method is a request's method as it may be shown. Those of RFC 9110 and 5789 are
// in no need of a search.
func (m *masking) method(s string) string {
	switch s {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return s
	}
	return m.plain(s)
}

// id is a request id as it may be shown. Most are made here, differ each time, and
// are not worth a search.
func (m *masking) id(id string) string {
	if id == m.madeID {
		return id
	}
	return m.plain(id)
}

// field adds one line of a header.
func (m *masking) field(name, value string) {
	m.b = appendBool(m.b, true)
	if name == "X-Request-Id" && value == m.madeID {
		m.b = appendText(appendText(m.b, name), value)
		return
	}
	at, ok := uint64(0), false
	if !m.own {
		if at, ok = m.journal.clean.Has(m.version, cleanField, name, value); ok {
			m.b = appendText(appendText(m.b, name), value)
			return
		}
	}
	shownName, shown := maskText(m.r, "", name), ""
	if len(value) > maxFieldValue {
		shown = lengthNote(len(value), "left out")
	} else {
		shown = m.r.HeaderValue(name, value)
	}
	m.b = appendText(appendText(m.b, shownName), shown)
	switch {
	case shown != value || shownName != name:
		m.hidden = true
	case !m.own:
		m.journal.clean.Note(at, m.version, cleanField, name, value)
	}
}

// lines adds a header, whole or as far as it fits, and the number of lines
// that were left out.
func (m *masking) lines(c *capture, p *passing) {
	n, omitted, from := 0, p.omitted, len(m.b)
	add := func(name, value string) {
		if n == maxFields || len(m.b)-from > maxHeadBytes || len(m.b) > m.room {
			omitted++
			return
		}
		n++
		m.field(name, value)
	}
	for _, f := range c.copied(p) {
		add(f.name, f.value)
	}
	eachLine(p.Header, add)
	m.b = appendBool(m.b, false)
	m.b = appendInt(m.b, int64(omitted))
}

// url adds what may be shown of a target.
func (m *masking) url(template string, h *Head) {
	path := m.shown(cleanPath, template, h.Path, maskPath)
	query := m.shown(cleanQuery, "", h.Query, maskQuery)
	m.hidden = m.hidden || path != h.Path || query != h.Query
	n := len(h.Base) + len(path)
	if query != "" {
		n += 1 + len(query)
	}
	m.b = appendUint(m.b, uint64(n))
	m.b = append(append(m.b, h.Base...), path...)
	if query != "" {
		m.b = append(append(m.b, '?'), query...)
	}
}
