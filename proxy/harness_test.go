package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/memnet"
	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/limiter"
	"github.com/cleengate/cleengate/tokens"
)

const testKey = "publisher-key-0123456789abcdef0123456789abcdef01"

// rig is a proxy on loopback in front of an upstream that the test writes.
type rig struct {
	*Proxy
	t    testing.TB
	url  string // of the app-facing listener
	addr string
	tally
	network *memnet.Network // nil: loopback
}

// tally stands in for metrics and sinks.
type tally struct {
	mu       sync.Mutex
	counts   map[string]int
	records  []*journal.Exchange
	recorded chan struct{}
}

func (c *tally) add(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = make(map[string]int)
	}
	c.counts[name]++
}

func (c *tally) count(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[name]
}

func (c *tally) GuardRefused(code string) { c.add("refused " + code) }
func (c *tally) Attempt(upstream string, status int, reason string, _ time.Duration) {
	c.add(fmt.Sprintf("attempt %s %d %s", upstream, status, reason))
}
func (c *tally) QueueWait(string, time.Duration) {}
func (c *tally) FlightJoined()                   { c.add("joined") }
func (c *tally) Retried(cause string)            { c.add("retried " + cause) }
func (c *tally) RetryBudgetExhausted()           { c.add("budget exhausted") }
func (c *tally) Observed(action string)          { c.add("observed " + action) }

// sinkOff drops records from now on, for measurements.
func (r *rig) sinkOff() { r.sink = func(*journal.Exchange) {} }

func (c *tally) keep(x *journal.Exchange) {
	c.mu.Lock()
	if x.AttemptCount() == 0 {
		x = copyOf(x) // it may be lent memory
	}
	c.records = append(c.records, x)
	c.mu.Unlock()
	c.recorded <- struct{}{}
}

// copyOf returns a record with the exported fields and the wait of x.
func copyOf(x *journal.Exchange) *journal.Exchange {
	y := new(journal.Exchange)
	from, to := reflect.ValueOf(x).Elem(), reflect.ValueOf(y).Elem()
	for i := range from.NumField() {
		if from.Type().Field(i).IsExported() {
			to.Field(i).Set(from.Field(i))
		}
	}
	y.Begin(x.Start)
	y.Waited(x.QueueWait())
	for _, e := range x.Events() {
		y.Note(x.Start.Add(e.At), e.Kind, e.Detail)
	}
	if failure := x.Failure(); failure != "" {
		y.Fail(errors.New(failure))
	}
	y.Throttled(x.Throttle())
	y.Outcome(x.LateStatus())
	return y
}

