package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/redact"
)

// seenBy records what reaches the upstream.
func seenBy(header *http.Header, body *string) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		*header, *body = r.Header.Clone(), string(b)
	})
}

func TestPublisherKeyInHeaders(t *testing.T) {
	for _, tt := range []struct {
		name, mode, path string
		fields           []string
		want             string // X-Publisher-Token upstream, "" for none
	}{
		{"absent", "fill", "/3.1/offers", nil, testKey},
		{"empty", "fill", "/3.1/offers", []string{"X-Publisher-Token", ""}, testKey},
		{"placeholder", "fill", "/3.1/offers", []string{"X-Publisher-Token", "cleengate"}, testKey},
		{"own key stays", "fill", "/3.1/offers", []string{"X-Publisher-Token", "mine"}, "mine"},
		{"replace", "replace", "/3.1/offers", []string{"X-Publisher-Token", "mine"}, testKey},
		{"pass", "pass", "/3.1/offers", []string{"X-Publisher-Token", ""}, ""},
		{"unknown endpoint of the API", "fill", "/3.1/new-thing", nil, testKey},
		{"other upstream", "fill", "/offers", nil, ""},
		{"a wrong scheme does not count", "fill", "/3.1/offers", []string{"Authorization", "Bearer x"}, testKey},
		{"dropped by Connection", "fill", "/3.1/offers", []string{"Connection", "X-Publisher-Token", "X-Publisher-Token", "mine"}, testKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var header http.Header
			var body string
			r := newRig(t, seenBy(&header, &body), func(c *config.Config) {
				cred := c.Credentials["publisher"]
				cred.Mode = config.CredentialMode(tt.mode)
				c.Credentials["publisher"] = cred
			})
			r.do("GET", tt.path, nil, tt.fields...)
			if got := header.Get("X-Publisher-Token"); got != tt.want {
				t.Errorf("upstream got %q, want %q", got, tt.want)
			}
			if n := len(header.Values("X-Publisher-Token")); n > 1 {
				t.Errorf("%d values", n)
			}
		})
	}
}

func TestUnderscoreAliasesCannotSmuggle(t *testing.T) {
	up := newRawUpstream(t, "HTTP/1.1 204 No Content\r\n\r\n")
	r := newRigAt(t, up.url)
	r.raw("GET /3.1/offers HTTP/1.1\r\nHost: localhost\r\nX_Publisher_Token: evil\r\nx_publisher-token: evil\r\nConnection: close, x-publisher-token\r\n\r\n")
	got := <-up.seen
	if strings.Contains(got, "evil") || strings.Count(got, testKey) != 1 {
		t.Errorf("upstream got:\n%s", got)
	}
}

func TestPublisherKeyInJSONRPC(t *testing.T) {
	for _, tt := range []struct{ name, media, body, want string }{
		{
			"object", "application/json", `{"method":"listCustomers","params":{"customerEmail":"a@b.c"},"jsonrpc":"2.0","id":1}`,
			`{"method":"listCustomers","params":{"publisherToken":"KEY","customerEmail":"a@b.c"},"jsonrpc":"2.0","id":1}`,
		},
		{
			"batch as a form", "application/x-www-form-urlencoded", `[ {"id":1.50e3,"method":"listCustomers","params":{"publisherToken":""},"x":{"b":1,"a":2}},{"json-rpc":"2.0","method":"listCustomers","params":{"publisherToken":"mine"},"id":"2"} ]`,
			`[ {"id":1.50e3,"method":"listCustomers","params":{"publisherToken":"KEY"},"x":{"b":1,"a":2}},{"json-rpc":"2.0","method":"listCustomers","params":{"publisherToken":"mine"},"id":"2"} ]`,
		},
		{"no params", "text/plain", `{"method":"listCustomers","id":null}`, `{"method":"listCustomers","id":null,"params":{"publisherToken":"KEY"}}`},
		{"no params, public read", "application/json", `{"jsonrpc":"2.0","method":"getSubscriptionOffer","id":1}`, `{"jsonrpc":"2.0","method":"getSubscriptionOffer","id":1,"params":{"publisherToken":"KEY"}}`},
		{"list params", "application/json", `{"method":"listCustomers","params":[1]}`, `{"method":"listCustomers","params":[1]}`},
		{"malformed", "application/json", `{"method":"listCustomers",`, `{"method":"listCustomers",`},
		{"no call", "application/json", `{"a":1}`, `{"a":1}`},
		{"empty list", "application/json", `[]`, `[]`},
	} {
		for _, path := range []string{"/3.0/json-rpc", "/api/3.0/json-rpc"} {
			t.Run(tt.name+path, func(t *testing.T) {
				var header http.Header
				var body string
				r := newRig(t, seenBy(&header, &body))
				r.do("POST", path, strings.NewReader(tt.body), "Content-Type", tt.media)
				if want := strings.ReplaceAll(tt.want, "KEY", testKey); body != want {
					t.Errorf("upstream got\n%s, want\n%s", body, want)
				}
				if header.Get("Content-Type") != tt.media || header.Get("X-Publisher-Token") != "" {
					t.Errorf("header %v", header)
				}
				rec := r.next(t)
				if got := rec.Mark; (got == "malformed_rpc") != (tt.name == "malformed" || tt.name == "no call" || tt.name == "empty list") {
					t.Errorf("mark %q", got)
				}
			})
		}
	}
}

func TestRPCAliasGoesToTheConfiguredPath(t *testing.T) {
	up := newRawUpstream(t, "HTTP/1.1 204 No Content\r\n\r\n")
	for _, path := range []string{"", "/api/3.0/json-rpc"} {
		r := newRigAt(t, up.url, func(c *config.Config) {
			u := c.Upstreams["rpc"]
			u.Path = path
			c.Upstreams["rpc"] = u
		})
		want := path
		if want == "" {
			want = "/3.0/json-rpc"
		}
		for _, sent := range []string{"/3.0/json-rpc", "/api/3.0/json-rpc"} {
			r.do("POST", sent, strings.NewReader(`{"method":"listCustomers"}`))
			if got := <-up.seen; !strings.HasPrefix(got, "POST "+want+" HTTP/1.1") || !strings.Contains(got, testKey) {
				t.Errorf("%s went up as %q", sent, got)
			}
		}
	}
}

func TestAllowListComesBeforeInjection(t *testing.T) {
	var header http.Header
	var body string
	r := newRig(t, seenBy(&header, &body), func(c *config.Config) {
		u := c.Upstreams["core"]
		u.Allow = []config.Pattern{{Method: "GET", Path: "/3.1/offers/*"}}
		c.Upstreams["core"] = u
		cred := c.Credentials["publisher"]
		cred.Tokens = []redact.Secret{redact.New(testKey)}
		c.Credentials["publisher"] = cred
	})
	for target, status := range map[string]int{
		"GET /3.1/offers/S1": 200, "GET /3.1/offers/S1?x=1": 200, "POST /3.1/offers/S1": 403, "GET /3.1/customers/1": 403,
		"GET /3.1/offers/../customers/1": 403, "GET /3.1/offers/%2e%2e/customers/1": 403, "GET /3.1/offers//x": 403,
	} {
		method, path, _ := strings.Cut(target, " ")
		header = nil
		got := r.raw(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 "+map[int]string{200: "200", 403: "403"}[status]) {
			t.Errorf("%s: %q", target, got)
		}
		if (header != nil) != (status == 200) {
			t.Errorf("%s reached the upstream: %v", target, header != nil)
		}
	}
}
