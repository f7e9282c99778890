package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cleengate/cleengate/cache"
	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/console"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/internal/telemetry"
	"github.com/cleengate/cleengate/internal/totals"
	"github.com/cleengate/cleengate/limiter"
	"github.com/cleengate/cleengate/proxy"
	"github.com/cleengate/cleengate/tokens"
)

const (
	adminConnections = 100
)

// process is one running cleengate: the one place where all rooms are wired
// together. newProcess builds it without I/O beyond reading files, listen
// opens its listeners, start serves, shutdown or close end it.
type process struct {
	streams
	loadConfig func() (*config.Config, error)
	log        *telemetry.Log
	metrics    *telemetry.Metrics
	proxy      *proxy.Proxy
	creds      *credentials
	limits     *limiter.Set
	stored     *cache.Cache
	hourly     *totals.Totals
	health     console.Health
	started    time.Time

	state      state
	vault      *redact.Vault
	redactor   *redact.Redactor
	journal    *journal.Journal
	secrets    *config.SecretWatcher
	newSecrets chan struct{} // a secret file changed

	reloading sync.Mutex // one reload at a time
	cfg       atomic.Pointer[config.Config]

	endpoints []*endpoint
	loops     errgroup.Group
	stopLoops context.CancelFunc
	failed    chan error // a listener that died
}

func newProcess(s streams, cfg *config.Config, load func() (*config.Config, error)) (*process, error) {
	p := &process{
		streams: s, loadConfig: load, started: time.Now(), failed: make(chan error, 16),
		vault: redact.NewVault(), newSecrets: make(chan struct{}, 1),
	}
	p.cfg.Store(cfg)
	p.secrets = config.NewSecretWatcher(cfg, config.SecretEvents{Changed: p.secretChanged, Fault: p.secretFault})
	p.vault.Set("configuration", p.secrets.All()...)
	p.redactor = redact.NewRedactor(p.vault, redact.NewMasker())
	var err error
	p.log, err = telemetry.NewLog(telemetry.LogOptions{Out: s.err, JSON: jsonLines(cfg.Log.Format, s.err), Level: string(cfg.Log.Level), Scrub: p.redactor.Line, Version: p.redactor.Version})
	if err != nil {
		return nil, err
	}
	p.metrics = telemetry.NewMetrics(versionText())
	p.metrics.RegisterLog(p.log.Dropped)
	p.state = openState(cfg, p.log.Logger, p.metrics)
	p.hourly = newHourly(p.state.dir, p.log.Logger)
	if err := p.hourly.Load(); err != nil {
		p.log.Warn(err.Error())
	}
	p.newJournal(cfg)
	p.proxy = proxy.New(proxy.Options{Log: p.log.Logger, Metrics: proxyMetrics{p.metrics}, Journal: p.journal, Sink: p.keep(observe(p.log, p.metrics, p.hourly)), Own: func(x *journal.Exchange) { addOwn(p.hourly, x) }})
	if p.limits, err = limiter.NewSet(proxy.LimitConfigs(cfg), p.state.dir, p.log.Logger); err != nil {
		return nil, errors.Join(err, p.log.Close())
	}
	if err := p.limits.Load(); err != nil {
		p.log.Warn("What was learned about limits before could not be read; learning begins anew.", "error", err.Error())
	}
	p.metrics.Limits().Register(limitStats(p.limits))
	if p.stored, err = cache.New(cache.Options{MaxBytes: int64(cfg.Cache.MaxSize), Metrics: p.metrics.Cache()}); err != nil {
		return nil, errors.Join(err, p.limits.Close(), p.log.Close())
	}
	p.metrics.Cache().Register(cacheStats(p.stored))
	p.creds = &credentials{
		log: p.log.Logger, secrets: p.secrets, metrics: p.metrics, lane: p.proxy.Lane, state: p.state, vault: p.vault,
		byName: make(map[string]tokens.Credential), made: make(map[string]config.Credential),
	}
	p.metrics.Credentials().Register(p.creds.stats)
	if err := p.apply(cfg); err != nil {
		return nil, errors.Join(err, p.log.Close())
	}
	p.metrics.Reloaded(true, time.Now())
	if err := p.plan(cfg); err != nil {
		return nil, errors.Join(err, p.log.Close())
	}
	return p, nil
}

// jsonLines decides log.format auto: text for eyes, JSON for everything else.
func jsonLines(format config.LogFormat, out any) bool {
	if format != config.FormatAuto {
		return format == config.FormatJSON
	}
	f, ok := out.(*os.File)
	if !ok {
		return true
	}
	info, err := f.Stat()
	return err != nil || info.Mode()&os.ModeCharDevice == 0
}

// apply puts a validated configuration in force.
func (p *process) apply(cfg *config.Config) error {
	if err := p.creds.apply(cfg); err != nil {
		return err
	}
	if err := p.log.SetLevel(string(cfg.Log.Level)); err != nil {
		return err
	}
	p.journal.Resize(int64(cfg.Journal.MaxSize), int64(cfg.Journal.Body))
	if err := p.limits.Reconfigure(proxy.LimitConfigs(cfg)); err != nil {
		return err
	}
	if err := p.stored.Resize(int64(cfg.Cache.MaxSize)); err != nil {
		return err
	}
	for _, u := range cfg.Upstreams {
		if u.Limit != "" {
			p.limits.Get(u.Limit, u.Credential) // so that it is seen before its first call
		}
	}
	return p.proxy.Apply(cfg, proxy.Parts{Credentials: p.creds.all(), Limits: p.limits, Cache: p.stored})
}

