package proxy

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/cleengate/cleengate/limiter"
)

// peek reads the beginning of an answer's body, decoded, and leaves the body
// as it came. Browsers and many SDKs ask for compressed answers, and the code
// of a refusal is in there. What is decoded is bounded like what is read; an
// encoding that cannot be decoded, and a body that does not come within the given
// time, report false.
func peek(resp *http.Response, limit int64, within time.Duration) (body []byte, readable bool) {
	raw, came := limiter.PeekWithin(resp, limit, within)
	body, readable = decode(resp, raw, limit)
	return body, readable && came
}

// blameWithin is how long the body of a refusal is waited for, once its header has
// come: a throttle must pause its bucket, and the app have its answer, however slowly
// the upstream explains itself.
const blameWithin = time.Second

// peekBlame is peek at a refusal.
func peekBlame(resp *http.Response) (body []byte, readable bool) {
	return peek(resp, maxBlame, blameWithin)
}

// decode undoes the encoding of the beginning of a body.
func decode(resp *http.Response, raw []byte, limit int64) (body []byte, readable bool) {
	var decoded io.Reader
	switch strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))) {
	case "", "identity":
		return raw, true
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, false
		}
		decoded = z
	case "deflate":
		// RFC 9110 section 8.4.1.2 means zlib; some servers send it bare.
		decoded = flate.NewReader(bytes.NewReader(skipZlibHeader(raw)))
	default:
		return nil, false
	}
	body, err := io.ReadAll(io.LimitReader(decoded, limit))
	return body, err == nil || len(body) > 0
}

func skipZlibHeader(b []byte) []byte {
	if len(b) > 2 && b[0]&0x0f == 8 && (uint(b[0])<<8|uint(b[1]))%31 == 0 {
		return b[2:]
	}
	return b
}
