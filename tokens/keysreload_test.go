package tokens_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

func TestKeysFileIsReadAgainWhenRefusedAndKeepsTheLastGoodValue(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "keys")
	write := func(text string) {
		t.Helper()
		// As Kubernetes does it: a new file, then the symlink swapped over the old one.
		target, link := filepath.Join(dir, "data-"+text), filepath.Join(dir, "next")
		if err := os.WriteFile(target, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Symlink(target, link), os.Rename(link, path)); err != nil {
			t.Fatal(err)
		}
	}
	write(" K1 \r\n\nK2\n")
	keys := newKeys(t, tokens.KeysConfig{
		Values: secrets("K1", "K2"),
		Reload: func(context.Context) ([]redact.Secret, error) {
			text, err := os.ReadFile(path)
			return tokens.ParseKeys(text), err
		},
	})
	valid := "K1"
	g := &gateway{accepts: func(key, _ string) bool { return key == valid }}
	g.call(t, keys, "offers")

	write("K9")
	valid = "K9"
	if !g.call(t, keys, "offers") {
		t.Fatal("the new key was not picked up by the refused call")
	}
	g.want(t, "offers K1", "offers K1", "offers K9")

	valid = "K1"
	for _, spoil := range []func() error{
		func() error { return os.WriteFile(path, []byte(" \n"), 0o600) },
		func() error { return os.WriteFile(path, []byte("two words\n"), 0o600) },
		func() error { return os.Remove(path) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		g.call(t, keys, "other")
		g.want(t, "other K9")
	}
}

func TestKeysPollsWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var value atomic.Value
		value.Store("K1")
		keys := newKeys(t, tokens.KeysConfig{
			Values: secrets("K1"), Poll: 5 * time.Second,
			Reload: func(context.Context) ([]redact.Secret, error) { return secrets(value.Load().(string)), nil },
		})
		done := make(chan error)
		go func() { done <- keys.Run(t.Context()) }()
		synctest.Wait()
		value.Store("K2")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if token, _ := keys.Current(time.Now(), nil); token.Value.Reveal() != "K2" {
			t.Error("a changed file was not seen within 10 s")
		}
		if err := errors.Join(keys.Close(), keys.Close(), <-done); err != nil {
			t.Error(err)
		}
	})
}

func TestKeysRefusesUnusableValues(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"empty", "", "is empty"},
		{"inner space", "abc def", "white space"},
		{"newline", "abc\ndef", "control character"},
		{"surrounding space", " abc", "begins or ends"},
		{"quoted", `"abc"`, "quoted"},
		{"beyond ASCII", "abcé", "beyond ASCII"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := tokens.NewKeys(tokens.KeysConfig{
				Name: "publisher", Kind: tokens.KindPublisherToken, Values: secrets("good", test.value),
			})
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "publisher: value 2 of 2") {
				t.Fatalf("error = %v, want it to name value 2 and say %q", err, test.want)
			}
			if test.value != "" && strings.Contains(err.Error(), test.value) {
				t.Fatalf("the error %q shows the value", err)
			}
		})
	}
	if _, err := tokens.NewKeys(tokens.KeysConfig{Name: "h", Kind: tokens.KindHeader}); err == nil {
		t.Error("a header credential without a header name was accepted")
	}
	if _, err := tokens.NewKeys(tokens.KeysConfig{Name: "h", Kind: tokens.KindSession}); err == nil {
		t.Error("a session was accepted as static values")
	}
}
