package tokens

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

const (
	// maxRecord bounds a session file. Two tokens of 64 KiB, encrypted and in
	// base64, stay far below.
	maxRecord = 1 << 20
	// reserved is how much space is taken on the disk before a refresh is
	// sent, so that a full disk is found out while the token is still good.
	reserved = 16 << 10
	// lockPause is how long to wait between two tries for a lock that another
	// process holds; flock cannot be waited for with a context.
	lockPause = 20 * time.Millisecond
)

// FileStoreConfig configures [FileStore].
type FileStoreConfig struct {
	// Dir is the state directory; made with mode 0700 if absent. Required.
	Dir string
	// Name of the credential, part of the file names. Required.
	Name string
	// Key encrypts the session. Zero: it is stored in plain, with mode 0600.
	Key redact.Secret
	// Log takes what an operator should know. Nil: nowhere.
	Log *slog.Logger
}

// FileStore keeps a session in a directory that processes may share:
//
//	session-NAME.json               the record
//	session-NAME.json.RANDOM.next   the next one, being written
//	session-NAME.DIGEST.claim       a refresh token that is being sent
//	session-NAME.DIGEST.used        the same for a configured one; stays
//	session-NAME.lock               held while a process looks after the session
//	session-NAME.json.spoilt-…      a record that could not be read
//
// A claim is made by exclusive creation, so that of any number of processes
// only one sends a token even where locks do not work.
type FileStore struct {
	disk  disk
	dir   string
	name  string // "session-NAME"
	codec codec
	log   *slog.Logger
	next  *nextFile // reserved by Claim for Save
	// void are the claims of this process that are not meant, but could not
	// be removed.
	void map[string]bool
}

var _ Store = (*FileStore)(nil)

// NewFileStore validates cfg. It touches no file.
func NewFileStore(cfg FileStoreConfig) (*FileStore, error) {
	return newFileStore(cfg, osDisk(cfg.Dir))
}

func newFileStore(cfg FileStoreConfig, disk disk) (*FileStore, error) {
	if cfg.Dir == "" || cfg.Name == "" || strings.ContainsAny(cfg.Name, `/\.`) {
		return nil, fmt.Errorf("credential %q: a session needs a state directory and a plain name", cfg.Name)
	}
	codec, err := newCodec(cfg.Key)
	if err != nil {
		return nil, fmt.Errorf("credential %s: %w", cfg.Name, err)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	log := cfg.Log.With(slog.String("credential", cfg.Name), slog.String("state_dir", cfg.Dir))
	return &FileStore{disk: disk, dir: cfg.Dir, name: "session-" + cfg.Name, codec: codec, log: log, void: make(map[string]bool)}, nil
}

func (s *FileStore) recordName() string { return s.name + ".json" }

func (s *FileStore) claimName(digest string, lasting bool) string {
	if lasting {
		return s.name + "." + digest + ".used"
	}
	return s.name + "." + digest + ".claim"
}

// wrap makes an error of the disk say where.
func (s *FileStore) wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s in the state directory %s: %w", what, s.dir, err)
}

// Lock implements [Store].
func (s *FileStore) Lock(ctx context.Context) (unlock func(), err error) {
	if err := s.disk.prepare(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLockBroken, err)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ErrLocked
		case <-timer.C:
		}
		unlock, err := s.disk.tryLock(s.name + ".lock")
		if !errors.Is(err, ErrLocked) {
			return unlock, err
		}
		timer.Reset(lockPause)
	}
}

// Load implements [Store].
func (s *FileStore) Load(identity string) (Record, error) {
	text, err := s.disk.read(s.recordName(), maxRecord)
	if absent(err) {
		return Record{}, nil
	}
	var record Record
	if err == nil {
		record, err = s.codec.decode(text, identity)
	}
	if reason, ok := errors.AsType[spoilt](err); ok {
		return Record{}, s.putAside(reason)
	}
	return record, s.wrap("read the session", err)
}

// putAside keeps a record that cannot be used under another name.
func (s *FileStore) putAside(reason spoilt) error {
	name := fmt.Sprintf("%s.spoilt-%s-%s", s.recordName(), time.Now().UTC().Format("20060102T150405Z"), rand.Text()[:6])
	if err := s.disk.rename(s.recordName(), name); err != nil && !absent(err) {
		return s.wrap("put aside a session file that cannot be used ("+reason.Error()+")", err)
	}
	s.log.Error("a session file cannot be used and is kept aside; the session begins anew",
		slog.String("reason", reason.Error()), slog.String("kept_as", name))
	return s.wrap("put aside a session file", s.disk.sync())
}

// Claim implements [Store].
func (s *FileStore) Claim(digest string, lasting bool) error {
	if claimed, err := s.Claimed(digest); err != nil || claimed {
		return errors.Join(err, onlyIf(claimed, ErrClaimed))
	}
	if err := s.reserve(); err != nil {
		return err
	}
	name := s.claimName(digest, lasting)
	file, err := s.disk.create(name)
	if errors.Is(err, fs.ErrExist) {
		return ErrClaimed
	}
	if err != nil {
		return s.wrap("note the use of a refresh token", err)
	}
	_, err = file.WriteAt([]byte(time.Now().UTC().Format(time.RFC3339)+"\n"), 0)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = s.disk.sync()
	}
	if err != nil {
		// Not durable, so the token will not be sent.
		s.void[name] = s.disk.remove(name) != nil
		return s.wrap("note the use of a refresh token", err)
	}
	return nil
}

// Claimed implements [Store].
func (s *FileStore) Claimed(digest string) (bool, error) {
	for _, lasting := range []bool{false, true} {
		name := s.claimName(digest, lasting)
		if s.void[name] {
			if err := s.removeClaim(name); err != nil {
				return false, err
			}
		}
		_, err := s.disk.read(name, reserved)
		if _, odd := errors.AsType[spoilt](err); err == nil || odd {
			return true, nil
		}
		if !absent(err) {
			return false, s.wrap("look for the use of a refresh token", err)
		}
	}
	return false, nil
}

// Withdraw implements [Store].
func (s *FileStore) Withdraw(digest string, lasting bool) error {
	return s.removeClaim(s.claimName(digest, lasting))
}

func (s *FileStore) removeClaim(name string) error {
	err := s.disk.remove(name)
	if err == nil || absent(err) {
		err = s.disk.sync()
	}
	s.void[name] = err != nil
	return s.wrap("take back the use of a refresh token", err)
}

func onlyIf(condition bool, err error) error {
	if condition {
		return err
	}
	return nil
}
