package tokens_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

var sameSecret = cmp.Comparer(func(a, b redact.Secret) bool { return a.Equal(b) })

func openStore(t *testing.T, dir, key string, log *bytes.Buffer) *tokens.FileStore {
	t.Helper()
	cfg := tokens.FileStoreConfig{Dir: dir, Name: "service", Key: redact.New(key)}
	if log != nil {
		cfg.Log = slog.New(slog.NewTextHandler(log, nil))
	}
	store, err := tokens.NewFileStore(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func exampleRecord() tokens.Record {
	return tokens.Record{
		Identity: "me", Origin: "login", Generation: 7, Token: redact.New("the-jwt"), Refresh: redact.New("the-refresh"),
		Renewed: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Lifetime: 15 * time.Minute, Offset: -time.Hour, Spent: []string{"a", "b"},
	}
}

func TestFileStoreKeepsARecord(t *testing.T) {
	for _, key := range []string{"", "any bytes \x00\xff"} {
		dir := filepath.Join(t.TempDir(), "made", "on", "demand")
		want := exampleRecord()
		if err := openStore(t, dir, key, nil).Save(want); err != nil {
			t.Fatal(err)
		}
		got, err := openStore(t, dir, key, nil).Load("me")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, sameSecret); diff != "" {
			t.Errorf("key %q: %s", key, diff)
		}
		path := filepath.Join(dir, "session-service.json")
		for name, mode := range map[string]os.FileMode{path: 0o600, dir: 0o700} {
			if info, err := os.Stat(name); err != nil || info.Mode().Perm() != mode {
				t.Errorf("%s has mode %v, %v; want %v", name, info.Mode(), err, mode)
			}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if plain := bytes.Contains(text, []byte("the-jwt")); plain != (key == "") {
			t.Errorf("key %q: the file shows the token: %v", key, plain)
		}
	}
}

func TestFileStorePutsAsideWhatItCannotUse(t *testing.T) {
	sealed := func(key string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := openStore(t, dir, key, nil).Save(exampleRecord()); err != nil {
				t.Fatal(err)
			}
		}
	}
	text := func(text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "session-service.json"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	damaged := func(key string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			sealed(key)(t, dir)
			path := filepath.Join(dir, "session-service.json")
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			at := bytes.Index(file, []byte(`"body":`)) + 20
			file[at] ^= 1
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name     string
		put      func(*testing.T, string)
		key      string
		identity string
		says     string
	}{
		{"wrong key", sealed("one"), "two", "me", "state key"},
		{"key lost", sealed("one"), "", "me", "state_key_file"},
		{"other login", sealed(""), "", "you", "another login"},
		{"damaged", damaged(""), "", "me", "damaged"},
		{"damaged sealed", damaged("one"), "one", "me", "damaged"},
		{"empty", text(""), "", "me", "no session file"},
		{"cut short", text(`{"format":"cleengate session","version":1,"iden`), "", "me", "no session file"},
		{"of another program", text(`{"refresh_token":"x"}`), "", "me", "no session file"},
		{"of the future", text(`{"format":"cleengate session","version":2,"identity":"me","body":{}}`), "", "me", "version 2"},
		{"not hexadecimal", text(`{"format":"cleengate session","version":1,"identity":"me","nonce":"!","body":"x"}`), "one", "me", "damaged"},
		{"huge", text(strings.Repeat(" ", 2<<20)), "", "me", "larger"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			test.put(t, dir)
			before, err := os.ReadFile(filepath.Join(dir, "session-service.json"))
			if err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			store := openStore(t, dir, test.key, &log)
			got, err := store.Load(test.identity)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tokens.Record{}, got, sameSecret, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("it was used: %s", diff)
			}
			aside, err := filepath.Glob(filepath.Join(dir, "session-service.json.spoilt-*"))
			if err != nil || len(aside) != 1 {
				t.Fatalf("kept aside: %v, %v", aside, err)
			}
			if after, err := os.ReadFile(aside[0]); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the file kept aside differs from what was there, %v", err)
			}
			if !strings.Contains(log.String(), test.says) || !strings.Contains(log.String(), filepath.Base(aside[0])) ||
				!strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("the log does not say %q and where it is: %s", test.says, log.String())
			}
			if err := store.Save(exampleRecord()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFileStoreEncryptsWhatWasPlain(t *testing.T) {
	dir := t.TempDir()
	if err := openStore(t, dir, "", nil).Save(exampleRecord()); err != nil {
		t.Fatal(err)
	}
	store := openStore(t, dir, "key", nil)
	record, err := store.Load("me")
	if err != nil || record.Generation != 7 {
		t.Fatalf("Load = %+v, %v", record, err)
	}
	if err := store.Save(record); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "session-service.json")); err != nil || bytes.Contains(text, []byte("the-jwt")) {
		t.Errorf("still plain, %v", err)
	}
}

func TestFileStoreClaims(t *testing.T) {
	dir := t.TempDir()
	one, two := openStore(t, dir, "", nil), openStore(t, dir, "", nil)
	for _, lasting := range []bool{false, true} {
		name := map[bool]string{false: "passing", true: "lasting"}[lasting]
		if err := one.Claim(name, lasting); err != nil {
			t.Fatal(err)
		}
		for _, store := range []*tokens.FileStore{one, two, openStore(t, dir, "", nil)} {
			if err := store.Claim(name, lasting); !errors.Is(err, tokens.ErrClaimed) {
				t.Errorf("a second claim on a %s one gave %v", name, err)
			}
		}
		if err := errors.Join(one.Withdraw(name, lasting), one.Withdraw(name, lasting), two.Claim(name, lasting)); err != nil {
			t.Errorf("after a withdrawal: %v", err)
		}
	}
	record := exampleRecord()
	record.Spent = []string{"passing", "lasting"}
	if err := two.Save(record); err != nil {
		t.Fatal(err)
	}
	if claimed, err := one.Claimed("passing"); claimed || err != nil {
		t.Errorf("a claim outlived the record that lists it as spent: %v", err)
	}
	if claimed, err := one.Claimed("lasting"); !claimed || err != nil {
		t.Errorf("the claim on a configured token ended: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if got := strings.Join(names, " "); got != "session-service.json session-service.lasting.used" {
		t.Errorf("left over: %s", got)
	}
}

func TestFileStoreLock(t *testing.T) {
	dir := t.TempDir()
	one, two := openStore(t, dir, "", nil), openStore(t, dir, "", nil)
	unlock, err := one.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := two.Lock(ctx); !errors.Is(err, tokens.ErrLocked) {
		t.Errorf("a lock that is held gave %v", err)
	}
	taken := make(chan error)
	go func() {
		unlock, err := two.Lock(t.Context())
		if err == nil {
			unlock()
		}
		taken <- err
	}()
	unlock()
	if err := <-taken; err != nil {
		t.Error(err)
	}
	// A lock that cannot be had at all is another thing than one that is held.
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openStore(t, filepath.Join(file, "state"), "", nil).Lock(t.Context()); !errors.Is(err, tokens.ErrLockBroken) {
		t.Errorf("a state directory that cannot be gave %v", err)
	}
}

func TestNewFileStoreValidates(t *testing.T) {
	for _, cfg := range []tokens.FileStoreConfig{{Name: "x"}, {Dir: "d"}, {Dir: "d", Name: "../x"}, {Dir: "d", Name: "a.b"}} {
		if _, err := tokens.NewFileStore(cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

func TestPromise11UnwritableStateDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(file, "state") // below a file: cannot be made
		upstream := newMediaStore()
		withLogin := newSession(t, upstream, func(cfg *tokens.SessionConfig) { cfg.Store = openStore(t, dir, "", nil) })
		if err := withLogin.Secure(t.Context()); err != nil {
			t.Errorf("a session that can log in needs no disk: %v", err)
		}
		if text := withLogin.Status().LastError; !strings.Contains(text, "in memory only") {
			t.Errorf("the status does not say so: %q", text)
		}
		refresh := upstream.seed()
		without := newSession(t, upstream, func(cfg *tokens.SessionConfig) {
			refreshOnly(refresh)(cfg)
			cfg.Store = openStore(t, dir, "", nil)
		})
		if got := category(t, without, time.Second); got != tokens.Storage {
			t.Errorf("category = %s", got)
		}
		if upstream.uses[refresh] != 0 {
			t.Error("the refresh token was sent though its use could not be noted")
		}
		if text := without.Status().LastError; !strings.Contains(text, dir) || !strings.Contains(text, "writable") {
			t.Errorf("the status does not say what to do: %q", text)
		}
		if err := errors.Join(withLogin.Close(), without.Close()); err != nil {
			t.Error(err)
		}
	})
}
