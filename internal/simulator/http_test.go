package simulator_test

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

func TestAnswersFollowTheAddress(t *testing.T) {
	r := start(t, nil)
	locale := func(path string, header ...string) any {
		return r.do("GET", path, nil, header...).at(t, "responseData", "country")
	}
	for ip, want := range map[string]string{"192.0.2.1": "PL", "198.51.100.1": "DE", "203.0.113.1": "GB", "10.0.0.1": "US"} {
		if got := locale("/locales?customerIP=" + ip); got != want {
			t.Errorf("%s is in %v, want %s", ip, got, want)
		}
		price := r.do("GET", "/offers/"+simulator.EventOfferID+"?customerIP="+ip, nil)
		price.same(t, want, "responseData", "customerCountry")
	}
	if got := locale("/locales", "X-Forwarded-For", "192.0.2.1"); got != "US" {
		t.Errorf("X-Forwarded-For was honoured: %v", got)
	}
	tune(t, r, func(k *simulator.Knobs) {
		k.Data.TrustForwardedFor = true
		k.Data.Countries = map[string]string{"10.0.0.0/8": "FR", "10.7.0.0/16": "DE"}
	})
	for ip, want := range map[string]string{"192.0.2.1": "PL", "10.1.2.3, 1.1.1.1": "FR", "10.7.1.1": "DE"} {
		if got := locale("/locales", "X-Forwarded-For", ip); got != want {
			t.Errorf("forwarded for %s: %v, want %s", ip, got, want)
		}
	}
}

func TestSourceAddressOfAPipeCounts(t *testing.T) {
	r := start(t, nil)
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return r.pipe.DialFrom(ctx, netip.MustParseAddr("198.51.100.9"))
	}}
	defer transport.CloseIdleConnections()
	r.client.Transport = transport
	r.do("GET", "/locales", nil).same(t, "de_DE", "responseData", "locale")
}

func TestJWTMayChangeThePrice(t *testing.T) {
	r := start(t, nil)
	jwt := r.login().JWT
	r.as(jwt, "PATCH", "/customers/100000001", m{"country": "DE"}).want(t, 200)
	path := "/offers/" + simulator.MonthlyOfferID
	r.as(jwt, "GET", path, nil).same(t, "USD", "responseData", "customerCurrency")
	tune(t, r, func(k *simulator.Knobs) { k.Data.JWTChangesPrice = true })
	r.as(jwt, "GET", path, nil).same(t, "EUR", "responseData", "customerCurrency")
	r.do("GET", path, nil).same(t, "USD", "responseData", "customerCurrency")
}

func TestCORS(t *testing.T) {
	r := start(t, nil)
	const origin = "https://app.example.com"
	for cors, want := range map[string][2]string{"open": {"*", ""}, "echo": {origin, ""}, "credentials": {origin, "true"}, "none": {"", ""}} {
		tune(t, r, func(k *simulator.Knobs) { k.HTTP.CORS = cors })
		a := r.do("GET", "/locales", nil, "Origin", origin)
		if got := [2]string{a.header.Get("Access-Control-Allow-Origin"), a.header.Get("Access-Control-Allow-Credentials")}; got != want {
			t.Errorf("%s: %q, want %q", cors, got, want)
		}
	}
	tune(t, r, func(k *simulator.Knobs) {
		k.HTTP.CORS = "open"
		k.Quota.Limits = []simulator.Limit{{Limit: 0, Window: time.Hour}}
	})
	a := r.do("OPTIONS", "/customers/100000001", nil, "Origin", origin, "Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "authorization")
	a.want(t, 204)
	if !strings.Contains(a.header.Get("Access-Control-Allow-Methods"), "PATCH") || !strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("preflight %v", a.header)
	}
}

func TestKnobHeadersAndGzip(t *testing.T) {
	r := start(t, func(k *simulator.Knobs) {
		k.HTTP.Headers = map[string][]string{"cache-control": {"private", "max-age=60"}, "Vary": {"Accept"}}
		k.HTTP.Gzip = true
	})
	a := r.core("GET", "/offers", nil, "Accept-Encoding", "gzip")
	if got := a.header.Values("Cache-Control"); !reflect.DeepEqual(got, []string{"private", "max-age=60"}) {
		t.Errorf("Cache-Control %q", got)
	}
	if a.header.Get("Content-Encoding") != "gzip" || len(a.body) < 2 || a.body[0] != 0x1f {
		t.Errorf("not compressed: %v", a.header)
	}
	if missing := r.core("GET", "/offers/S999999999_US", nil); missing.header.Get("Cache-Control") != "" {
		t.Error("a 404 carries the headers that are for answers below 400")
	}
}

