package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"net"
	"net/http"
)

// reset breaks the connection: by a TCP reset where there is TCP, else by
// closing. Over HTTP/2 the stream is reset.
func (c *call) reset() {
	c.settle(0)
	conn, _, err := http.NewResponseController(c.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the caller sees EOF, which breaks the call as well
	}
	_ = conn.Close() // nobody is left to tell
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// chunks cuts b into pieces of at most n bytes.
func chunks(b []byte, n int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			k := min(n, len(b))
			if !yield(b[:k]) {
				return
			}
			b = b[k:]
		}
	}
}

// pattern is an endless reader of a fixed text.
type pattern struct{}

const patternText = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.\n"

func (pattern) Read(p []byte) (int, error) {
	for i := 0; i < len(p); i += len(patternText) {
		copy(p[i:], patternText)
	}
	return len(p), nil
}
