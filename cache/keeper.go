package cache

import (
	"errors"
	"io"
)

// keeper reads an answer's body for an app and keeps what passes, so that it
// can be stored when its end has come. A body that breaks off, is left unread
// or is longer than the limit is not stored.
type keeper struct {
	io.ReadCloser
	keep  func(body []byte) bool
	limit int64
	// declared is the content's length, -1 for unknown. Once it is reached the
	// answer is stored, before the app can have seen its end and ask again.
	declared int64
	kept     []byte
	ended    bool // kept is of no use any more
}

func (k *keeper) Read(p []byte) (int, error) {
	n, err := k.ReadCloser.Read(p)
	if k.ended {
		return n, err
	}
	switch {
	case int64(len(k.kept)+n) > k.limit:
		k.ended, k.kept = true, nil
		return n, err
	case n > 0:
		k.kept = append(k.kept, p[:n]...)
	}
	whole := errors.Is(err, io.EOF) || n > 0 && int64(len(k.kept)) == k.declared
	if err != nil || whole {
		if whole {
			k.keep(k.kept)
		}
		k.ended, k.kept = true, nil
	}
	return n, err
}
