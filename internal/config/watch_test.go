package config_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/redact"
)

const publisherTokens = "credentials.publisher.tokens"

// recorder notes what a watcher reports.
type recorder struct {
	mu      sync.Mutex
	changes []string
	faults  []string
}

func (r *recorder) events() config.SecretEvents {
	return config.SecretEvents{
		Changed: func(path string, values []redact.Secret) {
			r.mu.Lock()
			defer r.mu.Unlock()
			text := path + "="
			for _, value := range values {
				text += value.Reveal() + ";"
			}
			r.changes = append(r.changes, text)
		},
		Fault: func(path string, err error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.faults = append(r.faults, fmt.Sprintf("%s: %v", path, err != nil))
		},
	}
}

// take returns and forgets what was reported.
func (r *recorder) take() (changes, faults []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	changes, faults = r.changes, r.faults
	r.changes, r.faults = nil, nil
	return changes, faults
}

func (r *recorder) expect(t *testing.T, step string, changes, faults []string) {
	t.Helper()
	gotChanges, gotFaults := r.take()
	if !slices.Equal(gotChanges, changes) || !slices.Equal(gotFaults, faults) {
		t.Errorf("%s: reported changes %q and faults %q, want %q and %q", step, gotChanges, gotFaults, changes, faults)
	}
}

func overwrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// mounted lays a secret out as the kubelet does: key -> ..data/key, and
// ..data -> a directory that is swapped whole.
type mounted struct {
	t    *testing.T
	root string
	next int
}

func (m *mounted) swap(content string) {
	m.t.Helper()
	m.next++
	version := fmt.Sprintf("..version%d", m.next)
	if err := os.Mkdir(filepath.Join(m.root, version), 0o700); err != nil {
		m.t.Fatal(err)
	}
	overwrite(m.t, filepath.Join(m.root, version, "key"), content)
	fresh, data := filepath.Join(m.root, "..data_tmp"), filepath.Join(m.root, "..data")
	if err := os.Symlink(version, fresh); err != nil {
		m.t.Fatal(err)
	}
	if err := os.Rename(fresh, data); err != nil {
		m.t.Fatal(err)
	}
}

func TestWatcherFollowsSymlinkSwap(t *testing.T) {
	mount := &mounted{t: t, root: t.TempDir()}
	mount.swap("first\n")
	key := filepath.Join(mount.root, "key")
	if err := os.Symlink(filepath.Join("..data", "key"), key); err != nil {
		t.Fatal(err)
	}
	cfg := load(t, "credentials: {publisher: {tokens_file: "+key+"}}\n")
	synctest.Test(t, func(t *testing.T) {
		var seen recorder
		watcher := config.NewSecretWatcher(cfg, seen.events())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- watcher.Run(ctx) }()

		if got := watcher.Secret(publisherTokens).Reveal(); got != "first" {
			t.Errorf("the first value is %q", got)
		}
		time.Sleep(10 * time.Second)
		seen.expect(t, "unchanged", nil, nil)

		mount.swap("second\nthird\n")
		time.Sleep(10 * time.Second)
		seen.expect(t, "swapped", []string{publisherTokens + "=second;third;"}, nil)

		mount.swap("second\r\n third\n\n")
		time.Sleep(10 * time.Second)
		seen.expect(t, "same keys, other bytes", nil, nil)

		if err := os.Remove(filepath.Join(mount.root, "..data")); err != nil {
			t.Error(err)
		}
		time.Sleep(30 * time.Second)
		seen.expect(t, "removed", nil, []string{publisherTokens + ": true"})
		if got := watcher.Secrets(publisherTokens); len(got) != 2 || got[0].Reveal() != "second" {
			t.Errorf("after the removal %d values are in force, want the last two", len(got))
		}

		mount.swap("fourth\n")
		time.Sleep(10 * time.Second)
		seen.expect(t, "back", []string{publisherTokens + "=fourth;"}, []string{publisherTokens + ": false"})

		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
}

func TestWatcherKeepsLastGoodValue(t *testing.T) {
	file := write(t, "token", "good-token-0123456789")
	var seen recorder
	watcher := config.NewSecretWatcher(load(t, "admin: {token_file: "+file+"}\n"), seen.events())
	for _, spoilt := range []string{"", " \n", "two\nlines", "\x00", "[redacted]", `"quoted"`} {
		overwrite(t, file, spoilt)
		watcher.Refresh()
		if got := watcher.Secret("admin.token").Reveal(); got != "good-token-0123456789" {
			t.Errorf("after %q the token is %q", spoilt, got)
		}
		if len(watcher.Faults()) != 1 {
			t.Errorf("%q is not a fault", spoilt)
		}
	}
	if changes, faults := seen.take(); len(changes) != 0 || len(faults) == 0 {
		t.Errorf("reported changes %q and faults %q, want faults alone", changes, faults)
	}
	overwrite(t, file, "good-token-0123456789\n")
	watcher.Refresh()
	seen.expect(t, "restored", nil, []string{"admin.token: false"})
	if len(watcher.Faults()) != 0 {
		t.Errorf("still faulty: %v", watcher.Faults())
	}
}

// TestRefreshSeesWhatWasThereBefore lets many callers refresh at once after a
// change: each must see it, though they share the reading.
func TestRefreshSeesWhatWasThereBefore(t *testing.T) {
	file := write(t, "keys", "key0")
	watcher := config.NewSecretWatcher(load(t, "credentials: {publisher: {tokens_file: "+file+"}}\n"), config.SecretEvents{})
	for round := 1; round <= 20; round++ {
		want := fmt.Sprintf("key%d", round)
		overwrite(t, file, want)
		var callers sync.WaitGroup
		for range 16 {
			callers.Go(func() {
				watcher.Refresh()
				if got := watcher.Secret(publisherTokens).Reveal(); got != want {
					t.Errorf("after Refresh the key is %s, want %s", got, want)
				}
			})
		}
		callers.Wait()
	}
}

func TestWatcherUse(t *testing.T) {
	file, other := write(t, "keys", "old-key"), write(t, "other", "other-key")
	var seen recorder
	watcher := config.NewSecretWatcher(load(t, "credentials: {publisher: {tokens_file: "+file+"}}\nadmin: {token: inline-token}\n"), seen.events())
	if got := watcher.Secret("admin.token").Reveal(); got != "inline-token" {
		t.Errorf("the token given in place is %q", got)
	}
	if got := len(watcher.All()); got != 2 {
		t.Errorf("All has %d secrets, want 2", got)
	}
	watcher.Use(load(t, "credentials: {publisher: {tokens_file: "+other+"}}\n"))
	seen.expect(t, "other configuration", []string{"admin.token=", publisherTokens + "=other-key;"}, nil)
	if !watcher.Secret("admin.token").IsZero() {
		t.Error("the token is still there")
	}
	overwrite(t, file, "newer-key")
	watcher.Refresh()
	seen.expect(t, "the old file", nil, nil)
	overwrite(t, other, "newest-key")
	watcher.Refresh()
	seen.expect(t, "the new file", []string{publisherTokens + "=newest-key;"}, nil)
}
