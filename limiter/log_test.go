package limiter_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/limiter"
)

// What cannot be read is logged once, not with every answer.
func TestOddHeadersAreLoggedOnce(t *testing.T) {
	var out bytes.Buffer
	b, err := limiter.NewBucket(limiter.Config{Name: "publisher", Rate: 1e6}, "key", slog.New(slog.NewTextHandler(&out, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		mustAcquire(t, b, normal).Answered(limiter.Feedback{Status: http.StatusOK, Header: http.Header{
			"Retry-After": {"1e18"}, "X-Ratelimit-Limit": {"many"}, "X-Ratelimit-Remaining": {"5"},
		}})
	}
	if n := strings.Count(out.String(), "could not be read"); n < 1 || n > 2 {
		t.Errorf("%d lines:\n%s", n, out.String())
	}
	if !strings.Contains(out.String(), "limit=publisher") {
		t.Errorf("the line does not name the limit: %s", out.String())
	}
}
