package config

import (
	"os"
	"path/filepath"
	"strings"
)

// memoryOnly as state_dir keeps nothing on disk.
const memoryOnly = "none"

// StateDirectory returns where state is kept, and false for memory only. An
// empty state_dir is the first of $STATE_DIRECTORY (which systemd sets),
// $XDG_STATE_HOME/cleengate and ~/.local/state/cleengate; without a home
// directory either, state stays in memory. getenv is os.Getenv.
func (c *Config) StateDirectory(getenv func(string) string) (string, bool) {
	return stateDirectory(c.StateDir, getenv, os.UserHomeDir)
}

func stateDirectory(configured string, getenv func(string) string, home func() (string, error)) (string, bool) {
	switch {
	case configured == memoryOnly:
		return "", false
	case configured != "":
		return configured, true
	}
	// systemd joins several directories with colons; the first is ours.
	if first, _, _ := strings.Cut(getenv("STATE_DIRECTORY"), ":"); filepath.IsAbs(first) {
		return first, true
	}
	// The specification wants relative values ignored (XDG Base Directory).
	if base := getenv("XDG_STATE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "cleengate"), true
	}
	if dir, err := home(); err == nil && filepath.IsAbs(dir) {
		return filepath.Join(dir, ".local", "state", "cleengate"), true
	}
	return "", false
}
