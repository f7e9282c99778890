package rfc9111_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

func TestRFC9111_3_1_WhatIsNotStored(t *testing.T) {
	got := rfc9111.StorableHeader(header(
		"Date: "+httpDate(noon), "Content-Type: text/plain", `ETag: "a"`, "X-Total-Count: 3", "Link: <a>", "Link: <b>",
		"Connection: close, x-hop", "Connection: X-Other ,", "X-Hop: 1", "X-Other: 1", "Keep-Alive: 1", "Te: a", "Trailer: X-T",
		"Transfer-Encoding: chunked", "Upgrade: h2c", "Http2-Settings: x", "Proxy-Authenticate: Basic", "Proxy-Authorization: x", "Proxy-Authentication-Info: x",
		"Proxy-Connection: x", "Proxy-Status: x", "Set-Cookie: a=b", "Set-Cookie2: a=b", "Cleengate-Diagnosis: x", "Age: 5", "Server-Timing: x",
		"X-RateLimit-Remaining: 0", "RateLimit: x", "RateLimit-Policy: x", "RateLimit-Reset: 5",
		`Cache-Control: max-age=60, private="x-p", no-cache="x-n, X-M"`, "X-P: 1", "X-N: 1", "X-M: 1",
	), noon)
	want := header(
		"Date: "+httpDate(noon), "Content-Type: text/plain", `ETag: "a"`, "X-Total-Count: 3", "Link: <a>", "Link: <b>",
		`Cache-Control: max-age=60, private="x-p", no-cache="x-n, X-M"`,
	)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRFC9110_6_6_1_ReceptionIsTheDateOfAResponseWithoutOne(t *testing.T) {
	for _, lines := range [][]string{nil, {"Date: now"}, {"Date: " + httpDate(noon), "Date: " + httpDate(at(1))}} {
		if got := rfc9111.StorableHeader(header(lines...), at(5)); !cmp.Equal(got["Date"], []string{httpDate(at(5))}) {
			t.Errorf("%v: %v", lines, got["Date"])
		}
	}
}

func TestStorableHeaderLeavesItsInputAlone(t *testing.T) {
	in := header("Connection: x-a", "X-A: 1", "Set-Cookie: a=b", "Age: 1")
	before := in.Clone()
	rfc9111.StorableHeader(in, noon)
	if diff := cmp.Diff(before, in); diff != "" {
		t.Error(diff)
	}
}

func TestRFC9111_5_2_2_4_QualifiedNoCache(t *testing.T) {
	for line, want := range map[string]bool{ // every use needs validation
		`no-cache="x-a"`: false, `no-cache=x-a`: false, `no-cache="x-a,x-b"`: false, `no-cache="x-a", no-cache`: true,
		`no-cache=""`: true, `no-cache=`: true, `no-cache="x a"`: true, `no-cache="etag"`: true, `no-cache="x-a, vary"`: true, `no-cache="x\-a"`: true,
	} {
		terms := store(t, exchange("Cache-Control: max-age=60, "+line, `ETag: "a"`), rfc9111.Policy{})
		if terms.NoCache != want {
			t.Errorf("%s: no-cache %t", line, terms.NoCache)
		}
	}
}

func TestRFC9110_15_4_5_NotModifiedHasNoContentFields(t *testing.T) {
	got := rfc9111.NotModifiedHeader(header("Date: x", `ETag: "a"`, "Vary: Accept", "Cache-Control: max-age=60", "Expires: x", "Content-Location: /a", "X-Total-Count: 3",
		"Content-Type: text/plain", "Content-Length: 5", "Content-Encoding: gzip", "Content-Language: de", "Content-Disposition: x", "Accept-Ranges: bytes", "Content-Digest: x"))
	want := header("Date: x", `ETag: "a"`, "Vary: Accept", "Cache-Control: max-age=60", "Expires: x", "Content-Location: /a", "X-Total-Count: 3")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRFC9111_3_2_UpdatingAStoredHeader(t *testing.T) {
	stored := header("Date: "+httpDate(at(-100)), `ETag: W/"a"`, "Cache-Control: max-age=60", "Content-Type: application/json", "Content-Length: 500",
		"Content-Encoding: br", "X-Old: 1", "X-Both: old", "X-Both: older", "X-Private: 1")
	before := stored.Clone()
	x := rfc9111.Exchange{Method: "GET", Status: 304, Requested: noon, Received: noon, Response: header(
		"Date: "+httpDate(noon), `ETag: "a"`, `Cache-Control: max-age=90, private="x-private"`, "Content-Type: text/html", "Content-Length: 0",
		"Content-Encoding: gzip", "Content-Range: bytes 0-1/2", "Content-MD5: x", "Transfer-Encoding: chunked", "X-Both: new", "X-New: 1", "Set-Cookie: a=b",
		"Connection: x-hop", "X-Hop: 1", "Age: 7")}
	got, terms, reason := rfc9111.Revalidated(200, stored, x, rfc9111.Policy{})
	if reason != rfc9111.Storable || terms.Lifetime != secs(90) || terms.InitialAge != secs(7) || !terms.Received.Equal(noon) {
		t.Errorf("%q %+v", reason, terms)
	}
	want := header("Date: "+httpDate(noon), `ETag: W/"a"`, `Cache-Control: max-age=90, private="x-private"`, "Content-Type: application/json", "Content-Length: 500",
		"Content-Encoding: br", "X-Old: 1", "X-Both: new", "X-New: 1")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, stored); diff != "" {
		t.Errorf("the stored header changed: %s", diff)
	}
}

func TestRFC9111_3_2_A304WithoutDateIsDatedByItsReception(t *testing.T) {
	stored := header("Date: "+httpDate(at(-1000)), "Age-Of-Old: 1", "Cache-Control: max-age=60", `ETag: "a"`)
	x := rfc9111.Exchange{Method: "GET", Status: 304, Requested: noon, Received: noon, Response: http.Header{}}
	got, terms, reason := rfc9111.Revalidated(200, stored, x, rfc9111.Policy{})
	if reason != rfc9111.Storable || terms.InitialAge != 0 || got.Get("Date") != httpDate(noon) {
		t.Errorf("%q %+v %v", reason, terms, got)
	}
}

func TestRFC9111_3_2_A304MayForbidToKeepTheResponse(t *testing.T) {
	stored := header("Date: "+httpDate(noon), "Cache-Control: max-age=60", `ETag: "a"`)
	for line, want := range map[string]rfc9111.Reason{
		"Cache-Control: no-store": rfc9111.ReasonNoStore, "Cache-Control: private": rfc9111.ReasonPrivate, "Vary: *": rfc9111.ReasonVary,
	} {
		x := rfc9111.Exchange{Method: "GET", Status: 304, Requested: noon, Received: noon, Response: header(line)}
		if _, terms, reason := rfc9111.Revalidated(200, stored, x, rfc9111.Policy{TTL: secs(9)}); reason != want || terms != (rfc9111.Terms{}) {
			t.Errorf("%s: %q %+v", line, reason, terms)
		}
	}
}
