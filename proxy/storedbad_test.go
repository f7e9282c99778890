package proxy

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/config"
)

func readAll(t testing.TB, resp *http.Response) string {
	t.Helper()
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

// TestSpoiltAnswersAreNeitherStoredNorHidden sends answers as bytes.
func TestSpoiltAnswersAreNeitherStoredNorHidden(t *testing.T) {
	const fresh = "Cache-Control: max-age=60\r\n"
	var vary strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&vary, "x-%d, ", i)
	}
	for name, c := range map[string]struct {
		answer string
		status int    // at the app; 0: the connection breaks
		body   string // where there is a status of the upstream's
	}{
		"shorter than declared":    {"HTTP/1.1 200 OK\r\n" + fresh + "Content-Length: 10\r\n\r\n12345", 0, ""},
		"chunks without an end":    {"HTTP/1.1 200 OK\r\n" + fresh + "Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n", 0, ""},
		"two different lengths":    {"HTTP/1.1 200 OK\r\n" + fresh + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n123456", 502, ""},
		"ends with connection":     {"HTTP/1.1 200 OK\r\n" + fresh + "\r\n12345", 200, "12345"},
		"unasked 304":              {"HTTP/1.1 304 Not Modified\r\n" + fresh + "\r\n", 502, ""},
		"vary on everything":       {"HTTP/1.1 200 OK\r\n" + fresh + "Vary: *\r\nContent-Length: 5\r\n\r\n12345", 200, "12345"},
		"vary on 10000 fields":     {"HTTP/1.1 200 OK\r\n" + fresh + "Vary: " + vary.String() + "z\r\nContent-Length: 5\r\n\r\n12345", 200, "12345"},
		"unreadable directives":    {"HTTP/1.1 200 OK\r\nCache-Control: max-age=60, =\"\r\nContent-Length: 5\r\n\r\n12345", 200, "12345"},
		"a part that nobody asked": {"HTTP/1.1 206 Partial Content\r\n" + fresh + "Content-Range: bytes 0-4/10\r\nContent-Length: 5\r\n\r\n12345", 206, "12345"},
		"header of 100 KiB":        {"HTTP/1.1 200 OK\r\n" + fresh + "X-Long: " + strings.Repeat("x", 100<<10) + "\r\nContent-Length: 5\r\n\r\n12345", 200, "12345"},
	} {
		t.Run(name, func(t *testing.T) {
			up := newRawUpstream(t, c.answer)
			r := newRigAt(t, up.url, noRetries)
			stored := withCache(t, r, false)
			for range 2 {
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/3.1/passes", http.NoBody)
				resp, err := r.client().RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				switch {
				case c.status == 0 && err == nil:
					t.Errorf("a broken answer came as a whole one: %d %q", resp.StatusCode, body)
				case c.status != 0 && (err != nil || resp.StatusCode != c.status):
					t.Errorf("got %d and %v, want %d", resp.StatusCode, err, c.status)
				case c.body != "" && string(body) != c.body:
					t.Errorf("got %q", body)
				}
			}
			if s := stored.Stat(); s.Entries != 0 {
				t.Errorf("%d entries were stored", s.Entries)
			}
			if n := len(up.seen); n < 2 {
				t.Errorf("%d calls upstream", n)
			}
		})
	}
}

// TestUnasked304OnOwnCondition has an upstream that answers 304 to the condition
// which brings a version: the call goes again without it.
func TestUnasked304OnOwnCondition(t *testing.T) {
	up := count(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, "whole")
	})
	r := newCacheRig(t, up)
	if a := r.do(http.MethodGet, "/3.1/offers/S1", nil); a.StatusCode != 200 || a.body != "whole" {
		t.Errorf("got %d %q", a.StatusCode, a.body)
	}
}

// TestHugeAnswersPassThrough sends more than the cache would ever hold.
func TestHugeAnswersPassThrough(t *testing.T) {
	const size = 96 << 20
	piece := bytes.Repeat([]byte("0123456789abcdef"), 4<<10)
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		if r.URL.Query().Get("declared") != "" {
			w.Header().Set("Content-Length", fmt.Sprint(size))
		}
		for range size / len(piece) {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	}))
	defer up.Close()
	r := newRigAt(t, up.URL)
	stored := withCache(t, r, false)
	for _, query := range []string{"?declared=1", ""} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/3.1/offers/S1"+query, http.NoBody)
		resp, err := r.client().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		runtime.ReadMemStats(&after)
		if n != size || err != nil {
			t.Errorf("%d bytes and %v", n, err)
		}
		if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 48<<20 {
			t.Errorf("the heap grew by %d MiB", grown>>20)
		}
	}
	if s := stored.Stat(); s.Entries != 0 {
		t.Errorf("%d entries were stored", s.Entries)
	}
}

// TestGzipBombIsStoredAsItCame asks for a small answer that unpacks to a large
// one.
func TestGzipBombIsStoredAsItCame(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.CopyN(z, zeros{}, 8<<20)
	_ = z.Close()
	up := count(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	})
	r := newCacheRig(t, up)
	for range 2 {
		if a := r.do(http.MethodGet, "/3.1/offers/S1", nil, "Accept-Encoding", "gzip"); a.body != packed.String() {
			t.Errorf("got %d bytes", len(a.body))
		}
	}
	if n := up.calls.Load(); n != 1 {
		t.Errorf("%d calls", n)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestSmallCacheRefusesLargeAnswers has a cache of the least size.
func TestSmallCacheRefusesLargeAnswers(t *testing.T) {
	up := count(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 40<<10)) })
	r := newRig(t, up, func(cfg *config.Config) { cfg.Cache.MaxSize = 1 << 10 })
	stored := withCache(t, r, false)
	for range 2 {
		r.do(http.MethodGet, "/3.1/offers/S1", nil)
	}
	if s := stored.Stat(); s.Entries != 0 || up.calls.Load() != 2 {
		t.Errorf("%+v after %d calls", s, up.calls.Load())
	}
}
