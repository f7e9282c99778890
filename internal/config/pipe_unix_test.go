//go:build unix

package config_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cleengate/cleengate/internal/config"
)

// TestSecretFileIsNotOpenedBlindly names a pipe, whose opening would block.
func TestSecretFileIsNotOpenedBlindly(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(config.Options{Env: []string{"CLEENGATE_STATE_KEY_FILE=" + pipe}})
	if err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Errorf("got %v, want a refusal of the pipe", err)
	}
}
