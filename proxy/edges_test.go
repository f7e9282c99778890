package proxy

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/config"
)

// A client that closes its sending half looks like one that left. It must not
// be told 200 for a call that was given up.
func TestHalfClosedClientGetsNoFalseSuccess(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	r := newRig(t, http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		close(arrived)
		select {
		case <-release:
		case <-req.Context().Done():
		}
	}))
	defer close(release)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "GET /3.1/offers HTTP/1.1\r\nHost: localhost\r\n\r\n")
	<-arrived
	_ = conn.(*net.TCPConn).CloseWrite()
	if b, _ := io.ReadAll(conn); strings.Contains(string(b), "200 OK") {
		t.Errorf("got %q", b)
	}
	if rec := r.next(t); rec.Status != 499 {
		t.Errorf("recorded %d", rec.Status)
	}
}

func TestListenerOfARemovedUpstreamServesNothing(t *testing.T) {
	hits := 0
	own := func(c *config.Config) {
		c.Upstreams["own"] = config.Upstream{URL: c.Upstreams["core"].URL, Prefix: "/", Listen: "127.0.0.1:1"}
	}
	r := newRig(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ }), own)
	cfg := *r.view.Load().cfg
	cfg.Upstreams = map[string]config.Upstream{"core": cfg.Upstreams["core"]}
	if err := r.Apply(&cfg, testParts(t, &cfg)); err != nil {
		t.Fatal(err)
	}
	w := &keptWriter{header: http.Header{}}
	req, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://localhost/3.1/offers", http.NoBody)
	req.RequestURI = "/3.1/offers"
	r.Handler("127.0.0.1:1").ServeHTTP(w, req)
	if w.status != http.StatusForbidden || hits != 0 {
		t.Errorf("status %d, %d hits", w.status, hits)
	}
}

type keptWriter struct {
	header http.Header
	status int
}

func (w *keptWriter) Header() http.Header         { return w.header }
func (w *keptWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *keptWriter) WriteHeader(status int)      { w.status = status }

// Java's client offers h2c with its first request on plain http.
func TestOfferOfH2CIsIgnored(t *testing.T) {
	up := newRawUpstream(t, "HTTP/1.1 204 No Content\r\n\r\n")
	r := newRigAt(t, up.url)
	got := r.raw("GET /3.1/offers HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 204") {
		t.Errorf("%q", got)
	}
	if seen := <-up.seen; strings.Contains(seen, "Upgrade") || strings.Contains(seen, "Settings") {
		t.Errorf("upstream got %q", seen)
	}
}

func TestInterimAnswersCarryNoCORS(t *testing.T) {
	up := newRawUpstream(t, "HTTP/1.1 103 Early Hints\r\nAccess-Control-Allow-Origin: *\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
	r := newRigAt(t, up.url)
	if got := r.raw("GET /3.1/offers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); strings.Contains(got, "Access-Control") || !strings.Contains(got, "103 Early Hints") {
		t.Errorf("%q", got)
	}
}

func TestUnaskedSwitchOfProtocols(t *testing.T) {
	up := newRawUpstream(t, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
	r := newRigAt(t, up.url, noRetry)
	if a := r.do("GET", "/3.1/offers", nil); a.StatusCode != 502 || !strings.Contains(a.body, CodeProtocol) {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

func TestOptionsOfTheServerIsGuarded(t *testing.T) {
	r := newRig(t, http.NotFoundHandler())
	if got := r.raw("OPTIONS * HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 403") {
		t.Errorf("%q", got)
	}
}

func TestTokenInThePathMayBeEncoded(t *testing.T) {
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET /-/ab%2Bc%2F%3D/3.1/offers?x=1 HTTP/1.1\r\nHost: h\r\n\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	if token, ok := takePathToken(req); !ok || token != "ab+c/=" || req.RequestURI != "/3.1/offers?x=1" {
		t.Errorf("%q %v %q", token, ok, req.RequestURI)
	}
}
