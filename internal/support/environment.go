package support

import (
	"encoding/json"
	"runtime"
	"time"
)

// Environment is the state of the process that a bundle tells of. It names no
// path and no user of this host.
type Environment struct {
	Started   time.Time
	Mode      string            // shield or observe
	Kind      string            // production or sandbox
	Upstreams map[string]string // URL by name
	// Limits and Credentials are what the admin API shows of them.
	Limits      any
	Credentials any
	Warnings    []string // about the configuration
}

func (e *Environment) markdown(c *Case, b *Bundle) []byte {
	m := &markdown{}
	m.line("# Environment")
	m.line("")
	m.line("- cleengate " + escaped(b.Version) + ", " + runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH)
	if !e.Started.IsZero() {
		m.line("- running since " + stamp(e.Started) + ", bundle made at " + stamp(b.Created))
	}
	m.line("- mode " + code(e.Mode) + ", environment " + code(e.Kind))
	egress := c.Egress
	if egress == "" {
		egress = "unknown"
	}
	m.line("- egress address: " + escaped(egress))
	m.heading(2, "Upstreams")
	m.json(e.Upstreams)
	m.heading(2, "Limits and usage")
	m.line("As of now, not of the call. Rates are calls a second.")
	m.line("")
	m.json(e.Limits)
	m.heading(2, "Credentials")
	m.line("State only; values are in no bundle.")
	m.line("")
	m.json(e.Credentials)
	if len(e.Warnings) > 0 {
		m.heading(2, "Warnings about the configuration")
		for _, w := range e.Warnings {
			m.line("- " + escaped(proseWithoutPaths(w)))
		}
	}
	return []byte(m.String())
}

func (m *markdown) json(v any) {
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil || v == nil {
		m.line("Not known.")
		return
	}
	m.fence("json", string(out))
}
