package proxy

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/redact"
)

func noRetry(c *config.Config) { c.Retry.Attempts, c.Retry.Throttled = 1, 0 }

func TestPromise10_Guard(t *testing.T) {
	var hits atomic.Int32
	r := newRig(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }), func(c *config.Config) {
		c.Guard.AllowedHosts = []string{"Proxy.internal"}
		c.Guard.AllowedOrigins = []string{"https://shop.example", "http://dev.example:3000"}
	})
	_, port, _ := strings.Cut(r.addr, ":")
	const refusedHost, refusedOrigin = CodeHostRefused, CodeOriginRefused
	for _, tt := range []struct {
		name, code string
		fields     []string
	}{
		{"loopback", "", []string{"Host", "127.0.0.1:" + port}},
		{"other loopback", "", []string{"Host", "127.9.9.9"}},
		{"localhost", "", []string{"Host", "LocalHost:1"}},
		{"ipv6", "", []string{"Host", "[::1]:8401"}},
		{"mapped", "", []string{"Host", "[::ffff:127.0.0.1]"}},
		{"listed", "", []string{"Host", "proxy.INTERNAL:99"}},
		{"suffix", refusedHost, []string{"Host", "localhost.evil.example"}},
		{"prefix", refusedHost, []string{"Host", "127.0.0.1.nip.io"}},
		{"trailing dot", refusedHost, []string{"Host", "localhost."}},
		{"any address", refusedHost, []string{"Host", "0.0.0.0:" + port}},
		{"other address", refusedHost, []string{"Host", "192.168.1.5"}},
		{"decimal address", refusedHost, []string{"Host", "2130706433"}},
		{"brackets", refusedHost, []string{"Host", "[localhost]"}},

		{"typed by a user", "", []string{"Sec-Fetch-Site", "none"}},
		{"own page", "", []string{"Sec-Fetch-Site", "same-origin", "Origin", r.url}},
		{"own referer", "", []string{"Referer", r.url + "/page"}},
		{"listed origin", "", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://shop.example"}},
		{"listed origin with port", "", []string{"Origin", "http://dev.example:3000"}},
		{"listed referer", "", []string{"Sec-Fetch-Site", "cross-site", "Referer", "https://shop.example/a"}},
		{"cross-site", refusedOrigin, []string{"Sec-Fetch-Site", "cross-site"}},
		{"same-site", refusedOrigin, []string{"Sec-Fetch-Site", "same-site"}},
		{"odd site", refusedOrigin, []string{"Sec-Fetch-Site", ""}},
		{"null", refusedOrigin, []string{"Origin", "null"}},
		{"empty origin", refusedOrigin, []string{"Origin", ""}},
		{"other port", refusedOrigin, []string{"Origin", "http://127.0.0.1:1"}},
		{"other scheme", refusedOrigin, []string{"Origin", "https://" + r.addr}},
		{"other scheme of listed", refusedOrigin, []string{"Origin", "http://shop.example"}},
		{"looks like listed", refusedOrigin, []string{"Origin", "https://shop.example.evil.example"}},
		{"two origins", refusedOrigin, []string{"Origin", "https://shop.example", "Origin", "https://shop.example"}},
		{"foreign referer", refusedOrigin, []string{"Referer", "https://evil.example/"}},
		{"foreign referer, listed origin", refusedOrigin, []string{"Origin", "https://shop.example", "Referer", "https://evil.example/"}},
		{"opaque referer", refusedOrigin, []string{"Referer", "data:text/html,x"}},
		{"upgrade", CodeNotAllowed, []string{"Upgrade", "websocket", "Connection", "Upgrade"}},
	} {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"} {
			t.Run(tt.name+"/"+method, func(t *testing.T) {
				before := hits.Load()
				a := r.do(method, "/3.1/offers", nil, tt.fields...)
				<-r.recorded
				if tt.code == "" {
					if a.StatusCode != 200 || hits.Load() != before+1 {
						t.Errorf("refused: %d %s", a.StatusCode, a.body)
					}
					return
				}
				if a.StatusCode != http.StatusForbidden || hits.Load() != before {
					t.Errorf("status %d, upstream hits %d", a.StatusCode, hits.Load()-before)
				}
				if method != "HEAD" && !strings.Contains(a.body, `"code":"`+tt.code+`"`) {
					t.Errorf("body %s", a.body)
				}
			})
		}
	}
}

func TestPromise10_RefusalNamesTheLineToAdd(t *testing.T) {
	r := newRig(t, http.NotFoundHandler())
	for _, tt := range []struct{ field, value, line string }{
		{"Origin", "https://shop.example", `guard: {allowed_origins: [\"https://shop.example\"]}`},
		{"Host", "proxy.internal", `guard: {allowed_hosts: [proxy.internal]}`},
	} {
		if a := r.do("GET", "/3.1/offers", nil, tt.field, tt.value); !strings.Contains(a.body, tt.line) {
			t.Errorf("%s: %s", tt.field, a.body)
		}
	}
}

