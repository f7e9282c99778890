package config

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// ApplyFunc puts a new configuration into effect, or returns an error and
// leaves everything as it was. Keys that [RestartNeeded] lists are not its
// concern.
type ApplyFunc func(ctx context.Context, before, after *Config) error

// Reloader holds the current configuration of a running process and replaces
// it as a whole. Its methods are safe for concurrent use.
type Reloader struct {
	options Options
	apply   ApplyFunc
	// started is the configuration the process began with.
	started *Config
	current atomic.Pointer[Config]
	status  atomic.Pointer[ReloadStatus]
	// loading lets one reload run at a time.
	loading sync.Mutex
}

// ReloadStatus is the outcome of the latest reload, for metrics and reports.
type ReloadStatus struct {
	// Err is nil if the latest reload succeeded; the start counts as one.
	Err error
	// At is the time of the latest reload, SuccessAt of the latest that
	// succeeded.
	At, SuccessAt time.Time
	// Restart lists keys whose new values wait for a restart.
	Restart []string
}

// NewReloader takes over current, which the options were loaded into, and
// which is in effect. A nil apply changes nothing but [Reloader.Current].
func NewReloader(o Options, current *Config, apply ApplyFunc) *Reloader {
	r := &Reloader{options: o, apply: apply, started: current}
	r.current.Store(current)
	now := time.Now()
	r.status.Store(&ReloadStatus{At: now, SuccessAt: now})
	return r
}

// Current is the configuration in effect. Read it once per piece of work, so
// that the work sees one configuration.
func (r *Reloader) Current() *Config { return r.current.Load() }

// Status is the outcome of the latest reload.
func (r *Reloader) Status() ReloadStatus { return *r.status.Load() }

// Reload loads and validates all layers anew, applies the result, and makes
// it current. On an error the old configuration stays in effect; the error
// has the faults as [Load] returns them, or is that of apply.
func (r *Reloader) Reload(ctx context.Context) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	after, err := r.load(ctx)
	status := r.Status()
	status.At, status.Err = time.Now(), err
	if err == nil {
		r.current.Store(after)
		status.SuccessAt = status.At
		status.Restart = RestartNeeded(r.started, after)
	}
	r.status.Store(&status)
	return err
}

func (r *Reloader) load(ctx context.Context) (*Config, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("reloading the configuration: %w", err)
	}
	after, err := Load(r.options)
	if err != nil {
		return nil, err
	}
	if r.apply == nil {
		return after, nil
	}
	if err := r.apply(ctx, r.Current(), after); err != nil {
		return nil, fmt.Errorf("applying the configuration: %w", err)
	}
	return after, nil
}
