package config

import (
	"maps"
	"slices"

	"github.com/spf13/pflag"
)

// Options say where [Load] finds the layers.
type Options struct {
	// File is the YAML file; "" takes the one that CLEENGATE_CONFIG names, and
	// without that there is no file layer.
	File string
	// Env is the environment as os.Environ gives it; nil is an empty one.
	Env []string
	// Flags were bound with [BindFlags] and parsed; nil has none.
	Flags *pflag.FlagSet
	// KnownEnv are CLEENGATE_ variables that something other than a
	// configuration key reads, so that they bring no warning.
	KnownEnv []string
}

// Load reads all layers and the secret files, and validates the whole. The
// error holds every fault found, each an [Error] on its own line; then the
// Config is nil. Relative paths are relative to the working directory.
func Load(o Options) (*Config, error) {
	set := variables(o.Env)
	name := o.File
	if name == "" {
		name = set[configEnv]
	}
	return assemble(o, set, readFile(name))
}

// assemble puts the layers on top of each other and judges the result.
func assemble(o Options, set map[string]string, file *layer) (*Config, error) {
	a := merge(o, set, file)
	a.refuseTwins()
	a.readSecrets()
	checked := validate(a.cfg, a.faults)
	if err := checked.faults.err(); err != nil {
		return nil, err
	}
	a.cfg.warnings = slices.Concat(unknownVariables(a.cfg, set, o.KnownEnv), a.warnings, checked.warnings)
	return a.cfg, nil
}

// merge parses the highest layer's value of every key.
func merge(o Options, set map[string]string, file *layer) *assigner {
	cfg := DefaultFor(environment(o, set, file))
	cfg.origin = file.sections
	for _, entry := range file.entries {
		cfg.addEntry(entry.mapPath, entry.name)
	}
	values := maps.Clone(file.values)
	maps.Copy(values, readEnvironment(cfg, set).values)
	maps.Copy(values, readFlags(cfg, o.Flags).values)
	a := &assigner{cfg: cfg, values: values, faults: file.faults}
	a.assign()
	return a
}

// environment finds the one key that decides the defaults of others. A wrong
// value is reported when the key is assigned.
func environment(o Options, set map[string]string, file *layer) Environment {
	const path = "environment"
	only := Default()
	for _, l := range []*layer{readFlags(only, o.Flags), readEnvironment(only, set), file} {
		if value, ok := l.values[path]; ok {
			return Environment(value.text)
		}
	}
	return Production
}
