package rfc9111_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

// noon is when the responses of the tables are received.
var noon = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

func httpDate(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

func secs(n int) time.Duration { return time.Duration(n) * time.Second }

// header reads "Name: value" lines; a name may come several times.
func header(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, found := strings.Cut(line, ":")
		if !found {
			panic("no header line: " + line)
		}
		h.Add(name, strings.TrimPrefix(value, " "))
	}
	return h
}

// exchange is a GET that took no time and its 200, dated noon.
func exchange(response ...string) rfc9111.Exchange {
	h := header(response...)
	if _, dated := h["Date"]; !dated {
		h.Set("Date", httpDate(noon))
	}
	return rfc9111.Exchange{Method: "GET", Status: 200, Response: h, Requested: noon, Received: noon}
}

func store(t *testing.T, x rfc9111.Exchange, p rfc9111.Policy) rfc9111.Terms {
	t.Helper()
	terms, reason := rfc9111.Assess(x, p)
	if reason != rfc9111.Storable {
		t.Fatalf("%v is not storable: %s", x.Response, reason)
	}
	return terms
}

func refuse(t *testing.T, x rfc9111.Exchange, p rfc9111.Policy, want rfc9111.Reason) {
	t.Helper()
	terms, reason := rfc9111.Assess(x, p)
	if reason != want {
		t.Errorf("%s %d %v: reason %q, want %q", x.Method, x.Status, x.Response, reason, want)
	}
	if terms != (rfc9111.Terms{}) {
		t.Errorf("refused with terms %+v", terms)
	}
}

func request(lines ...string) rfc9111.Request { return rfc9111.ParseRequest(header(lines...)) }
