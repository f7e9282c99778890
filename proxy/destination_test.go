package proxy

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

// A path leads to the same whether it comes for the first time or was remembered,
// and never to what another method or path leads to.
func TestDestinationsDoNotDependOnWhatCameBefore(t *testing.T) {
	r := newRigAt(t, "http://127.0.0.1:1")
	up := r.view.Load().upstream("core")
	rt := newRouter()
	rt.add(up, nil)
	paths := []string{
		"/3.1/offers", "/3.1/offers/S1", "/3.1/offers/S2", "/3.1/offers/S1/", "/3.1//offers", "/3.1/offers/../offers", "/3.1/offers/%53%31", "/3.1/customers/1/offers",
		"/3.1/unknown", "/elsewhere", "/3.1", "/3.1/offers/" + strings.Repeat("x", maxKnown),
	}
	for range 5 {
		for _, path := range paths {
			for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPatch, "PURGE"} {
				request := httptest.NewRequest(method, "http://localhost"+path, http.NoBody)
				request.RequestURI = path
				got, found := rt.find(request)
				if want := strings.HasPrefix(path, "/3.1/"); found != want {
					t.Fatalf("%s %s: found %v", method, path, found)
				}
				if !found {
					continue
				}
				if want := destinationOf(up, nil, method, path); !reflect.DeepEqual(got, want) {
					t.Fatalf("%s %s: %+v, want %+v", method, path, got, want)
				}
			}
		}
	}
}

// However a path is written down (behind a token, as a whole URL), it leads to the same:
// what one client asks for must not decide where another's call goes.
func TestDestinationsDependOnThePathAlone(t *testing.T) {
	r := newRigAt(t, "http://127.0.0.1:1")
	rt := r.view.Load().routers[""]
	const path = "/3.1/offers/a{x}" // net/http cannot keep it as a path
	for range 3 {
		for _, target := range []string{path, "/-/some-token" + path, "http://localhost" + path} {
			request, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n")))
			if err != nil {
				t.Fatal(err)
			}
			takePathToken(request)
			if d, found := rt.find(request); !found || d.path != path || d.ep.Template != "/3.1/offers/{offerId}" {
				t.Fatalf("%s: found %v, path %q, endpoint %v", target, found, d.path, d.ep)
			}
		}
	}
	for _, target := range []string{"foo:bar", "http:/3.1/offers"} { // no path at all
		request := httptest.NewRequest(http.MethodGet, "http://localhost/", http.NoBody)
		request.RequestURI = target
		if d, found := rt.find(request); found {
			t.Errorf("%s leads to %q", target, d.path)
		}
	}
}

// Paths that come once are not kept, those that come again are worked out no more, and
// long ones always.
func TestDestinationsAreWorkedOutTwice(t *testing.T) {
	d := newDestinations()
	worked := 0
	find := func(path string) {
		_, _ = d.find(http.MethodGet, path, func(string, string) (destination, bool) {
			worked++
			return destination{}, true
		})
	}
	for range 10 {
		find("/3.1/offers")
	}
	if worked != 2 {
		t.Errorf("worked out %d times, want 2", worked)
	}
	worked = 0
	for range 10 {
		find("/" + strings.Repeat("x", maxKnown))
	}
	if worked != 10 {
		t.Errorf("a long path was worked out %d times, want each time", worked)
	}
	worked = 0
	for i := range 100_000 {
		find(fmt.Sprint("/3.1/customers/", i))
	}
	if worked != 100_000 {
		t.Errorf("%d of 100,000 paths that came once were found", 100_000-worked)
	}
	if find("/3.1/offers"); worked != 100_000 {
		t.Error("a flood of them pushed out what was kept")
	}
}
