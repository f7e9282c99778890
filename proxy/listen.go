package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/netutil"
)

const unixPrefix = "unix:"

// Listen opens a listener at "host:port" or "unix:/path". At most connections
// are open at once; further ones wait in the kernel's queue. Each write to a
// connection has to make progress within idle, so that a reader that stalls is
// cut off and one that is merely slow is not.
//
// A unix socket gets mode 0660, and its directory, where it has to be made,
// 0700. The socket of a dead process is replaced; a live one is an error.
func Listen(ctx context.Context, address string, connections int, idle time.Duration) (net.Listener, error) {
	var l net.Listener
	var err error
	if path, ok := strings.CutPrefix(address, unixPrefix); ok {
		l, err = listenUnix(ctx, path)
	} else {
		var lc net.ListenConfig
		l, err = lc.Listen(ctx, "tcp", address)
	}
	if err != nil {
		return nil, err
	}
	return &progressListener{Listener: netutil.LimitListener(l, connections), idle: idle}, nil
}

func listenUnix(ctx context.Context, path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if err := removeStale(ctx, path); err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o660); err != nil { //nolint:gosec // the group is meant to connect
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// removeStale removes a socket that nobody listens on. What is no socket is
// never removed.
func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != os.ModeSocket {
		return fmt.Errorf("%s exists and is no socket; remove it or choose another path", path)
	}
	var d net.Dialer
	dialing, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := d.DialContext(dialing, "unix", path)
	if err == nil {
		_ = conn.Close()
		return fmt.Errorf("%s: %w by a running process", path, syscall.EADDRINUSE)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s: cannot tell whether a process listens there: %w", path, err)
	}
	return os.Remove(path)
}
