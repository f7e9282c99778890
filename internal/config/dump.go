package config

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/cleengate/cleengate/internal/redact"
)

// Dump writes the effective configuration as YAML: every key in the order of
// the reference, defaults included, secrets masked. [Load] reads it back and
// gives an equal Config, except that it refuses the masks. It names no file
// but those that are values.
func (c *Config) Dump(w io.Writer) error { return c.dump(w, false) }

// DumpSources is Dump with a comment on each line that says where a value came
// from, if it is no default.
func (c *Config) DumpSources(w io.Writer) error { return c.dump(w, true) }

func (c *Config) dump(w io.Writer, sources bool) error {
	d := &dumper{cfg: c, sources: sources}
	d.section(reflect.ValueOf(c).Elem(), "", 0)
	if _, err := io.WriteString(w, d.text.String()); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return nil
}

type dumper struct {
	cfg     *Config
	sources bool
	text    strings.Builder
}

func (d *dumper) line(depth int, text, path string) {
	d.text.WriteString(strings.Repeat("  ", depth))
	d.text.WriteString(text)
	if source := d.cfg.Source(path); d.sources && path != "" && source.Kind != FromDefault {
		comment := source.String()
		if strings.ContainsFunc(comment, unicode.IsControl) {
			comment = strconv.Quote(comment)
		}
		d.text.WriteString("  # " + comment)
	}
	d.text.WriteByte('\n')
}

func (d *dumper) section(section reflect.Value, prefix string, depth int) {
	for _, field := range fields(section.Type()) {
		name, value := keyName(field), section.FieldByIndex(field.Index)
		path := join(prefix, name)
		if irrelevant(section, name, value) {
			continue
		}
		switch {
		case isSection(value.Type()):
			d.line(depth, name+":", "")
			d.section(value, path, depth+1)
		case value.Kind() == reflect.Map && value.Len() == 0:
			d.line(depth, name+": {}", "")
		case value.Kind() == reflect.Map:
			d.line(depth, name+":", "")
			for _, entry := range entryNames(value) {
				d.line(depth+1, entry+":", "")
				d.section(value.MapIndex(reflect.ValueOf(entry)), join(path, entry), depth+2)
			}
		case value.Type() == rulesType && value.Len() > 0:
			d.line(depth, name+":", path)
			for i := range value.Len() {
				d.line(depth+1, "- "+flowMapping(value.Index(i)), "")
			}
		default:
			twin := section.FieldByName(field.Name + "File")
			byFile := isSecret(value.Type()) && twin.IsValid() && twin.String() != ""
			d.line(depth, name+": "+render(value, byFile), path)
		}
	}
}

// irrelevant reports whether a key is unset and belongs to another kind of
// credential than its section is.
func irrelevant(section reflect.Value, name string, value reflect.Value) bool {
	credential, ok := reflect.TypeAssert[Credential](section)
	if !ok || name == "kind" || name == "mode" || !(key{value: value}).empty() {
		return false
	}
	return !slices.Contains(kindKeys[credential.Kind], name)
}

// flowMapping is one line for a section of scalars.
func flowMapping(section reflect.Value) string {
	var parts []string
	for _, field := range fields(section.Type()) {
		parts = append(parts, keyName(field)+": "+render(section.FieldByIndex(field.Index), false))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// render writes a value as YAML. A secret that came from a file is shown as
// not set, since its file is.
func render(value reflect.Value, byFile bool) string {
	if value.Kind() == reflect.Slice {
		var items []string
		for i := range value.Len() {
			if !byFile {
				items = append(items, render(value.Index(i), false))
			}
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	if secret, ok := reflect.TypeAssert[redact.Secret](value); ok {
		if byFile || secret.IsZero() {
			return `""`
		}
		return strconv.Quote(redact.Mask)
	}
	return scalar(format(value))
}

// scalar quotes text unless it is surely one plain scalar, in a flow
// collection too. Quoting of Go is also quoting of YAML for text that is UTF-8
// without control characters (YAML 1.2 section 5.7).
func scalar(text string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	plain := text != "" && strings.ContainsRune(letters+"/", rune(text[0])) &&
		strings.Trim(text, letters+"/._:%+-@") == "" &&
		!strings.HasSuffix(text, ":") && !strings.EqualFold(text, "null")
	if plain {
		return text
	}
	return strconv.Quote(text)
}
