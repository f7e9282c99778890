package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/console"
)

const tailEvent = `{"request_id":"id-1","time":"2026-03-04T05:06:07Z","client":"app","upstream":"core","endpoint":"/3.1/offers","method":"GET","path":"/3.1/offers","status":401,"source":"upstream","attempts":2,"queue_seconds":0.25,"duration_seconds":1.5,"diagnosis":"credential_expired","sentence":"The credential has expired."}`

// newTestTail follows a server whose n-th stream is what serve writes.
func newTestTail(t *testing.T, serve func(n int, w http.ResponseWriter, r *http.Request)) (*tail, *bytes.Buffer, *bytes.Buffer) {
	t.Helper()
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		serve(n, w, r)
	}))
	t.Cleanup(server.Close)
	var out, errs bytes.Buffer
	return &tail{
		streams: streams{out: &out, err: &errs}, admin: &adminClient{base: server.URL, client: server.Client()}, path: "/api/v1/events?status=4xx",
		patience: 50 * time.Millisecond, interval: time.Millisecond, silence: time.Minute,
	}, &out, &errs
}

func stream(w http.ResponseWriter, parts ...string) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, p := range parts {
		_, _ = io.WriteString(w, p)
	}
}

func TestTailFollowsARestartedProxy(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tl, out, errs := newTestTail(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("status") != "4xx" {
			t.Errorf("the filter was not passed on: %s", r.URL)
		}
		switch n {
		case 1:
			stream(w, ": following\n\nevent: exchange\ndata: "+tailEvent+"\n\n", "event: end\ndata: {\"reason\":\"shutdown\"}\n\n")
		case 2:
			stream(w, "event: exchange\ndata: "+tailEvent+"\n\n", "event: end\ndata: {\"reason\":\"slow\"}\n\n")
		case 3:
			stream(w, ": following\n\n")
		default:
			cancel()
		}
	})
	tl.json = true
	if err := tl.run(ctx); err != nil {
		t.Errorf("a cancelled tail fails: %v", err)
	}
	if got := out.String(); got != tailEvent+"\n"+tailEvent+"\n" {
		t.Errorf("out %q", got)
	}
	for _, want := range []string{"shuts down; waiting", "some calls are missing here; waiting", "went away; waiting"} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("the user was not told %q: %s", want, errs)
		}
	}
}

func TestTailEndsWithAReason(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		tl, _, _ := newTestTail(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"detail":"Too many are following."}`)
		})
		if err := tl.run(t.Context()); err == nil || !strings.Contains(err.Error(), "Too many are following.") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("never there", func(t *testing.T) {
		tl, _, _ := newTestTail(t, nil)
		tl.admin.base = "http://127.0.0.1:1"
		if err := tl.run(t.Context()); err == nil || !strings.Contains(err.Error(), "no cleengate answers at http://127.0.0.1:1") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("did not come back", func(t *testing.T) {
		tl, _, _ := newTestTail(t, func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				stream(w, ": following\n\n")
				return
			}
			panic(http.ErrAbortHandler)
		})
		if err := tl.run(t.Context()); err == nil || !strings.Contains(err.Error(), "did not come back") {
			t.Errorf("error %v", err)
		}
	})
}

func TestTailLine(t *testing.T) {
	x := &console.Exchange{
		Time: time.Date(2026, 3, 4, 5, 6, 7, 0, time.Local), Client: "app", Endpoint: "/3.1/offers", Method: "GET", Path: "/3.1/offers", Status: 401,
		Source: "upstream", Attempts: 2, Queue: 0.25, Duration: 1.5, Diagnosis: "credential_expired", Sentence: "The credential has expired.",
	}
	const want = "05:06:07.000 app          GET     /3.1/offers 401 upstream 1.50s waited 250.0ms attempts 2 credential_expired The credential has expired."
	if got := tailLine(x, false); got != want {
		t.Errorf("plain: %q", got)
	}
	if got := tailLine(x, true); !strings.Contains(got, red+"401"+plain) || !strings.Contains(got, red+"credential_expired"+plain) {
		t.Errorf("colour: %q", got)
	}
	refused := &console.Exchange{Method: "GET", Path: "/secret", Status: 403, Code: "host_refused"}
	if got := tailLine(refused, false); !strings.Contains(got, "GET     /secret 403") || !strings.HasSuffix(got, "host_refused") {
		t.Errorf("refused: %q", got)
	}
}

// TestTailShowsControlCharacters: a terminal acts upon escape sequences, so
// none that came from outside may reach it.
func TestTailShowsControlCharacters(t *testing.T) {
	const evil = "a\x1b[2Jb\u009bc\r\n\u202ed\x07"
	x := &console.Exchange{Client: evil, Method: evil, Endpoint: "other", Path: evil, Source: evil, Diagnosis: evil, Code: evil, Sentence: evil}
	line := tailLine(x, false)
	for _, r := range line {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x202e {
			t.Fatalf("%U reaches the terminal: %q", r, line)
		}
	}
	tl, out, _ := newTestTail(t, nil)
	tl.json = true
	if err := tl.show(fmt.Sprintf(`{"client":"a%cb"}`, 0x9b)); err != nil || strings.ContainsRune(out.String(), 0x9b) {
		t.Errorf("JSON: %q, %v", out, err)
	}
}

// blocked is an output that nobody reads until it is released.
type blocked struct {
	began   func()
	release chan struct{}
}

func (b *blocked) Write(p []byte) (int, error) {
	b.began()
	<-b.release
	return len(p), nil
}

// A pager on its first page, or a stopped terminal, takes nothing: a signal
// ends tail all the same.
func TestTailEndsThoughNobodyReads(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &blocked{began: cancel, release: make(chan struct{})}
	defer close(out.release)
	tl, _, _ := newTestTail(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		stream(w, "event: exchange\ndata: "+tailEvent+"\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	tl.out, tl.json = out, true
	unnotified := false
	err := tl.until(ctx, func() { unnotified = true })
	if err == nil || !strings.Contains(err.Error(), "nobody reads") || !unnotified {
		t.Errorf("%v, a second signal ends it: %v", err, unnotified)
	}
}

// A terminal that was stopped for longer than a stream may be silent has a gap,
// and is told so; what was sent meanwhile is shown first.
func TestTailOnAStoppedTerminal(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const silence = 20 * time.Millisecond
	out := &blocked{release: make(chan struct{})}
	written := 0
	out.began = func() {
		if written++; written == 1 {
			time.AfterFunc(4*silence, func() { close(out.release) })
		}
	}
	tl, _, errs := newTestTail(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n > 1 {
			cancel()
			return
		}
		stream(w, "event: exchange\ndata: "+tailEvent+"\n\nevent: exchange\ndata: "+tailEvent+"\n\n") // and is cut
	})
	tl.out, tl.json, tl.silence = out, true, silence
	if err := tl.run(ctx); err != nil || written != 2 || !strings.Contains(errs.String(), "some calls are missing here; waiting") {
		t.Errorf("%v, %d lines: %s", err, written, errs)
	}
}
