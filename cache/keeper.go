package cache

import (
	"errors"
	"io"
)

// keeper reads an answer's body for an app and keeps what passes, so that it
// can be stored when its end has come. A body that breaks off, is left unread,
// is longer than the limit or finds no room is not stored.
type keeper struct {
	io.ReadCloser
	keep  func(body []byte) bool
	limit int64
	// declared is the content's length, -1 for unknown. Once it is reached the
	// answer is stored, before the app can have seen its end and ask again.
	declared int64
	room     *budget
	taken    int64 // of room
	kept     []byte
	ended    bool // kept is of no use any more
}

func (k *keeper) Read(p []byte) (int, error) {
	n, err := k.ReadCloser.Read(p)
	if k.ended {
		return n, err
	}
	if int64(len(k.kept)+n) > k.limit || !k.hold(p[:n]) {
		k.end()
		return n, err
	}
	whole := errors.Is(err, io.EOF) || n > 0 && int64(len(k.kept)) == k.declared
	if whole {
		k.keep(k.kept)
	}
	if err != nil || whole {
		k.end()
	}
	return n, err
}

// hold keeps p; it reports false where there is no room.
func (k *keeper) hold(p []byte) bool {
	before := cap(k.kept)
	k.kept = append(k.kept, p...)
	more := int64(cap(k.kept) - before)
	if !k.room.take(more) {
		return false
	}
	k.taken += more
	return true
}

func (k *keeper) end() {
	k.ended, k.kept = true, nil
	k.room.give(k.taken)
	k.taken = 0
}

// Close forgets what was read of a body that was not read to its end.
func (k *keeper) Close() error {
	k.end()
	return k.ReadCloser.Close()
}
