package proxy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/journal"
)

// ownCalls collects the records of calls on nobody's behalf.
func ownCalls(r *rig) chan *journal.Exchange {
	own := make(chan *journal.Exchange, 100)
	r.own = func(x *journal.Exchange) { own <- x }
	return own
}

// TestBackgroundValidationIsTold: it costs quota, and no request's record has it.
func TestBackgroundValidationIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := count(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "max-age=10, stale-while-revalidate=600")
			_, _ = io.WriteString(w, "{}")
		})
		r := newCacheBubble(t, upstream)
		own := ownCalls(r)
		get := func() *journal.Exchange {
			r.do("GET", "/3.1/offers", nil, "Cleengate-Client", "shop")
			return r.next(t)
		}
		if x := get(); x.Digest == 0 || x.AttemptCount() != 1 {
			t.Errorf("digest %d, %d attempts", x.Digest, x.AttemptCount())
		}
		if x := get(); x.Digest != 0 || x.AttemptCount() != 0 {
			t.Errorf("an answer from memory costs a digest (%d), or a call (%d)", x.Digest, x.AttemptCount())
		}
		if len(own) != 0 {
			t.Error("an app's call was told as our own")
		}
		time.Sleep(time.Minute)
		if x := get(); x.Source != journal.SourceCache || x.AttemptCount() != 0 {
			t.Errorf("%s, %d attempts", x.Source, x.AttemptCount())
		}
		synctest.Wait()
		x := <-own
		if x.AttemptCount() != 1 || x.Client != "shop" || x.Upstream != "core" || x.Limit != "publisher" || upstream.calls.Load() != 2 {
			t.Errorf("%+v, %d calls", x, upstream.calls.Load())
		}
		if len(own) != 0 {
			t.Errorf("%d more", len(own))
		}
	})
}

func TestLoginsAreTold(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	defer upstream.Close()
	r := newRigAt(t, upstream.URL)
	own := ownCalls(r)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, upstream.URL+"/auths", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := r.Lane("mediastore").RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	x := <-own
	if x.AttemptCount() != 1 || x.Client != laneClient || x.Endpoint != "/auths" || x.Limit != "mediastore" {
		t.Errorf("%+v", x)
	}
}
