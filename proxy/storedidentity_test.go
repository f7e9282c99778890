package proxy

import (
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

// unsigned is a JWT with the given claims, whose signature nobody checks here.
func unsigned(claims string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	return "Bearer " + b64([]byte(`{"alg":"RS256"}`)) + "." + b64([]byte(claims)) + ".c2ln"
}

func TestNothingIsServedPastTheTokensExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := numbered()
		r := newCacheBubble(t, up)
		jwt := unsigned(fmt.Sprintf(`{"customerId":"77","exp":%d}`, time.Now().Add(10*time.Second).Unix()))
		get := func() *answer { return r.do(http.MethodGet, "/offers", nil, "Authorization", jwt) }
		get()
		time.Sleep(9 * time.Second)
		wantStatus(t, get(), 200, "hit", `{"call":1}`)
		time.Sleep(2 * time.Second)
		wantStatus(t, get(), 200, "fwd=miss", `{"call":2}`)
		wantStatus(t, get(), 200, "fwd=miss", `{"call":3}`)
	})
}

func TestForgedClaimsReadNothing(t *testing.T) {
	up := numbered()
	r := newCacheRig(t, up)
	r.do(http.MethodGet, "/customers/77", nil, "Authorization", unsigned(`{"customerId":"77"}`))
	forged := r.do(http.MethodGet, "/customers/77", nil, "Authorization", unsigned(`{"customerId":"77","x":1}`))
	wantStatus(t, forged, 200, "fwd=miss", `{"call":2}`)
}

func TestAnswersGoWithTheKeyThatFetchedThem(t *testing.T) {
	up := numbered()
	r := newRig(t, up)
	stored := withCache(t, r, false)
	cfg := r.view.Load().cfg
	keys, err := tokens.NewKeys(tokens.KeysConfig{Name: "publisher", Kind: tokens.KindPublisherToken, Values: []redact.Secret{redact.New("key-one"), redact.New("key-two")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Apply(cfg, Parts{Credentials: map[string]tokens.Credential{"publisher": keys}, Cache: stored}); err != nil {
		t.Fatal(err)
	}
	get := func() *answer { return r.do(http.MethodGet, "/3.1/offers/S1", nil) }
	get()
	wantStatus(t, get(), 200, "hit", `{"call":1}`)
	if err := keys.SetKeys([]redact.Secret{redact.New("key-two")}); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, get(), 200, "fwd=miss", `{"call":2}`)
	wantStatus(t, get(), 200, "hit", `{"call":2}`)
}

// TestReloadKeepsAnswers applies a new configuration, with other rules.
func TestReloadKeepsAnswers(t *testing.T) {
	up := numbered()
	r := newRig(t, up)
	stored := withCache(t, r, false)
	r.do(http.MethodGet, "/3.1/offers/S1", nil)
	parts := testParts(t, r.view.Load().cfg)
	parts.Credentials["publisher"] = r.view.Load().upstream("core").cred.cred
	parts.Cache = stored
	cfg := *r.view.Load().cfg
	if err := r.Apply(&cfg, parts); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, r.do(http.MethodGet, "/3.1/offers/S1", nil), 200, "hit", `{"call":1}`)
	// Another host under the same name is another upstream.
	moved := cfg
	moved.Upstreams = maps.Clone(cfg.Upstreams)
	core := moved.Upstreams["core"]
	core.URL = strings.Replace(core.URL, "127.0.0.1", "localhost", 1)
	moved.Upstreams["core"] = core
	if err := r.Apply(&moved, parts); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, r.do(http.MethodGet, "/3.1/offers/S1", nil), 200, "fwd=miss", `{"call":2}`)
	pattern, err := config.ParsePattern("GET /3.1/offers/*")
	if err != nil {
		t.Fatal(err)
	}
	never := cfg
	never.Cache.Rules = []config.CacheRule{{Match: pattern}}
	if err := r.Apply(&never, parts); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, r.do(http.MethodGet, "/3.1/offers/S1", nil), 200, "fwd=bypass; detail=policy", `{"call":3}`)
}

