package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

const (
	sampleEvery   = 500 * time.Millisecond
	sampleTimeout = 5 * time.Second
)

// sampleTraffic is an app as a publisher's backend might be: it reads offers,
// subscriptions and customers, over both server-side APIs.
func sampleTraffic(ctx context.Context, base string) error {
	client := &http.Client{Timeout: sampleTimeout}
	calls := []func() (*http.Request, error){
		get(ctx, base+"/3.1/offers?active=true"),
		get(ctx, base+"/3.1/offers/"+simulator.MonthlyOfferID),
		get(ctx, base+"/3.1/subscriptions?limit=20"),
		func() (*http.Request, error) {
			body := `{"method":"listSubscriptionOffers","params":{"offset":0,"limit":10},"jsonrpc":"2.0","id":1}`
			return http.NewRequestWithContext(ctx, http.MethodPost, base+"/3.0/json-rpc", strings.NewReader(body))
		},
	}
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		req, err := calls[i%len(calls)]()
		if err != nil {
			return err
		}
		req.Header.Set("Cleengate-Client", "demo")
		resp, err := client.Do(req)
		if err != nil {
			continue // the log of the proxy tells why
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}

func get(ctx context.Context, url string) func() (*http.Request, error) {
	return func() (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	}
}
