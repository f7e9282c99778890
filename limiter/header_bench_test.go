package limiter

import (
	"net/http"
	"testing"
	"time"
)

// plainAnswer is the header of an answer that tells nothing about limits, as an API
// behind a load balancer sends it.
func plainAnswer() http.Header {
	return http.Header{
		"Date": {serverNow.Format(http.TimeFormat)}, "Content-Type": {"application/json"}, "Content-Length": {"512"}, "Server": {"nginx"},
		"Vary": {"Origin"}, "Etag": {`"5d2f"`}, "X-Request-Id": {"c0ffee"}, "X-Content-Type-Options": {"nosniff"}, "Strict-Transport-Security": {"max-age=31536000"},
		"Cache-Control": {"no-store"}, "X-Frame-Options": {"DENY"},
	}
}

// BenchmarkPlainAnswer reads an answer that tells nothing, which most do.
func BenchmarkPlainAnswer(b *testing.B) {
	bucket, err := NewBucket(Config{Name: "a", Rate: 1e9, Concurrency: 1000}, "key", nil)
	if err != nil {
		b.Fatal(err)
	}
	h := plainAnswer()
	p := &Place{bucket: bucket}
	for now := time.Duration(0); b.Loop(); now += time.Microsecond {
		bucket.learn(p, h, now)
	}
}
