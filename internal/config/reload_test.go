package config_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
)

func TestReload(t *testing.T) {
	file := write(t, "c.yaml", "log: {level: info}\n")
	options := config.Options{File: file}
	current, err := config.Load(options)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		var refuse error
		var applied []string
		reloader := config.NewReloader(options, current, func(_ context.Context, before, after *config.Config) error {
			applied = append(applied, fmt.Sprintf("%s>%s", before.Log.Level, after.Log.Level))
			return refuse
		})
		expect := func(step string, err error, wantErr string, level config.LogLevel, at, success time.Duration, restart ...string) {
			t.Helper()
			if wantErr == "" && err != nil || wantErr != "" && (err == nil || !strings.Contains(err.Error(), wantErr)) {
				t.Errorf("%s: error %v, want %q", step, err, wantErr)
			}
			status := reloader.Status()
			if !errors.Is(status.Err, err) || status.At.Sub(started) != at || status.SuccessAt.Sub(started) != success || !slices.Equal(status.Restart, restart) {
				t.Errorf("%s: status %+v", step, status)
			}
			if got := reloader.Current().Log.Level; got != level {
				t.Errorf("%s: the current level is %s, want %s", step, got, level)
			}
		}
		expect("start", nil, "", "info", 0, 0)

		time.Sleep(time.Minute)
		overwrite(t, file, "log: {level: debug}\nlisten: 127.0.0.1:9000\nadmin: {token: secret-token-0123456}\n")
		expect("changed", reloader.Reload(t.Context()), "", "debug", time.Minute, time.Minute, "listen")

		time.Sleep(time.Minute)
		overwrite(t, file, "log: {level: loud}\n")
		expect("invalid", reloader.Reload(t.Context()), "log.level", "debug", 2*time.Minute, time.Minute, "listen")

		time.Sleep(time.Minute)
		overwrite(t, file, "log: {level: warn}\n")
		refuse = errors.New("port in use")
		expect("refused", reloader.Reload(t.Context()), "port in use", "debug", 3*time.Minute, time.Minute, "listen")

		refuse = nil
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		expect("ended", reloader.Reload(ended), "context canceled", "debug", 3*time.Minute, time.Minute, "listen")

		expect("back", reloader.Reload(t.Context()), "", "warn", 3*time.Minute, 3*time.Minute)
		if want := []string{"info>debug", "debug>warn", "debug>warn"}; !slices.Equal(applied, want) {
			t.Errorf("applied %v, want %v", applied, want)
		}
	})
}

// TestReloadsAreSerial runs many at once: apply is never entered twice, and
// each begins with what the one before left.
func TestReloadsAreSerial(t *testing.T) {
	options := config.Options{File: write(t, "c.yaml", "log: {level: debug}\n")}
	current, err := config.Load(options)
	if err != nil {
		t.Fatal(err)
	}
	last, inside, runs := current, make(chan struct{}, 1), 0
	reloader := config.NewReloader(options, current, func(_ context.Context, before, after *config.Config) error {
		select {
		case inside <- struct{}{}:
			defer func() { <-inside }()
		default:
			t.Error("apply runs twice at once")
		}
		if before != last {
			t.Error("apply did not get the latest configuration")
		}
		last, runs = after, runs+1
		return nil
	})
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			if err := reloader.Reload(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if runs != 20 || reloader.Current() != last {
		t.Errorf("%d reloads were applied, want 20, and the last to be current", runs)
	}
}

func TestReloadWithoutApply(t *testing.T) {
	options := config.Options{File: write(t, "c.yaml", "mode: observe\n")}
	reloader := config.NewReloader(options, config.Default(), nil)
	if err := reloader.Reload(t.Context()); err != nil || reloader.Current().Mode != config.Observe {
		t.Errorf("got %v and mode %s, want observe", err, reloader.Current().Mode)
	}
}
