package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// Records of hits are used again, and the answer's own fields stand in them. Whatever
// goes on at the same time, each caller gets its own: request id, place in the store,
// body, and what its method and conditions make of it.
func TestHitsKeepTheirOwnFieldsApart(t *testing.T) {
	r := newCacheRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Etag", `"`+req.URL.Path+`"`)
		_, _ = io.WriteString(w, req.URL.Path)
	}))
	r.sinkOff()
	paths := []string{"/3.1/offers/S1_US", "/3.1/offers/S2_US", "/3.1/offers/S3_US"}
	for _, path := range paths {
		_ = r.do(http.MethodGet, path, nil)
	}
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8}}
	defer client.CloseIdleConnections()
	check := func(caller, n int) error {
		path, method, id := paths[n%len(paths)], http.MethodGet, fmt.Sprintf("caller-%d-call-%d", caller, n)
		req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, http.NoBody)
		if err != nil {
			return err
		}
		req.Header.Set("X-Request-Id", id)
		status, body := http.StatusOK, path
		switch n % 4 {
		case 1:
			req.Method, body = http.MethodHead, ""
		case 2:
			req.Header.Set("If-None-Match", `"`+path+`"`)
			status, body = http.StatusNotModified, ""
		case 3:
			req.Header.Set("Range", "bytes=0-3")
			status, body = http.StatusPartialContent, path[:4]
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		got, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		if resp.StatusCode != status || string(got) != body || resp.Header.Get("X-Request-Id") != id || resp.Header.Get("Age") != "0" ||
			!strings.HasPrefix(resp.Header.Get("Cache-Status"), "cleengate; hit") || resp.Header.Get("Server-Timing") == "" {
			return fmt.Errorf("%s %s as %s: %d %q %v", req.Method, path, id, resp.StatusCode, got, resp.Header)
		}
		return nil
	}
	var callers sync.WaitGroup
	for caller := range 6 {
		callers.Go(func() {
			for n := range 120 {
				if err := check(caller, n); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
}