// TestConsentsStorm is what a published page does with an empty list of
// consents: about 300 calls a second (cleeng-api.md section 13).
func TestConsentsStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := count(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(50 * time.Millisecond)
			_, _ = io.WriteString(w, `{"responseData":{"consents":[]},"errors":[]}`)
		})
		r := newCacheBubble(t, up)
		jwt := unsigned(`{"customerId":"77"}`)
		var page sync.WaitGroup
		for range 900 {
			page.Go(func() {
				if a := r.do(http.MethodGet, "/customers/77/consents", nil, "Authorization", jwt); a.StatusCode != 200 {
					t.Errorf("status %d", a.StatusCode)
				}
			})
			time.Sleep(3333 * time.Microsecond)
		}
		page.Wait()
		if n := up.calls.Load(); n >= 5 {
			t.Errorf("%d calls upstream", n)
		}
	})
}

func TestObserveCountsAndSharesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := slowUpstream()
		r := newCacheBubble(t, up, func(cfg *config.Config) { cfg.Mode = config.Observe })
		var calls sync.WaitGroup
		for range 3 {
			calls.Go(func() { r.do(http.MethodGet, "/3.1/offers/S1", nil) })
		}
		calls.Wait()
		if n := up.calls.Load(); n != 3 || r.count("observed join") != 2 {
			t.Errorf("%d calls upstream, counted %v", n, r.counts)
		}
		for range 2 {
			if a := r.do(http.MethodGet, "/3.1/offers/S1", nil); a.Header.Get("Cache-Status") != "" {
				t.Errorf("Cache-Status %q", a.Header.Get("Cache-Status"))
			}
		}
		if n := up.calls.Load(); n != 5 || r.count("observed hit") != 2 {
			t.Errorf("%d calls upstream, counted %v", n, r.counts)
		}
		r.do(http.MethodPatch, "/3.1/offers/S1", nil)
		r.do(http.MethodGet, "/3.1/offers/S1", nil)
		if r.count("observed hit") != 2 {
			t.Errorf("after a write: counted %v", r.counts)
		}
	})
}

// TestInterimAnswersPassTheCache has a read whose upstream sends a 103 first.
func TestInterimAnswersPassTheCache(t *testing.T) {
	r := newCacheRig(t, count(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "the answer")
	}))
	var interim []string
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		interim = append(interim, fmt.Sprint(code, h.Get("Link")))
		return nil
	}}
	req, _ := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, r.url+"/3.1/offers/S1", http.NoBody)
	resp, err := r.client().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if body := readAll(t, resp); body != "the answer" || len(interim) != 1 || !strings.HasPrefix(interim[0], "103") {
		t.Errorf("got %q after %q", body, interim)
	}
}

// TestUnchartedEndpointsNeedExplicitFreshness are those outside the catalogue.
func TestUnchartedEndpointsNeedExplicitFreshness(t *testing.T) {
	up := count(func(w http.ResponseWriter, r *http.Request) {
		if c := r.URL.Query().Get("control"); c != "" {
			w.Header().Set("Cache-Control", c)
		}
		_, _ = io.WriteString(w, "x")
	})
	r := newCacheRig(t, up)
	for _, c := range []struct {
		path, token string
		hit         bool
	}{
		{"/anything", "", false},
		{"/anything?control=max-age%3D60", "", true},
		{"/anything?control=max-age%3D60", "Bearer x", false}, // RFC 9111 section 3.5
		{"/anything?control=public,max-age%3D60", "Bearer x", true},
		{"/offers/../anything?control=max-age%3D60", "", false},
	} {
		var last *answer
		for range 2 {
			fields := []string{}
			if c.token != "" {
				fields = append(fields, "Authorization", c.token)
			}
			last = r.do(http.MethodGet, c.path, nil, fields...)
		}
		if got := strings.Contains(last.Header.Get("Cache-Status"), "; hit"); got != c.hit {
			t.Errorf("%s with %q: %s", c.path, c.token, last.Header.Get("Cache-Status"))
		}
	}
}