func TestPathsAreTakenAsSent(t *testing.T) {
	r := start(t, nil)
	for path, want := range map[string]int{
		"/3.1/offers/S100000001_US":   200,
		"/3.1//offers/S100000001_US":  404,
		"/3.1/offers/":                404,
		"/3.1/offers/S100000001%5FUS": 200,
		"/3.1/offers%2FS100000001_US": 404,
		"/3.1/offers/../customers":    404,
		"/3.1/nothing":                404,
		"/3.1/offers/season-groups":   200,
		"/3.1/offers/season-groups/7": 404,
	} {
		if a := r.do("GET", path, nil, "X-Publisher-Token", simulator.PublisherKey); a.status != want {
			t.Errorf("%s: %d, want %d", path, a.status, want)
		}
	}
	a := r.do("PUT", "/3.1/offers", nil, "X-Publisher-Token", simulator.PublisherKey)
	a.want(t, 405)
	if allow := a.header.Get("Allow"); allow != "GET, POST" {
		t.Errorf("Allow %q", allow)
	}
	head := r.core("HEAD", "/offers", nil)
	head.want(t, 200)
	if len(head.body) != 0 || head.header.Get("Content-Length") == "" {
		t.Errorf("HEAD gave %d bytes, length %q", len(head.body), head.header.Get("Content-Length"))
	}
}

func TestEchoTellsWhatArrived(t *testing.T) {
	r := start(t, nil)
	a := r.do("PUT", "/sim/echo/a%2Fb//c?x=1;y=%zz&x=2", "hello", "X-Twice", "1", "X-Twice", "2")
	a.want(t, 200)
	var e simulator.Echo
	a.into(t, &e)
	if e.Method != "PUT" || e.URI != "/sim/echo/a%2Fb//c?x=1;y=%zz&x=2" || e.Body != "hello" || e.BodyBytes != 5 || e.Cut {
		t.Errorf("echo %+v", e)
	}
	if e.BodyDigest != "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" {
		t.Errorf("digest %s", e.BodyDigest)
	}
	if got := e.Header.Values("X-Twice"); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("X-Twice %q", got)
	}
	binary := r.do("POST", "/sim/echo", []byte{0xff, 0})
	binary.into(t, &e)
	if e.BodyBase64 != "/wA=" {
		t.Errorf("binary body %q", e.BodyBase64)
	}
}

func TestTransferEndpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		if a := r.do("GET", "/sim/download?bytes=300000", nil); len(a.body) != 300000 || a.header.Get("Content-Length") != "300000" {
			t.Errorf("download: %d bytes, length %q", len(a.body), a.header.Get("Content-Length"))
		}
		began := time.Now()
		if a := r.do("GET", "/sim/download?bytes=5000&chunked=1&rate=1000", nil); len(a.body) != 5000 || a.header.Get("Content-Length") != "" {
			t.Errorf("chunked download: %d bytes", len(a.body))
		}
		if took := time.Since(began).Round(time.Second); took != 5*time.Second {
			t.Errorf("5000 bytes at 1000/s took %v", took)
		}
		up := r.do("POST", "/sim/upload", strings.Repeat("x", 1<<20))
		up.same(t, float64(1<<20), "body_bytes")
		if a := r.do("GET", "/sim/trailers", nil); a.trailer.Get("X-Sim-Digest") == "" || a.trailer.Get("X-Sim-Unannounced") != "yes" {
			t.Errorf("trailers %v", a.trailer)
		}
		if a := r.do("GET", "/sim/stream?chunks=3&interval=1000", nil); string(a.body) != "data: 0\n\ndata: 1\n\ndata: 2\n\n" {
			t.Errorf("stream %q", a.body)
		}
		for _, status := range []int{200, 204, 304, 418, 503} {
			r.do("GET", "/sim/status/"+itoa(status), nil).want(t, status)
		}
		r.do("GET", "/sim/status/99", nil).want(t, 400)
		if a := r.do("GET", "/sim/headers", nil); len(a.header.Values("Set-Cookie")) != 2 || len(a.header.Values("X-Sim-Repeated")) != 3 {
			t.Errorf("headers %v", a.header)
		}
		r.do("GET", "/sim/interim?count=2", nil).same(t, 2.0, "interim")
	})
}
