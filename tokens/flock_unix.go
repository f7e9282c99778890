//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package tokens

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// flock takes an exclusive advisory lock on file without waiting. The kernel
// releases it when the process ends, however it ends.
func flock(file *os.File) error {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			return ErrLocked
		}
		return fmt.Errorf("%w: %w", ErrLockBroken, err)
	}
}
