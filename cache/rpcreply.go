package cache

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/cleengate/cleengate/internal/cleeng"
)

// maxReply bounds a reply that is taken apart or put together of what is
// stored; a longer one passes as it comes.
const maxReply = 4 << 20

// readReply takes a JSON-RPC reply apart. It returns nil for an answer that is
// none, is too long or finds no room, and leaves that as it came. Closing the
// body gives back what it takes.
func (c *Cache) readReply(resp *http.Response) (*cleeng.RPCReply, []byte) {
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Encoding") != "" || resp.ContentLength > maxReply {
		return nil, nil
	}
	body, taken, err := c.held.readAll(resp.Body, maxReply+1)
	rest := io.Reader(resp.Body)
	if err != nil && !errors.Is(err, errNoRoom) {
		rest = broken{err}
	}
	resp.Body = &rejoined{Reader: io.MultiReader(bytes.NewReader(body), rest), Closer: resp.Body, release: func() { c.held.give(taken) }}
	if err == nil && len(body) <= maxReply {
		if reply, parsed := cleeng.ParseRPCReply(body); parsed == nil {
			return reply, body
		}
	}
	return nil, nil
}

// broken is the rest of a body that broke off.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// rejoined is a body of which a part was read before.
type rejoined struct {
	io.Reader
	io.Closer
	release func() // called once at the end; may be nil
	once    sync.Once
}

// Close implements io.Closer.
func (b *rejoined) Close() error {
	if b.release != nil {
		b.once.Do(b.release)
	}
	return b.Closer.Close()
}
