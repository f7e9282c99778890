package main

import (
	"log/slog"
	"os"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/telemetry"
)

// state is where things are kept that a restart must not lose.
type state struct {
	dir string // "" for memory only
	err error  // why a configured directory cannot be used
}

// openState makes and tries the state directory. One that cannot be written
// costs what would have been remembered, not the service.
func openState(cfg *config.Config, log *slog.Logger, m *telemetry.Metrics) state {
	dir, onDisk := cfg.StateDirectory(os.Getenv)
	if !onDisk {
		return state{}
	}
	err := tryWriting(dir)
	m.StateDirWritable(err == nil)
	if err != nil {
		log.Warn("The state directory cannot be written; what is learned about limits is lost at the next restart. Set state_dir to a directory that can, or to none.", "state_dir", dir, "error", err.Error())
		return state{err: err}
	}
	return state{dir: dir}
}

func tryWriting(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".try-*")
	if err != nil {
		return err
	}
	_ = f.Close()
	return os.Remove(f.Name())
}
