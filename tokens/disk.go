package tokens

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// disk is the few operations on one directory that durability is built from.
// Names are plain file names. It is an interface so that tests can cut the
// power between any two of them.
type disk interface {
	// prepare makes the directory if it is absent.
	prepare() error
	// read returns a file of at most limit bytes.
	read(name string, limit int64) ([]byte, error)
	// create makes a new file; it fails with fs.ErrExist if there is one.
	create(name string) (diskFile, error)
	rename(from, to string) error
	remove(name string) error
	list() ([]string, error)
	// sync makes creations, renames and removals durable.
	sync() error
	// tryLock takes an advisory lock that ends with the process. Errors:
	// ErrLocked, ErrLockBroken.
	tryLock(name string) (unlock func(), err error)
}

type diskFile interface {
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// osDisk is the directory at a path of the operating system.
type osDisk string

var _ disk = osDisk("")

func (d osDisk) path(name string) string { return filepath.Join(string(d), name) }

func (d osDisk) prepare() error { return os.MkdirAll(string(d), 0o700) }

func (d osDisk) read(name string, limit int64) ([]byte, error) {
	file, err := os.Open(d.path(name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, fmt.Errorf("%s is no regular file", name))
	}
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = spoilt(fmt.Sprintf("it is larger than %d bytes", limit))
	}
	return text, err
}

func (d osDisk) create(name string) (diskFile, error) {
	return os.OpenFile(d.path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func (d osDisk) rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }

func (d osDisk) remove(name string) error { return os.Remove(d.path(name)) }

func (d osDisk) list() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, err
}

func (d osDisk) sync() error {
	directory, err := os.Open(string(d))
	if err != nil {
		return err
	}
	defer func() { _ = directory.Close() }()
	return directory.Sync()
}

func (d osDisk) tryLock(name string) (unlock func(), err error) {
	file, err := os.OpenFile(d.path(name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLockBroken, err)
	}
	if err := flock(file); err != nil {
		_ = file.Close()
		return nil, err
	}
	// Closing the only descriptor releases the lock.
	return func() { _ = file.Close() }, nil
}

// absent reports whether err says that there is no such file.
func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
