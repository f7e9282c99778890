//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package tokens

import "os"

// flock has no portable form here; claims alone keep a refresh token from
// being sent twice.
func flock(*os.File) error { return ErrLockBroken }
