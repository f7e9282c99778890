package journal

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"io"
	"strings"
	"sync"
)

// Bodies are decoded from memory, as far as they were kept, and to no more
// than what a record keeps of a plain one. A bomb therefore costs what any
// other body costs, and none is decoded on its way to the app.

var gzipReaders sync.Pool // of *gzip.Reader

// inflate undoes a content coding, up to limit bytes. partly tells that there
// was more; ok is false for a coding that is not known, or several, or for what
// is not in it.
func inflate(coding string, raw []byte, limit int) (plain []byte, partly, ok bool) {
	switch strings.ToLower(strings.TrimSpace(coding)) {
	case "gzip", "x-gzip":
		z, pooled := gzipReaders.Get().(*gzip.Reader)
		if !pooled {
			z = new(gzip.Reader)
		}
		defer gzipReaders.Put(z)
		if z.Reset(bytes.NewReader(raw)) != nil {
			return nil, false, false
		}
		return readUpTo(z, limit)
	case "deflate":
		// RFC 9110 section 8.4.1.2 means zlib; some servers send it bare.
		if len(raw) > 2 && raw[0]&0x0f == 8 && (uint(raw[0])<<8|uint(raw[1]))%31 == 0 {
			raw = raw[2:]
		}
		return readUpTo(flate.NewReader(bytes.NewReader(raw)), limit)
	}
	return nil, false, false
}

func readUpTo(r io.Reader, limit int) (plain []byte, partly, ok bool) {
	plain, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if len(plain) > limit {
		return plain[:limit], true, true
	}
	return plain, err != nil, err == nil || len(plain) > 0
}