// next waits for the record of one more finished exchange.
func (c *tally) next(t testing.TB) *journal.Exchange {
	t.Helper()
	select {
	case <-c.recorded:
	case <-time.After(10 * time.Second):
		t.Fatal("no exchange was recorded")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.records[0]
	c.records = c.records[1:]
	return x
}

// newRig starts a proxy whose default upstreams are all the given one.
func newRig(t testing.TB, upstream http.Handler, change ...func(*config.Config)) *rig {
	t.Helper()
	server := httptest.NewServer(upstream)
	t.Cleanup(server.Close)
	return newRigAt(t, server.URL, change...)
}

func newRigAt(t testing.TB, upstreamURL string, change ...func(*config.Config)) *rig {
	t.Helper()
	r := prepareRig(t, upstreamURL, nil, change...)
	cfg := r.view.Load().cfg
	l, err := Listen(t.Context(), "127.0.0.1:0", 1000, cfg.Timeouts.Idle)
	if err != nil {
		t.Fatal(err)
	}
	r.serve(l)
	return r
}

// newLimitedRig is newBubbleRig with the configured limits in force.
func newLimitedRig(t testing.TB, upstream http.Handler, change ...func(*config.Config)) *rig {
	t.Helper()
	return limited(t, newBubbleRig(t, upstream, change...))
}

func limited(t testing.TB, r *rig) *rig {
	t.Helper()
	cfg := r.view.Load().cfg
	parts := testParts(t, cfg)
	set, err := limiter.NewSet(LimitConfigs(cfg), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	parts.Limits = set
	if err := r.Apply(cfg, parts); err != nil {
		t.Fatal(err)
	}
	return r
}

// newBubbleRig is newRig on a network inside the process, for synctest.
func newBubbleRig(t testing.TB, upstream http.Handler, change ...func(*config.Config)) *rig {
	t.Helper()
	return newFaultyRig(t, upstream, func(dial dialFunc) dialFunc { return dial }, change...)
}

// newFaultyRig is newBubbleRig whose way upstream may fail.
func newFaultyRig(t testing.TB, upstream http.Handler, way func(dialFunc) dialFunc, change ...func(*config.Config)) *rig {
	t.Helper()
	network := memnet.New()
	r := prepareRig(t, "http://upstream.test", way(network.DialContext), change...)
	server := &http.Server{Handler: upstream, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	done, listener := make(chan struct{}), network.Listen("upstream.test:80")
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	r.network = network
	r.serve(network.Listen("127.0.0.1:8401"))
	return r
}

func prepareRig(t testing.TB, upstreamURL string, dial dialFunc, change ...func(*config.Config)) *rig {
	t.Helper()
	cfg := config.Default()
	for name, u := range cfg.Upstreams {
		u.URL = upstreamURL
		cfg.Upstreams[name] = u
	}
	for _, f := range change {
		f(cfg)
	}
	r := &rig{t: t, tally: tally{recorded: make(chan struct{}, 10000)}}
	r.Proxy = New(Options{Log: slog.New(slog.DiscardHandler), Metrics: &r.tally, Sink: r.keep, Dial: dial})
	if err := r.Apply(cfg, testParts(t, cfg)); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) serve(l net.Listener) {
	server := NewServer(r.Handler(""), 64<<10, log.New(io.Discard, "", 0))
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	r.t.Cleanup(func() { _ = server.Close(); <-done; r.Close() })
	r.addr = l.Addr().String()
	r.url = "http://" + r.addr
}

// client is a plain client of the rig's listener, without keep-alive.
func (r *rig) client() *http.Transport {
	c := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	if r.network != nil {
		c.DialContext = r.network.DialContext
	}
	return c
}

// testParts makes the credentials of cfg, with one publisher key where none
// is configured.
func testParts(t testing.TB, cfg *config.Config) Parts {
	t.Helper()
	parts := Parts{Credentials: map[string]tokens.Credential{}}
	for name, c := range cfg.Credentials {
		if c.Kind == config.PublisherToken {
			keys := c.Tokens
			if keys == nil {
				keys = []redact.Secret{redact.New(testKey)}
			}
			cred, err := tokens.NewKeys(tokens.KeysConfig{Name: name, Kind: tokens.KindPublisherToken, Values: keys})
			if err != nil {
				t.Fatal(err)
			}
			parts.Credentials[name] = cred
		}
	}
	return parts
}

// do sends a request as a plain client would.
func (r *rig) do(method, path string, body io.Reader, fields ...string) *answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i] == "Host" {
			req.Host = fields[i+1]
			continue
		}
		req.Header.Add(fields[i], fields[i+1])
	}
	resp, err := r.client().RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return &answer{Response: resp, body: string(b)}
}

type answer struct {
	*http.Response
	body string
}

// raw writes bytes to the listener and returns all that comes back.
func (r *rig) raw(request string) string {
	r.t.Helper()
	var d net.Dialer
	c, err := d.DialContext(r.t.Context(), "tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, request); err != nil {
		r.t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	b, err := io.ReadAll(c)
	if err != nil {
		r.t.Fatalf("read: %v after %q", err, b)
	}
	return string(b)
}

// rawUpstream is an upstream that shows the bytes it got and answers with the
// given ones.
type rawUpstream struct {
	url  string
	seen chan string
}

func newRawUpstream(t testing.TB, response string) *rawUpstream {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &rawUpstream{url: "http://" + l.Addr().String(), seen: make(chan string, 100)}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { u.serve(c, response) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	return u
}

func (u *rawUpstream) serve(c net.Conn, response string) {
	defer func() { _ = c.Close() }()
	var got bytes.Buffer
	br := bufio.NewReader(io.TeeReader(c, &got))
	req, err := http.ReadRequest(br)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, req.Body)
	u.seen <- got.String()
	_, _ = io.WriteString(c, response)
}
