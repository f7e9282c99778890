package config

import (
	"strings"

	"github.com/spf13/pflag"
)

// flagValue keeps the text of a flag; [Load] parses it, so that its errors
// look like those of the other layers.
type flagValue struct {
	kind, initial string
	texts         []string
}

var _ pflag.Value = (*flagValue)(nil)

func (v *flagValue) Set(text string) error {
	v.texts = append(v.texts, text)
	return nil
}

func (v *flagValue) Type() string { return v.kind }

// String is the default until the flag is set; help shows it.
func (v *flagValue) String() string {
	if len(v.texts) == 0 {
		return v.initial
	}
	return strings.Join(v.texts, ",")
}

// BindFlags defines a flag on fs for every key that is a single value or a
// list, named by its key path: --admin.listen. Lists take commas, and may be
// given repeatedly. Map entries have flags if they are part of the defaults
// (--upstreams.core.url). Secrets have none, only their _file twins. Hand the
// same fs to [Load] after it was parsed.
func BindFlags(fs *pflag.FlagSet) {
	Default().keys(func(k key) {
		if k.secret() || k.fileOnly() {
			return
		}
		value := &flagValue{kind: kindName(k), initial: flagDefault(k)}
		flag := fs.VarPF(value, k.path, "", k.field.Tag.Get("usage"))
		if value.kind == "bool" {
			flag.NoOptDefVal = "true"
		}
	})
}

func flagDefault(k key) string {
	if k.list() {
		return ""
	}
	return format(k.value)
}

// kindName is the placeholder that help shows for a value.
func kindName(k key) string {
	if k.list() {
		return "list"
	}
	switch k.value.Interface().(type) {
	case Size:
		return "size"
	case Rate:
		return "rate"
	case Burst:
		return "count"
	case Percent:
		return "percent"
	case bool:
		return "bool"
	case int:
		return "int"
	}
	if k.value.Type() == durationType {
		return "duration"
	}
	return "string"
}

// readFlags takes the flags that were given. An empty one empties its key.
func readFlags(cfg *Config, fs *pflag.FlagSet) *layer {
	l := newLayer()
	if fs == nil {
		return l
	}
	cfg.keys(func(k key) {
		flag := fs.Lookup(k.path)
		if flag == nil || !flag.Changed {
			return
		}
		given, ok := flag.Value.(*flagValue)
		if !ok || len(given.texts) == 0 {
			return
		}
		value := raw{source: Source{Kind: FromFlag, Name: k.path}, text: given.texts[len(given.texts)-1]}
		if k.list() {
			value.items = splitList(value.source, strings.Join(given.texts, ","))
		}
		l.values[k.path] = value
	})
	return l
}
