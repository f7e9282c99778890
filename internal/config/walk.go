package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// key is one configurable value of a Config.
type key struct {
	path  string
	field reflect.StructField
	// value is settable; for an entry of a map it is copied back after the
	// visit.
	value reflect.Value
}

var (
	secretType   = reflect.TypeFor[redact.Secret]()
	secretsType  = reflect.TypeFor[[]redact.Secret]()
	durationType = reflect.TypeFor[time.Duration]()
	rulesType    = reflect.TypeFor[[]CacheRule]()
)

// secret reports whether the value itself must not be shown.
func (k key) secret() bool { return isSecret(k.value.Type()) }

func isSecret(t reflect.Type) bool { return t == secretType || t == secretsType }

// fileOnly reports whether the value has a structure that only YAML can write.
func (k key) fileOnly() bool { return k.value.Type() == rulesType }

// list reports whether the value is a list of scalars.
func (k key) list() bool { return k.value.Kind() == reflect.Slice && !k.fileOnly() }

// empty reports whether the value is the zero value or an empty list.
func (k key) empty() bool {
	return k.value.IsZero() || k.value.Kind() == reflect.Slice && k.value.Len() == 0
}

// secrets are the values of a secret key that are set.
func (k key) secrets() []redact.Secret {
	switch held := k.value.Interface().(type) {
	case []redact.Secret:
		return held
	case redact.Secret:
		if !held.IsZero() {
			return []redact.Secret{held}
		}
	}
	return nil
}

// fileSuffix marks the twin of a secret key.
const fileSuffix = "_file"

// keys visits every value of cfg in the order of the struct, entries of maps
// by name. A path is what stands in error messages and, with capitals and
// underscores, in variables.
func (c *Config) keys(visit func(key)) {
	walkSection(reflect.ValueOf(c).Elem(), "", visit)
}

func walkSection(section reflect.Value, prefix string, visit func(key)) {
	for _, field := range fields(section.Type()) {
		path := join(prefix, keyName(field))
		value := section.FieldByIndex(field.Index)
		switch {
		case isSection(value.Type()):
			walkSection(value, path, visit)
		case value.Kind() == reflect.Map:
			walkEntries(value, path, visit)
		default:
			visit(key{path: path, field: field, value: value})
		}
	}
}

// walkEntries works on copies, since entries of a map cannot be set in place.
func walkEntries(entries reflect.Value, prefix string, visit func(key)) {
	for _, name := range entryNames(entries) {
		entry := reflect.New(entries.Type().Elem()).Elem()
		entry.Set(entries.MapIndex(reflect.ValueOf(name)))
		walkSection(entry, join(prefix, name), visit)
		entries.SetMapIndex(reflect.ValueOf(name), entry)
	}
}

func entryNames(entries reflect.Value) []string {
	names := make([]string, 0, entries.Len())
	for _, name := range entries.MapKeys() {
		names = append(names, name.String())
	}
	slices.Sort(names)
	return names
}

// sectionFields are the configurable fields of a section, by key name.
func sectionFields(section reflect.Type) map[string]reflect.StructField {
	named := map[string]reflect.StructField{}
	for _, field := range fields(section) {
		named[keyName(field)] = field
	}
	return named
}

func fields(section reflect.Type) []reflect.StructField {
	var list []reflect.StructField
	for field := range section.Fields() {
		if keyName(field) != "" {
			list = append(list, field)
		}
	}
	return list
}

func keyName(field reflect.StructField) string { return field.Tag.Get("yaml") }

// isSection tells a struct of keys from a struct that is a value, such as
// Rate.
func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && len(fields(t)) > 0
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// addEntry makes sure that a map of cfg has the named entry, with the values
// that a new one begins with.
func (c *Config) addEntry(mapPath, name string) {
	switch mapPath {
	case "clients":
		addMissing(c.Clients, name, defaultClient())
	case "upstreams":
		addMissing(c.Upstreams, name, Upstream{})
	case "credentials":
		addMissing(c.Credentials, name, defaultCredential())
	case "limits":
		addMissing(c.Limits, name, defaultLimit())
	}
}

func addMissing[E any](entries map[string]E, name string, fresh E) {
	if _, ok := entries[name]; !ok {
		entries[name] = fresh
	}
}

// validName is the shape of a map entry's name: it must survive being a part
// of an environment variable.
func validName(name string) bool {
	if name == "" || len(name) > 64 || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}
