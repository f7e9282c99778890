package redact

import (
	"bytes"
	"encoding/json"
)

// Redactor masks requests and answers by name, and any text by the secrets of
// its vault and by patterns. The same one serves log, journal and exports.
// It is safe for concurrent use.
//
// Its methods return their argument where there is nothing to hide. They never
// modify it.
type Redactor struct {
	vault  *Vault
	own    *matcher
	masker *Masker
	names  *verdicts
}

// NewRedactor returns a Redactor over vault, which may be nil. With a nil
// masker all masks are [Mask].
func NewRedactor(vault *Vault, masker *Masker) *Redactor {
	return &Redactor{vault: vault, masker: masker, names: new(verdicts)}
}

// With returns a Redactor that knows the secrets of one exchange too: those
// that an app sent and those that it was given, which no vault holds.
func (r *Redactor) With(own ...Secret) *Redactor {
	var patterns []pattern
	for _, s := range own {
		patterns = append(patterns, spellings("exchange", s.Reveal())...)
	}
	return &Redactor{vault: r.vault, own: compile(patterns), masker: r.masker, names: r.names}
}

// Version is that of the vault: see [Vault.Version].
func (r *Redactor) Version() uint64 { return r.vault.Version() }

// Text masks secrets, e-mail addresses, tokens, card numbers and queries of
// URLs in running text.
func (r *Redactor) Text(text []byte) []byte {
	if out, changed := r.search(true, false).scrub(stringOf(text), r.masker.Mask); changed {
		return []byte(out)
	}
	return text
}

// String is Text for a string.
func (r *Redactor) String(text string) string {
	out, _ := r.search(true, false).scrub(text, r.masker.Mask)
	return out
}

// Line is Text for one line of a log, in JSON or not. A JSON line stays one;
// control characters and what could reorder or restyle a terminal's line
// become visible.
func (r *Redactor) Line(line []byte) []byte {
	object := len(line) > 0 && line[0] == '{'
	s := r.search(true, false)
	out, changed := s.scrub(stringOf(line), r.masker.Mask)
	if changed {
		scrubbed := []byte(out)
		if object && !json.Valid(scrubbed) { // the match went across JSON syntax
			scrubbed = append(bytes.TrimRight(r.JSON(line), "\n"), '\n')
		}
		line = scrubbed
	}
	if unprintable(stringOf(line)) {
		return appendVisible(make([]byte, 0, len(line)+16), stringOf(line), object)
	}
	return line
}

// Find reports the first known secret in text, of the vault or of the
// exchange, as its owner and spelling. Patterns do not count.
func (r *Redactor) Find(text []byte) (rule string, found bool) {
	s := r.search(false, false)
	if spans := s.run(stringOf(text)); len(spans) > 0 {
		return spans[0].rule, true
	}
	return "", false
}

// line makes printable what was put together from masked parts, and looks once
// more for secrets: parts can spell one at their seam.
func (r *Redactor) line(text string) string {
	out, _ := r.search(false, false).scrub(Printable(text), r.masker.Mask)
	return out
}

func (r *Redactor) search(patterns, cut bool) *search {
	return &search{known: [2]*matcher{r.vault.snapshot(), r.own}, patterns: patterns, cut: cut}
}

// value masks a whole value, but shows what stands where one was forgotten,
// and quotes that do not belong to it.
func (r *Redactor) value(v string) string {
	if harmless(v) || isMasked(v) {
		return v
	}
	if n := len(v); n >= 2 && v[0] == v[n-1] && (v[0] == '"' || v[0] == '\'') {
		return v[:1] + r.value(v[1:n-1]) + v[n-1:]
	}
	return r.masker.Mask(v)
}
