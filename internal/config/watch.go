package config

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// PollInterval is how often secret files are read. Their content is compared,
// since neither notification nor modification time is reliable where
// Kubernetes swaps a symbolic link below them; the files are small.
const PollInterval = 5 * time.Second

// SecretEvents are called by a [SecretWatcher], one call at a time, from the
// goroutine that noticed. They must not call Refresh or Use. Both may be nil.
type SecretEvents struct {
	// Changed says that the secret of a key path, such as
	// "credentials.publisher.tokens", has new values.
	Changed func(path string, values []redact.Secret)
	// Fault says that the file of a key path has become unusable, and by a nil
	// error that it is usable again. The last good values stay in force.
	Fault func(path string, err error)
}

// SecretWatcher holds the current values of all secrets of a configuration,
// and follows the files that hold them. It is safe for concurrent use.
type SecretWatcher struct {
	events SecretEvents
	// begun counts refreshes, so that waiting callers can share one.
	begun atomic.Uint64
	// refreshing serialises refreshes and guards files.
	refreshing sync.Mutex
	files      []secretFile
	// mu guards values and faults.
	mu     sync.RWMutex
	values map[string][]redact.Secret
	faults map[string]error
}

// NewSecretWatcher starts from the values that cfg was loaded with. It reads
// nothing before [SecretWatcher.Run] or [SecretWatcher.Refresh].
func NewSecretWatcher(cfg *Config, events SecretEvents) *SecretWatcher {
	return &SecretWatcher{
		events: events,
		files:  cfg.secretFiles(),
		values: secretValues(cfg),
		faults: map[string]error{},
	}
}

func secretValues(cfg *Config) map[string][]redact.Secret {
	values := map[string][]redact.Secret{}
	cfg.keys(func(k key) {
		if secrets := k.secrets(); len(secrets) > 0 {
			values[k.path] = secrets
		}
	})
	return values
}

// Secret is the current value of a key path without the suffix _file, such as
// "admin.token"; the zero Secret if it is not configured.
func (w *SecretWatcher) Secret(path string) redact.Secret {
	if all := w.Secrets(path); len(all) > 0 {
		return all[0]
	}
	return redact.Secret{}
}

// Secrets are the current values of a list of secrets, such as
// "credentials.publisher.tokens". The caller must not change the slice.
func (w *SecretWatcher) Secrets(path string) []redact.Secret {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.values[path]
}

// All are the current values of all secrets, for scrubbing them from text.
func (w *SecretWatcher) All() []redact.Secret {
	w.mu.RLock()
	defer w.mu.RUnlock()
	var all []redact.Secret
	for _, values := range w.values {
		all = append(all, values...)
	}
	return all
}

// Faults are the files that are unusable now, by key path.
func (w *SecretWatcher) Faults() map[string]error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return maps.Clone(w.faults)
}

// Run refreshes at every [PollInterval] until ctx ends, and then returns nil.
func (w *SecretWatcher) Run(ctx context.Context) error {
	ticker := time.NewTicker(PollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			w.Refresh()
		}
	}
}

// Refresh reads the files now, because an upstream refused a secret. When it
// returns, the values are at least as new as the call; callers that come
// while one is under way share the next.
func (w *SecretWatcher) Refresh() {
	ticket := w.begun.Load()
	w.refreshing.Lock()
	defer w.refreshing.Unlock()
	if w.begun.Load() > ticket {
		// One began after this call did, and has ended, as the lock is free.
		return
	}
	w.begun.Add(1)
	for _, file := range w.files {
		w.read(file)
	}
}

// read takes over a file's content, unless it is spoilt: a file that is being
// replaced may be empty or missing for a moment.
func (w *SecretWatcher) read(file secretFile) {
	values, err := file.read()
	w.mu.Lock()
	before, faultBefore := w.values[file.path], w.faults[file.path]
	var changed bool
	if err != nil {
		w.faults[file.path] = err
	} else {
		delete(w.faults, file.path)
		if changed = !slices.EqualFunc(before, values, redact.Secret.Equal); changed {
			w.values[file.path] = values
		}
	}
	w.mu.Unlock()
	if w.events.Fault != nil && message(err) != message(faultBefore) {
		w.events.Fault(file.path, err)
	}
	if changed && w.events.Changed != nil {
		w.events.Changed(file.path, values)
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Use follows another configuration from now on, with the values it was loaded
// with, and reports which secrets differ. Call it from an [ApplyFunc].
func (w *SecretWatcher) Use(cfg *Config) {
	values := secretValues(cfg)
	w.refreshing.Lock()
	defer w.refreshing.Unlock()
	w.files = cfg.secretFiles()
	w.mu.Lock()
	before := w.values
	w.values, w.faults = values, map[string]error{}
	w.mu.Unlock()
	w.announce(before, values)
	// A poll may have read something newer while cfg was being loaded.
	w.begun.Add(1)
	for _, file := range w.files {
		w.read(file)
	}
}

// announce reports the paths whose values differ.
func (w *SecretWatcher) announce(before, values map[string][]redact.Secret) {
	if w.events.Changed == nil {
		return
	}
	paths := map[string]bool{}
	for path := range before {
		paths[path] = true
	}
	for path := range values {
		paths[path] = true
	}
	for _, path := range sortedNames(paths) {
		if !slices.EqualFunc(before[path], values[path], redact.Secret.Equal) {
			w.events.Changed(path, values[path])
		}
	}
}
