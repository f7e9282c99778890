package proxy

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// TestPromise01_LaneGoesToTheConfiguredHostAlone: a login that was prepared for
// a host which a reload has taken away does not leave, and says so.
func TestPromise01_LaneGoesToTheConfiguredHostAlone(t *testing.T) {
	var arrivals atomic.Int32
	r := newRig(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrivals.Add(1) }))
	base := r.view.Load().upstream("mediastore").base.String()
	for _, tt := range []struct {
		upstream, url string
		sent          bool
	}{
		{"mediastore", base + "/auths", true},
		{"mediastore", "http://127.0.0.1:1/auths", false},
		{"mediastore", strings.Replace(base, "http:", "https:", 1) + "/auths", false},
		{"gone", base + "/auths", false},
	} {
		before := arrivals.Load()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tt.url, strings.NewReader(`{"refreshToken":"r"}`))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := r.Lane(tt.upstream).RoundTrip(req)
		if resp != nil {
			_ = resp.Body.Close()
		}
		unsent, _ := err.(interface{ Unsent() bool })
		if (err == nil) != tt.sent || (arrivals.Load() > before) != tt.sent || !tt.sent && !unsent.Unsent() {
			t.Errorf("%s at %s: %v, %d arrivals", tt.url, tt.upstream, err, arrivals.Load()-before)
		}
	}
}
