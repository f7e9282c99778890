package rfc9111_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

// A response is stored, used, and validated when it is stale.
func Example() {
	sent := time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)
	exchange := rfc9111.Exchange{
		Method: http.MethodGet, Status: http.StatusOK, Requested: sent, Received: sent,
		Response: http.Header{"Cache-Control": {"max-age=60"}, "Etag": {`"v1"`}, "Set-Cookie": {"id=7"}},
	}
	terms, reason := rfc9111.Assess(exchange, rfc9111.Policy{})
	if reason != rfc9111.Storable {
		fmt.Println("not stored:", reason)
		return
	}
	stored := rfc9111.StorableHeader(exchange.Response, exchange.Received)
	fmt.Println("cookie stored:", stored["Set-Cookie"] != nil)

	for _, later := range []time.Duration{30 * time.Second, 90 * time.Second} {
		verdict := terms.Judge(rfc9111.ParseRequest(http.Header{}), sent.Add(later))
		status := rfc9111.Status{Hit: verdict.Kind == rfc9111.Fresh, Fwd: rfc9111.FwdStale, TTL: verdict.TTL, HasTTL: true}
		fmt.Printf("%s: %s\n", verdict.Kind, status.Append(nil))
	}

	outgoing := http.Header{}
	rfc9111.AddValidators(outgoing, stored)
	fmt.Println("If-None-Match:", outgoing.Get("If-None-Match"))

	now := sent.Add(90 * time.Second)
	confirmed := rfc9111.Exchange{Method: http.MethodGet, Status: http.StatusNotModified, Requested: now, Received: now, Response: http.Header{"Etag": {`"v1"`}}}
	if len(rfc9111.Selects304(confirmed.Response, stored)) == 1 {
		_, terms, _ = rfc9111.Revalidated(http.StatusOK, stored, confirmed, rfc9111.Policy{})
		verdict := terms.Judge(rfc9111.Request{}, now.Add(time.Second))
		fmt.Printf("%s for %s\n", verdict.Kind, verdict.TTL)
	}
	// Output:
	// cookie stored: false
	// fresh: cleengate; hit; ttl=30
	// to be validated: cleengate; fwd=stale; ttl=-30
	// If-None-Match: "v1"
	// fresh for 59s
}
