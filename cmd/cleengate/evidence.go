package main

import (
	"bytes"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/support"
)

// bundle is what the bundle of a record, and its exports, are made of.
func (p *process) bundle(rec *journal.Record) *support.Bundle {
	cfg := p.cfg.Load()
	upstreams := make(map[string]string, len(cfg.Upstreams))
	for name, u := range cfg.Upstreams {
		upstreams[name] = u.URL
	}
	var dump bytes.Buffer
	if err := cfg.DumpSources(&dump); err != nil {
		dump.Reset() // the manifest says that it is missing
	}
	return &support.Bundle{
		Case:    support.Case{Record: rec, Egress: cfg.EgressAddress, Gate: p.gate(), Upstreams: upstreams},
		Version: versionText(), Created: time.Now(), Config: dump.Bytes(), Redactor: p.redactor,
		Quota: func() ([]byte, error) { return p.quotaReport().Markdown(), nil },
		Environment: support.Environment{
			Started: p.started, Mode: string(cfg.Mode), Kind: string(cfg.Environment), Upstreams: upstreams,
			Limits: p.limits.Snapshot(), Credentials: p.creds.status(), Warnings: cfg.Warnings(),
		},
	}
}

// gate is the base URL of the proxy. One on a unix socket has a name in it all
// the same.
func (p *process) gate() string {
	for _, e := range p.endpoints {
		if url := e.url(); !e.admin && strings.HasPrefix(url, "http") {
			return url
		}
	}
	return "http://localhost"
}
