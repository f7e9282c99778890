package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// recorder is an upstream that keeps every request byte for byte.
type recorder struct {
	url  string
	mu   sync.Mutex
	seen []string
}

// record starts an upstream that answers each connection's only request with
// the same bytes.
func record(t *testing.T, response string) *recorder {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	up := &recorder{url: "http://" + l.Addr().String()}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { up.answer(conn, response) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	return up
}

func (up *recorder) answer(conn net.Conn, response string) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	var got bytes.Buffer
	req, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &got)))
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, req.Body)
	up.mu.Lock()
	up.seen = append(up.seen, got.String())
	up.mu.Unlock()
	_, _ = io.WriteString(conn, response)
}

// requests returns what has arrived so far and forgets it.
func (up *recorder) requests() []string {
	up.mu.Lock()
	defer up.mu.Unlock()
	seen := up.seen
	up.seen = nil
	return seen
}

// dial opens a connection of an app.
func (g *gate) dial() net.Conn {
	g.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(g.t.Context(), "tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute)) // only a broken program reaches it
	return conn
}

// raw sends bytes and returns all that comes back before the end.
func (g *gate) raw(request string) string {
	g.t.Helper()
	conn := g.dial()
	if _, err := io.WriteString(conn, request); err != nil {
		g.t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		g.t.Fatalf("%q: %v after %q", request, err, answer)
	}
	return string(answer)
}

func TestPromise12_TargetsOverTheRealListener(t *testing.T) {
	up := record(t, "HTTP/1.1 203 Kept\r\nConnection: close\r\nX-Twice: a\r\nX-Twice: b\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x00\xff")
	g := startGate(t, upstreamEnv(up.url))
	for _, target := range []string{
		"/3.1/offers?a=1;b=2&c=%zz", "/3.1/a%2fb", "/3.1/../x", "/3.1//x", "//evil.example/x", "/3.1/%2e%2e/x?", "/3.1/x?q=a/b?c",
	} {
		answer := g.raw("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nX-Twice: 1\r\nX-Twice: 2\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 203 ") || !strings.HasSuffix(answer, "\r\n\r\n\x1f\x8b\x00\xff") || !strings.Contains(answer, "X-Twice: a\r\nX-Twice: b\r\n") {
			t.Errorf("%s: answer %q", target, answer)
		}
		seen := up.requests()
		if len(seen) != 1 || !strings.HasPrefix(seen[0], "GET "+target+" HTTP/1.1\r\n") || !strings.Contains(seen[0], "\r\nX-Twice: 1\r\nX-Twice: 2\r\n") {
			t.Errorf("%s: upstream got %q", target, seen)
		}
	}
	g.stop()
}

// TestPromise10_RawRequestsOverTheRealListener sends what no client library
// would. Each request carries a second one behind it, which must never be
// taken for a request of its own.
func TestPromise10_RawRequestsOverTheRealListener(t *testing.T) {
	up := record(t, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
	g := startGate(t, upstreamEnv(up.url))
	const smuggled = "GET /3.1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for name, head := range map[string]string{
		"two Hosts":               "GET /3.1/offers HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
		"no Host":                 "GET /3.1/offers HTTP/1.1\r\n\r\n",
		"foreign Host":            "GET /3.1/offers HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
		"foreign absolute form":   "GET http://evil.example/3.1/offers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		"two lengths":             "POST /3.1/offers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
		"unknown coding":          "POST /3.1/offers HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n",
		"space before the colon":  "GET /3.1/offers HTTP/1.1\r\nHost: localhost\r\nX-Token : a\r\n\r\n",
		"length with a plus sign": "POST /3.1/offers HTTP/1.1\r\nHost: localhost\r\nContent-Length: +0\r\n\r\n",
	} {
		if answer := g.raw(head + smuggled); !strings.HasPrefix(answer, "HTTP/1.1 4") && !strings.HasPrefix(answer, "HTTP/1.1 501 ") {
			t.Errorf("%s: %q", name, answer)
		}
		if seen := up.requests(); len(seen) != 0 {
			t.Errorf("%s went upstream: %q", name, seen)
		}
	}
	// Both framings may be answered, but then the connection ends.
	answer := g.raw("POST /3.1/offers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled)
	if n := strings.Count(answer, "HTTP/1.1 "); n != 1 {
		t.Errorf("%d answers: %q", n, answer)
	}
	// A folded line reaches upstream as one line or not at all.
	g.raw("GET /3.1/offers HTTP/1.1\r\nHost: localhost\r\nX-Folded: a\r\n Authorization: b\r\nConnection: close\r\n\r\n")
	for _, seen := range up.requests() {
		if strings.Contains(seen, "smuggled") || strings.Contains(seen, "\n Authorization") || strings.Contains(seen, "\nAuthorization: b") {
			t.Errorf("upstream got %q", seen)
		}
	}
	g.stop()
}

// TestSlowClients: what still moves is not cut, what stands still is.
func TestSlowClients(t *testing.T) {
	up := record(t, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
	g := startGate(t, append(upstreamEnv(up.url), "CLEENGATE_TIMEOUTS_IDLE=5s"))
	const head = "PUT /3.1/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\nConnection: close\r\n\r\n"
	drip := func(t *testing.T, conn net.Conn, bytes string) {
		tick := time.NewTicker(750 * time.Millisecond)
		defer tick.Stop()
		for i := range len(bytes) {
			<-tick.C
			if _, err := conn.Write([]byte{bytes[i]}); err != nil {
				t.Logf("cut after %d bytes", i)
				return
			}
		}
	}
	t.Run("living", func(t *testing.T) {
		t.Parallel()
		conn := g.dial()
		_, _ = io.WriteString(conn, head)
		drip(t, conn, "slow healthy") // longer than the idle timeout in all, never as long at once
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 204 ") {
			t.Errorf("%q, %v", answer, err)
		}
	})
	t.Run("stalled", func(t *testing.T) {
		t.Parallel()
		conn := g.dial()
		_, _ = io.WriteString(conn, head+"slow")
		if answer := ending(t, conn); strings.HasPrefix(answer, "HTTP/1.1 2") {
			t.Errorf("half a body was accepted: %q", answer)
		}
	})
	t.Run("header without end", func(t *testing.T) {
		t.Parallel()
		conn := g.dial()
		drip(t, conn, "GET /3.1/offers HTTP/1.1\r\nX-Endless: "+strings.Repeat("x", 200))
		if answer := ending(t, conn); strings.HasPrefix(answer, "HTTP/1.1 2") {
			t.Errorf("answered %q", answer)
		}
	})
}

// ending reads until cleengate ends the connection, whether it closes or
// resets it; that it stays open is a failure.
func ending(t *testing.T, conn net.Conn) string {
	t.Helper()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	answer, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection was left open")
	}
	return string(answer)
}
