package cache

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/journal"
)

// neighbours stand for the layers around the cache.
type neighbours struct {
	call       func() *Call
	fromMemory func()
	upstream   func(r *http.Request) *http.Response
	seen       []http.Header // of the calls upstream
}

func (n *neighbours) Call(*http.Request) *Call { return n.call() }
func (n *neighbours) Detach(ctx context.Context, r *http.Request, d Departure) *http.Request {
	out := r.Clone(ctx)
	if d.RPC != nil {
		out.Body = io.NopCloser(bytes.NewReader(d.RPC.Body()))
	}
	return out
}
func (n *neighbours) Settle(*http.Request)                         {}
func (n *neighbours) Adopt(*http.Request, *http.Request, Adoption) {}
func (n *neighbours) FromMemory(*http.Request, *journal.Excerpt) {
	if n.fromMemory != nil {
		n.fromMemory()
	}
}

func (n *neighbours) Excerpt(*http.Request, int, http.Header, []byte) *journal.Excerpt { return nil }

func (n *neighbours) Origin(*http.Request) Origin { return Origin{} }

func (n *neighbours) Untouched(*http.Request) bool { return false }

func (n *neighbours) Late(error) bool { return false }
func (n *neighbours) Observed(string) {}

func (n *neighbours) RoundTrip(r *http.Request) (*http.Response, error) {
	n.seen = append(n.seen, r.Header.Clone())
	resp := n.upstream(r)
	resp.Request, resp.ProtoMajor = r, 1
	return resp, nil
}

func reply(status int, body string, fields ...string) *http.Response {
	resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body))}
	for i := 0; i+1 < len(fields); i += 2 {
		resp.Header.Add(fields[i], fields[i+1])
	}
	if status == http.StatusOK {
		resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	return resp
}

// ask sends a GET of one offer through a transport, and returns its status and
// body.
func ask(t *testing.T, tr *Transport, n *neighbours, fields ...string) (status int, body string) {
	t.Helper()
	call := getCall("/3.1/offers/S1", "", fields...)
	call.Patience = time.Now().Add(time.Minute)
	n.call = func() *Call { return call }
	r := (&http.Request{Method: http.MethodGet, URL: &url.URL{Path: call.Path}, Header: call.Header}).WithContext(t.Context())
	resp, err := tr.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// TestValidationAcrossAWriteFetchesAnew drops a stale answer after it was looked
// up and before its validation departs. Its Last-Modified is of the second of the
// write, so that a 304 would bring back what was before.
func TestValidationAcrossAWriteFetchesAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := newCache(t), &neighbours{}
		tr := &Transport{Cache: c, Next: n, Proxy: n}
		value, modified := "old", time.Now().UTC().Format(http.TimeFormat)
		n.upstream = func(r *http.Request) *http.Response {
			if r.Header.Get("If-Modified-Since") == modified {
				return reply(304, "")
			}
			return reply(200, value, "Last-Modified", modified, "Cache-Control", "max-age=1, stale-while-revalidate=60")
		}
		ask(t, tr, n)
		time.Sleep(2 * time.Second)
		n.fromMemory = func() {
			value = "new"
			c.Purge(Purge{Path: "/3.1/offers/S1"})
		}
		if _, body := ask(t, tr, n); body != "old" { // it came before the write
			t.Errorf("got %q", body)
		}
		n.fromMemory = nil
		synctest.Wait()
		if _, body := ask(t, tr, n); body != "new" {
			t.Errorf("a validation brought back %q", body)
		}
		_ = c.Close()
	})
}

// TestSecondAttemptCarriesNoConditionOfTheApp has an upstream whose 304 names
// another version: the call that follows is everybody's, so it asks for the
// whole.
func TestSecondAttemptCarriesNoConditionOfTheApp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := newCache(t), &neighbours{}
		tr := &Transport{Cache: c, Next: n, Proxy: n}
		n.upstream = func(r *http.Request) *http.Response {
			switch {
			case r.Header.Get("If-None-Match") == `"1"`:
				return reply(304, "", "Etag", `"2"`)
			case r.Header.Get("Range") != "":
				return reply(206, "wh", "Content-Range", "bytes 0-1/5")
			}
			return reply(200, "whole", "Etag", `"1"`, "Cache-Control", "max-age=1, must-revalidate")
		}
		ask(t, tr, n)
		time.Sleep(2 * time.Second)
		for _, field := range []string{"Range", "If-None-Match", "If-Modified-Since"} {
			value := map[string]string{"Range": "bytes=0-1", "If-None-Match": `"9"`, "If-Modified-Since": time.Unix(0, 0).UTC().Format(http.TimeFormat)}[field]
			n.seen = nil
			if status, body := ask(t, tr, n, field, value); status != 200 || body != "whole" {
				t.Errorf("%s: got %d %q", field, status, body)
			}
			if len(n.seen) != 2 {
				t.Fatalf("%s: %d calls upstream", field, len(n.seen))
			}
			if got := n.seen[1].Get(field); got != "" {
				t.Errorf("%s: %s went along", field, got)
			}
			time.Sleep(2 * time.Second)
		}
		_ = c.Close()
	})
}
