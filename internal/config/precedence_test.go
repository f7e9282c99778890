package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/cleengate/cleengate/internal/redact"
)

// sample is the text of a value that a key of its type can have; different
// numbers from 1 to 4 give different values, none of them a default.
func sample(k key, number int) string {
	kind := k.value.Interface()
	if k.list() {
		kind = reflect.New(k.value.Type().Elem()).Elem().Interface()
	}
	switch v := kind.(type) {
	case time.Duration:
		return fmt.Sprintf("%dms", 1001+number)
	case Size:
		return fmt.Sprintf("%dKiB", 200+number)
	case Rate:
		return fmt.Sprintf("%d/m", 100+number)
	case Burst:
		return fmt.Sprint(10 + number)
	case Percent:
		return fmt.Sprintf("%d%%", 30+number)
	case Pattern:
		return fmt.Sprintf("GET /sample/%d", number)
	case redact.Secret:
		return fmt.Sprintf("secret%d", number)
	case int:
		return fmt.Sprint(6 + number)
	case bool:
		return []string{"true", "false"}[number%2]
	case chooser:
		choices := v.choices()
		return choices[number%len(choices)]
	default:
		return fmt.Sprintf("text%d", number)
	}
}

// fileOf writes one key as YAML.
func fileOf(k key, text string) string {
	parts := strings.Split(k.path, ".")
	if text = fmt.Sprintf("%q", text); k.list() {
		text = "[" + text + "]"
	}
	var out strings.Builder
	for i, part := range parts {
		fmt.Fprintf(&out, "%s%s:", strings.Repeat("  ", i), part)
		if i < len(parts)-1 {
			out.WriteByte('\n')
		}
	}
	return out.String() + " " + text + "\n"
}

// valueAt renders the value of a key, secrets revealed.
func valueAt(t *testing.T, cfg *Config, path string) string {
	t.Helper()
	text, found := "", false
	cfg.keys(func(k key) {
		if k.path != path {
			return
		}
		found = true
		if k.secret() {
			for _, secret := range k.secrets() {
				text += secret.Reveal()
			}
			return
		}
		text = render(k.value, false)
	})
	if !found {
		t.Fatalf("no key %s", path)
	}
	return text
}

// expected renders text as valueAt does.
func expected(t *testing.T, k key, text string) string {
	t.Helper()
	if k.secret() {
		return text
	}
	scalar := reflect.New(k.value.Type()).Elem()
	if k.list() {
		scalar = reflect.New(k.value.Type().Elem()).Elem()
	}
	if err := parseInto(scalar, "", text); err != nil {
		t.Fatalf("sample %q for %s: %v", text, k.path, err)
	}
	if k.list() {
		return "[" + render(scalar, false) + "]"
	}
	return render(scalar, false)
}

// TestPrecedence gives every key in every combination of layers: the highest
// of flag, environment and file must win, with itself as the source, and the
// default where none sets it.
func TestPrecedence(t *testing.T) {
	tested := 0
	Default().keys(func(k key) {
		if k.fileOnly() {
			return
		}
		tested++
		for layers := range 8 {
			withFile, withEnv, withFlag := layers&1 != 0, layers&2 != 0, layers&4 != 0
			var file string
			var environ, args []string
			want, source := valueAt(t, Default(), k.path), FromDefault
			if withFile {
				file = fileOf(k, sample(k, 1))
				want, source = expected(t, k, sample(k, 1)), FromFile
			}
			if withEnv {
				environ = append(environ, EnvName(k.path)+"="+sample(k, 2))
				want, source = expected(t, k, sample(k, 2)), FromEnvironment
			}
			if withFlag && !k.secret() {
				args = append(args, "--"+k.path+"="+sample(k, 3))
				want, source = expected(t, k, sample(k, 3)), FromFlag
			}
			flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
			BindFlags(flags)
			if err := flags.Parse(args); err != nil {
				t.Fatalf("%s: %v", k.path, err)
			}
			merged := merge(Options{Flags: flags}, variables(environ), parseFile("file.yaml", []byte(file)))
			if err := merged.faults.err(); err != nil {
				t.Errorf("%s (file %v, env %v, flag %v): %v", k.path, withFile, withEnv, withFlag, err)
				continue
			}
			if got := valueAt(t, merged.cfg, k.path); got != want {
				t.Errorf("%s (file %v, env %v, flag %v) is %s, want %s", k.path, withFile, withEnv, withFlag, got, want)
			}
			if got := merged.cfg.Source(k.path).Kind; got != source {
				t.Errorf("%s (file %v, env %v, flag %v) comes from %s, want kind %d", k.path, withFile, withEnv, withFlag, merged.cfg.Source(k.path), source)
			}
		}
	})
	if tested < 100 {
		t.Errorf("only %d keys were tested", tested)
	}
}

// TestKeysHaveNames holds what the layers rely on: each key has its own
// variable, a flag unless it is a secret, and a usage text.
func TestKeysHaveNames(t *testing.T) {
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	BindFlags(flags)
	bound := map[string]bool{}
	flags.VisitAll(func(flag *pflag.Flag) { bound[flag.Name] = true })
	variables := map[string]string{}
	cfg := Default()
	cfg.addEntry("clients", "shop")
	cfg.keys(func(k key) {
		if other, twice := variables[EnvName(k.path)]; twice {
			t.Errorf("%s and %s share the variable %s", other, k.path, EnvName(k.path))
		}
		variables[EnvName(k.path)] = k.path
		wantFlag := !k.secret() && !k.fileOnly() && !strings.HasPrefix(k.path, "clients.")
		if bound[k.path] != wantFlag {
			t.Errorf("%s has a flag: %v, want %v", k.path, bound[k.path], wantFlag)
		}
		delete(bound, k.path)
		if wantFlag && flags.Lookup(k.path).Usage == "" {
			t.Errorf("%s has no usage text", k.path)
		}
	})
	if len(bound) > 0 {
		t.Errorf("flags without a key: %v", slices.Sorted(maps.Keys(bound)))
	}
}

// TestSecretsHaveTwins asserts that each secret can be given by file.
func TestSecretsHaveTwins(t *testing.T) {
	cfg := Default()
	cfg.addEntry("clients", "shop")
	paths := map[string]reflect.Kind{}
	var secrets []string
	cfg.keys(func(k key) {
		paths[k.path] = k.value.Kind()
		if k.secret() {
			secrets = append(secrets, k.path)
		}
	})
	for _, path := range secrets {
		if paths[path+fileSuffix] != reflect.String {
			t.Errorf("%s has no twin %s", path, path+fileSuffix)
		}
	}
	if len(secrets) < 8 {
		t.Errorf("found only the secrets %v", secrets)
	}
}

// TestRangesHoldDefaults finds range tags that are malformed or exclude the
// default of their key.
func TestRangesHoldDefaults(t *testing.T) {
	ranges := 0
	Default().keys(func(k key) {
		limits := k.field.Tag.Get("range")
		if limits == "" {
			return
		}
		ranges++
		if err := parseInto(k.value, limits, format(k.value)); err != nil {
			t.Errorf("%s: the default: %v", k.path, err)
		}
	})
	if ranges < 30 {
		t.Errorf("only %d keys have a range", ranges)
	}
}
