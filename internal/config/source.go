package config

import "fmt"

// SourceKind is a configuration layer, from low to high.
type SourceKind int

// The layers.
const (
	FromDefault SourceKind = iota
	FromFile
	FromEnvironment
	FromFlag
)

// Source is where a value was given. The zero Source is the built-in default.
type Source struct {
	Kind SourceKind
	// Name is the file's path as it was given, the variable's name, or the
	// flag's name without dashes; "" for the default.
	Name string
	// Line counts from 1 in a file; 0 is the file as a whole.
	Line int
}

// String is FILE:LINE, the variable, the flag with its dashes, or "default".
func (s Source) String() string {
	switch s.Kind {
	case FromFile:
		if s.Line == 0 {
			return s.Name
		}
		return fmt.Sprintf("%s:%d", s.Name, s.Line)
	case FromEnvironment:
		return s.Name
	case FromFlag:
		return "--" + s.Name
	default:
		return "default"
	}
}

// origins maps key paths, of values and of map entries, to their source. A
// path that is missing has its default.
type origins map[string]Source

// Source returns where the value of a key path such as "admin.listen" was
// given. Entries of maps have a source too: "upstreams.core".
func (c *Config) Source(path string) Source { return c.origin[path] }

// Warnings are sentences about the configuration that somebody should read,
// though it is valid: unknown variables, readable secret files and the like.
// They hold no secret. The slice belongs to the Config.
func (c *Config) Warnings() []string { return c.warnings }
