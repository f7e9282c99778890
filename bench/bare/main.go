// Command bare is what cleengate is compared with. With -upstream it is the least
// that a Go reverse proxy can be: an httputil.ReverseProxy with the Transport
// settings and the buffer pool of cleengate, and nothing else. With -answer it
// is a bare net/http handler that writes one given answer to every request.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bare", flag.ContinueOnError)
	upstream := flags.String("upstream", "", "where calls go: http://host:port")
	answer := flags.String("answer", "", "file with the answer to every request: JSON with status, header and body")
	connections := flags.Int("connections", 64, "idle connections kept to it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	handler, err := handlerFor(*upstream, *answer, *connections)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	fmt.Printf("bare listens on http://%s\n", listener.Addr())
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = server.Shutdown(drain)
	if served := <-done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

func handlerFor(upstream, answer string, connections int) (http.Handler, error) {
	if answer != "" {
		return fixed(answer)
	}
	target, err := url.Parse(upstream)
	if err != nil || target.Scheme != "http" {
		return nil, fmt.Errorf("-upstream: %q; want http://host:port", upstream)
	}
	return proxy(target, connections), nil
}

// fixed writes the same bytes for every request.
func fixed(file string) (http.Handler, error) {
	content, err := os.ReadFile(file) //nolint:gosec // named on the command line
	if err != nil {
		return nil, err
	}
	var answer struct {
		Status int         `json:"status"`
		Header http.Header `json:"header"`
		Body   []byte      `json:"body"`
	}
	if err := json.Unmarshal(content, &answer); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), answer.Header)
		w.WriteHeader(answer.Status)
		_, _ = w.Write(answer.Body) // the caller may be gone
	}), nil
}

// proxy has the Transport of proxy/transport.go for plain http.
func proxy(target *url.URL, connections int) *httputil.ReverseProxy {
	dialer := &net.Dialer{Timeout: 2 * time.Second, KeepAlive: 15 * time.Second}
	return &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) { pr.SetURL(target) },
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    2 * time.Second,
			MaxIdleConnsPerHost:    connections,
			IdleConnTimeout:        50 * time.Second,
			MaxResponseHeaderBytes: 1 << 20,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true,
		},
		BufferPool: &buffers{},
	}
}

const bufferSize = 32 << 10

// buffers lends copy buffers. The zero value is ready; it is safe for
// concurrent use.
type buffers struct{ pool sync.Pool }

// Get implements [httputil.BufferPool].
func (b *buffers) Get() []byte {
	if lent, ok := b.pool.Get().(*[bufferSize]byte); ok {
		return lent[:]
	}
	return make([]byte, bufferSize)
}

// Put implements [httputil.BufferPool].
func (b *buffers) Put(buffer []byte) {
	if cap(buffer) >= bufferSize {
		b.pool.Put((*[bufferSize]byte)(buffer[:bufferSize]))
	}
}
