package support

import (
	"regexp"
	"strings"

	"github.com/cleengate/cleengate/internal/journal"
)

// markdown builds a report. Everything that comes from outside goes into code:
// in a fence that is longer than any run of backquotes in it, so that no value
// can end it (CommonMark section 4.5).
type markdown struct{ strings.Builder }

func (m *markdown) heading(level int, text string) {
	m.line("")
	m.line(strings.Repeat("#", level) + " " + text)
	m.line("")
}

func (m *markdown) line(text string) {
	m.WriteString(text)
	m.WriteByte('\n')
}

func (m *markdown) bullets(list []string) {
	for _, text := range list {
		m.line("- " + escaped(text))
	}
}

// fence shows text as it is.
func (m *markdown) fence(language, text string) {
	mark := "```"
	for strings.Contains(text, mark) {
		mark += "`"
	}
	m.line(mark + language)
	m.WriteString(text)
	if !strings.HasSuffix(text, "\n") {
		m.line("")
	}
	m.line(mark)
}

// code shows text inside a line.
func code(text string) string {
	if text == "" {
		return "(empty)"
	}
	mark := "`"
	for strings.Contains(text, mark) {
		mark += "`"
	}
	if len(mark) > 1 || text[0] == '`' {
		return mark + " " + text + " " + mark
	}
	return mark + text + mark
}

// markup are the characters that Markdown or HTML inside it would act upon.
var markup = strings.NewReplacer("\\", "\\\\", "`", "\\`", "*", "\\*", "<", "&lt;", "|", "\\|", "\n", " ", "](", "]\\(")

// entity matches what HTML would take for one character.
var entity = regexp.MustCompile(`&(#?[A-Za-z0-9]+;)`)

// escaped is text for a sentence.
func escaped(text string) string {
	return markup.Replace(entity.ReplaceAllString(text, "&amp;$1"))
}

// header shows header fields as they stand on the wire.
func (m *markdown) header(msg *journal.Message) {
	m.fields(msg.Header)
	if msg.Omitted > 0 {
		m.line("")
		m.line(plural(int64(msg.Omitted), "more field") + " were left out, as it had too many.")
	}
}

func (m *markdown) fields(list []journal.Field) {
	if len(list) == 0 {
		m.line("None is known.")
		return
	}
	var b strings.Builder
	for _, f := range list {
		b.WriteString(f.Name + ": " + f.Value + "\n")
	}
	m.fence("http", b.String())
}

// body shows a body, and in what way it is not what was sent.
func (m *markdown) body(b *journal.Body, none string) {
	if len(b.Bytes) == 0 {
		if text := remark(b); text != "" {
			none = text
		}
		m.line(none)
		return
	}
	if text := remark(b); text != "" {
		m.line(text)
		m.line("")
	}
	language := ""
	if b.Form == journal.FormShape || b.Bytes[0] == '{' || b.Bytes[0] == '[' {
		language = "json"
	}
	m.fence(language, string(b.Bytes))
}
