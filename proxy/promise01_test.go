package proxy

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestPromise01_NoRedirectIsFollowed(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", other.URL+"/3.1/offers")
		w.WriteHeader(http.StatusTemporaryRedirect)
	}))
	a := r.do("GET", "/3.1/offers", nil)
	if a.StatusCode != 307 || a.Header.Get("Location") != other.URL+"/3.1/offers" || elsewhere.Load() != 0 {
		t.Errorf("%d %v, %d calls elsewhere", a.StatusCode, a.Header, elsewhere.Load())
	}
}

func TestPromise01_AppCannotChooseTheHost(t *testing.T) {
	up := newRawUpstream(t, "HTTP/1.1 204 No Content\r\n\r\n")
	r := newRigAt(t, up.url)
	host := strings.TrimPrefix(up.url, "http://")
	for _, request := range []string{
		"GET //evil.example/3.1/offers HTTP/1.1\r\nHost: localhost\r\n", "GET http://localhost/3.1/offers HTTP/1.1\r\nHost: evil.example\r\n",
		"GET /3.1/offers HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Host: evil.example\r\nX-Original-URL: http://evil.example/\r\n",
	} {
		r.raw(request + "Connection: close\r\n\r\n")
		if got := <-up.seen; !strings.Contains(got, "\r\nHost: "+host+"\r\n") {
			t.Errorf("%q went up as %q", request, got)
		}
	}
}

func TestPromise01_ErrorsHoldNoCredential(t *testing.T) {
	r := newRigAt(t, "http://127.0.0.1:1", noRetry)
	a := r.do("GET", "/3.1/offers?secret=canary-in-query", nil, "X-Publisher-Token", "canary-in-header")
	rec := r.next(t)
	for _, text := range []string{a.body, rec.Failure(), rec.Endpoint} {
		if strings.Contains(text, "canary") || strings.Contains(text, testKey) {
			t.Errorf("%q", text)
		}
	}
}

func TestPromise01_WhatIsNoHTTPIsNotRepeated(t *testing.T) {
	up := newRawUpstream(t, "HTTP/1.1 canary-from-upstream\r\n\r\n")
	r := newRigAt(t, up.url, noRetry)
	a := r.do("GET", "/3.1/offers", nil)
	rec := r.next(t)
	if a.StatusCode != 502 || !strings.Contains(rec.Failure(), "malformed HTTP") {
		t.Errorf("%d, recorded %q", a.StatusCode, rec.Failure())
	}
	if all := a.body + rec.Failure() + rec.Attempts()[0].Err; strings.Contains(all, "canary") {
		t.Errorf("%q", all)
	}
}
