package main

import (
	"bytes"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/support"
)

// bundle is what the bundle of a record, and its exports, are made of.
func (p *process) bundle(rec *journal.Record) *support.Bundle {
	cfg := p.cfg.Load()
	upstreams := make(map[string]string, len(cfg.Upstreams))
	ways := make(map[string]support.Way, len(cfg.Upstreams))
	for name, u := range cfg.Upstreams {
		upstreams[name] = u.URL
		ways[name] = support.Way{Authority: u.CAFile != "", Proxy: u.Proxy != "" && u.Proxy != config.NoProxy, Direct: u.Proxy == config.NoProxy}
	}
	gate, socket := p.gate()
	var dump bytes.Buffer
	if err := cfg.DumpSources(&dump); err != nil {
		dump.Reset() // the manifest says that it is missing
	}
	return &support.Bundle{
		Case:    support.Case{Record: rec, Egress: cfg.EgressAddress, Gate: gate, Socket: socket, Upstreams: upstreams, Ways: ways},
		Version: versionText(), Created: time.Now(), Config: dump.Bytes(), Redactor: p.redactor,
		Quota: func() ([]byte, error) { return p.quotaReport().Markdown(), nil },
		Environment: support.Environment{
			Started: p.started, Mode: string(cfg.Mode), Kind: string(cfg.Environment), Upstreams: upstreams,
			Limits: p.limits.Snapshot(), Credentials: p.creds.status(), Warnings: cfg.Warnings(),
		},
	}
}

// gate is the base URL of the proxy, and whether that is behind a unix socket:
// such a one has a name in its URL all the same.
func (p *process) gate() (url string, socket bool) {
	for _, e := range p.endpoints {
		if !e.admin {
			if url := e.url(); strings.HasPrefix(url, "http") {
				return url, false
			}
			return "http://localhost", true
		}
	}
	return "http://localhost", false
}