func TestPromise10_MethodsThatAreNeverForwarded(t *testing.T) {
	var hits atomic.Int32
	r := newRig(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	for _, head := range []string{
		"CONNECT api.cleeng.com:443 HTTP/1.1\r\nHost: localhost", "TRACE /3.1/offers HTTP/1.1\r\nHost: localhost", "TRACK /3.1/offers HTTP/1.1\r\nHost: localhost",
		"GET /3.1/offers HTTP/1.0", "GET /3.1/offers HTTP/1.1\r\nHost: ", "GET http://evil.example/3.1/offers HTTP/1.1\r\nHost: localhost",
		"GET /3.1/offers HTTP/1.1\r\nHost: user@localhost", "GET http://user@localhost/3.1/offers HTTP/1.1\r\nHost: localhost",
	} {
		got := r.raw(head + "\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 403") && !strings.HasPrefix(got, "HTTP/1.0 403") && !strings.HasPrefix(got, "HTTP/1.1 400") {
			t.Errorf("%q got %q", head, got)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("%d went upstream", hits.Load())
	}
	if got := r.raw("GET http://localhost/3.1/offers HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200") {
		t.Errorf("absolute form: %q", got)
	}
}

func TestPreflightCostsNothing(t *testing.T) {
	var hits atomic.Int32
	r := newRig(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }), func(c *config.Config) {
		c.Guard.AllowedOrigins = []string{"https://shop.example"}
		c.Guard.ClientToken = redact.New("the-client-token")
	})
	a := r.do("OPTIONS", "/3.1/offers", nil, "Origin", "https://shop.example", "Access-Control-Request-Method", "PATCH",
		"Access-Control-Request-Headers", "authorization, content-type, cleengate-token,x-requested-by", "Sec-Fetch-Site", "cross-site")
	if a.StatusCode != 204 || hits.Load() != 0 {
		t.Fatalf("%d, %d hits", a.StatusCode, hits.Load())
	}
	for field, want := range map[string]string{
		"Access-Control-Allow-Origin": "https://shop.example", "Access-Control-Allow-Methods": "PATCH",
		"Access-Control-Allow-Headers": "authorization, content-type, x-requested-by",
	} {
		if got := a.Header.Get(field); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
	if !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Origin") {
		t.Errorf("Vary %v", a.Header.Values("Vary"))
	}
	// Our own refusals can be read by the page as well.
	a = r.do("GET", "/3.1/offers", nil, "Origin", "https://shop.example")
	if a.StatusCode != 403 || a.Header.Get("Access-Control-Allow-Origin") != "https://shop.example" || !strings.Contains(a.Header.Get("Access-Control-Expose-Headers"), "Retry-After") {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	if a = r.do("OPTIONS", "/3.1/offers", nil, "Origin", "https://evil.example", "Access-Control-Request-Method", "GET"); a.StatusCode != 403 || a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("foreign preflight: %d %v", a.StatusCode, a.Header)
	}
}

func TestClientToken(t *testing.T) {
	up := newRawUpstream(t, "HTTP/1.1 204 No Content\r\n\r\n")
	r := newRigAt(t, up.url, func(c *config.Config) {
		c.Guard.ClientToken = redact.New("common-token")
		c.Clients = map[string]config.Client{"batch": {Token: redact.New("batch-token"), Share: 2}}
	})
	for _, tt := range []struct {
		path   string
		token  string
		status int
		client string
	}{
		{"/3.1/offers", "", 403, "curl"},
		{"/3.1/offers", "wrong", 403, "curl"},
		{"/3.1/offers", "common-token", 204, "curl"},
		{"/3.1/offers", "batch-token", 204, "batch"},
		{"/-/common-token/3.1/offers?x=%zz", "", 204, "curl"},
		{"/-/batch-token/3.1/offers?x=%zz", "wrong", 204, "batch"},
		{"/-/wrong/3.1/offers", "common-token", 403, "curl"},
		{"/-/", "", 403, "curl"},
	} {
		fields := []string{"User-Agent", "curl/8.1"}
		if tt.token != "" {
			fields = append(fields, "Cleengate-Token", tt.token)
		}
		a := r.do("GET", tt.path, nil, fields...)
		if a.StatusCode != tt.status {
			t.Errorf("%s %q: status %d, want %d", tt.path, tt.token, a.StatusCode, tt.status)
		}
		if rec := r.next(t); rec.Client != tt.client {
			t.Errorf("%s %q: client %q, want %q", tt.path, tt.token, rec.Client, tt.client)
		}
		if tt.status != 204 {
			continue
		}
		if got := <-up.seen; strings.Contains(got, "token") || !strings.HasPrefix(got, "GET /3.1/offers") {
			t.Errorf("went up: %q", got)
		}
	}
}

func TestBothLengthAndChunkedEndTheConnection(t *testing.T) {
	r := newRig(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	got := r.raw("POST /3.1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /3.1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if n := strings.Count(got, "HTTP/1.1 "); n != 1 {
		t.Errorf("%d answers: %q", n, got)
	}
}