// plan lists the listeners.
func (p *process) plan(cfg *config.Config) error {
	serverTLS, err := tlsConfig(cfg.TLS, p.log.Logger)
	if err != nil {
		return err
	}
	serverLog := quietServerLog(p.log.Logger)
	add := func(e *endpoint) { p.endpoints = append(p.endpoints, e) }
	add(&endpoint{name: "cleengate", address: cfg.Listen, tls: serverTLS, server: proxy.NewServer(p.proxy.Handler(""), int(cfg.Guard.MaxHeader), serverLog)})
	for _, address := range ownListeners(cfg) {
		add(&endpoint{name: "upstream at " + address, address: address, tls: serverTLS, server: proxy.NewServer(p.proxy.Handler(address), int(cfg.Guard.MaxHeader), serverLog)})
	}
	options := console.Options{
		Metrics: p.metrics.Handler(), Health: &p.health, Status: p.status, Credentials: p.creds.status, Limits: func() any { return p.limits.Snapshot() }, Journal: p.journal, Bundle: p.bundle,
		Cache: p.consoleCache(), Quota: p.quotaReport, SetLogLevel: p.log.SetLevel, Reload: p.reload, Pprof: cfg.Admin.Pprof,
	}
	admin := p.proxy.GuardAdmin(p.adminToken, console.New(options))
	add(&endpoint{name: "admin", admin: true, address: cfg.Admin.Listen, server: proxy.NewServer(admin, int(cfg.Guard.MaxHeader), serverLog)})
	if cfg.Admin.MetricsListen != "" {
		open := p.proxy.GuardAdmin(func() redact.Secret { return redact.Secret{} }, console.NewMetricsOnly(options))
		add(&endpoint{name: "metrics", admin: true, address: cfg.Admin.MetricsListen, server: proxy.NewServer(open, int(cfg.Guard.MaxHeader), serverLog)})
	}
	return nil
}

func (p *process) adminToken() redact.Secret { return p.cfg.Load().Admin.Token }

// listen opens all listeners; nothing is served before every one is open.
func (p *process) listen(ctx context.Context) error {
	cfg := p.cfg.Load()
	for _, e := range p.endpoints {
		limit := adminConnections
		if !e.admin {
			limit = cfg.Guard.MaxConnections
		}
		if err := e.listen(ctx, limit, cfg.Timeouts.Idle); err != nil {
			return err
		}
	}
	return nil
}

// start serves all listeners and says where.
func (p *process) start() {
	ctx, cancel := context.WithCancel(context.Background())
	p.stopLoops = cancel
	for _, e := range p.endpoints {
		p.loops.Go(func() error {
			if err := e.serve(); err != nil {
				p.failed <- err
			}
			return nil
		})
	}
	p.loops.Go(func() error { return p.creds.run(ctx) })
	p.loops.Go(func() error { return p.secrets.Run(ctx) })
	p.loops.Go(func() error { return p.limits.Run(ctx) })
	p.loops.Go(func() error { return p.hourly.Run(ctx) })
	p.loops.Go(func() error { p.followSecrets(ctx); return nil })
	p.loops.Go(func() error { return newPacer(p.bulk).run(ctx) })
	p.metrics.ConfigWarnings(len(p.cfg.Load().Warnings()))
	for _, warning := range p.cfg.Load().Warnings() {
		p.log.Warn(warning)
	}
	p.health.Started()
	for _, e := range p.endpoints {
		fmt.Fprintf(p.out, "%s listens on %s\n", e.name, e.url())
		p.log.Info("listening", "listener", e.name, "address", e.url())
	}
}

// reload reads the configuration anew and puts it in force as a whole; on an
// error the old one stays.
func (p *process) reload() error {
	p.reloading.Lock()
	defer p.reloading.Unlock()
	cfg, err := p.loadConfig()
	if err == nil {
		err = p.apply(cfg)
	}
	p.metrics.Reloaded(err == nil, time.Now())
	if err != nil {
		p.log.Error("The configuration was not reloaded; the old one stays in force.", "error", err.Error())
		return err
	}
	p.metrics.ConfigWarnings(len(cfg.Warnings()))
	for _, warning := range cfg.Warnings() {
		p.log.Warn(warning)
	}
	if keys := config.RestartNeeded(p.cfg.Load(), cfg); len(keys) > 0 {
		p.log.Warn("Some changed keys take effect only after a restart.", "keys", keys)
	}
	p.cfg.Store(cfg)
	p.secrets.Use(cfg)
	p.vault.Set("configuration", p.secrets.All()...)
	p.log.Info("The configuration was reloaded.")
	return nil
}

// status is the answer of GET /api/v1/status.
func (p *process) status() any {
	cfg := p.cfg.Load()
	listeners := make(map[string]string, len(p.endpoints))
	for _, e := range p.endpoints {
		listeners[e.name] = e.url()
	}
	return map[string]any{
		"version": versionText(), "started_at": p.started, "uptime_seconds": time.Since(p.started).Seconds(), "ready": p.health.Ready(),
		"mode": cfg.Mode, "environment": cfg.Environment, "listeners": listeners, "log_level": p.log.Level(), "log_dropped": p.log.Dropped(),
		"warnings": append([]string{}, cfg.Warnings()...),
	}
}
