package tokens

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// nextFile is the file that will become the record.
type nextFile struct {
	name string
	file diskFile
}

// reserve takes room on the disk for the next record, while the refresh token
// is still unused.
func (s *FileStore) reserve() error {
	if s.next != nil {
		return nil
	}
	next, err := s.newNext()
	if err != nil {
		return err
	}
	_, err = next.file.WriteAt(make([]byte, reserved), 0)
	if err = errors.Join(err, next.file.Sync()); err != nil {
		s.discard(next)
		return s.wrap("make room for the session", err)
	}
	s.next = next
	return nil
}

func (s *FileStore) newNext() (*nextFile, error) {
	if err := s.disk.prepare(); err != nil {
		return nil, s.wrap("store the session", err)
	}
	name := s.recordName() + "." + rand.Text() + ".next"
	file, err := s.disk.create(name)
	if err != nil {
		return nil, s.wrap("store the session", err)
	}
	return &nextFile{name: name, file: file}, nil
}

func (s *FileStore) discard(next *nextFile) {
	_ = next.file.Close()
	_ = s.disk.remove(next.name)
}

// Save implements [Store]: the record is whole on the disk before it replaces
// the old one, and claims end only when that is durable.
func (s *FileStore) Save(record Record) error {
	text, err := s.codec.encode(record)
	if err != nil {
		return err
	}
	next := s.next
	s.next = nil
	if next != nil {
		err := s.commit(next, text)
		if err == nil {
			s.sweep(record.Spent)
		}
		if err == nil || !errors.Is(err, ErrNotStored) {
			return err
		}
	}
	// Nothing was reserved, or what was is gone: another process without a
	// lock may have swept it away.
	if next, err = s.newNext(); err != nil {
		return fmt.Errorf("%w: %w", ErrNotStored, err)
	}
	if err := s.commit(next, text); err != nil {
		return err
	}
	s.sweep(record.Spent)
	return nil
}

// commit writes text and puts next in the record's place.
func (s *FileStore) commit(next *nextFile, text []byte) error {
	_, err := next.file.WriteAt(text, 0)
	if err = errors.Join(err, next.file.Truncate(int64(len(text))), next.file.Sync()); err != nil {
		s.discard(next)
		return fmt.Errorf("%w: %w", ErrNotStored, s.wrap("write the session", err))
	}
	err = next.file.Close()
	if err == nil {
		err = s.disk.rename(next.name, s.recordName())
	}
	if err != nil {
		_ = s.disk.remove(next.name)
		if !absent(err) {
			// A failed rename may have happened all the same, on a network disk.
			return s.wrap("put the session in place", err)
		}
		return fmt.Errorf("%w: %w", ErrNotStored, s.wrap("put the session in place", err))
	}
	return s.wrap("store the session", s.disk.sync())
}

// sweep removes the claims on tokens that a durable record lists as spent, and
// what crashes left half written. It is no loss if it fails: the next one
// finds them again. Other claims stay, as their token may be on its way.
func (s *FileStore) sweep(spent []string) {
	names, err := s.disk.list()
	if err != nil {
		return
	}
	for _, name := range names {
		rest, ours := strings.CutPrefix(name, s.name+".")
		token, claim := strings.CutSuffix(rest, ".claim")
		halfWritten := strings.HasPrefix(rest, "json.") && strings.HasSuffix(rest, ".next")
		if ours && (halfWritten || claim && slices.Contains(spent, token)) {
			_ = s.disk.remove(name)
		}
	}
}
