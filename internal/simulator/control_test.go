package simulator_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

func TestKnobsOverTheControlEndpoint(t *testing.T) {
	r := start(t, nil)
	r.do("GET", "/_sim/knobs", nil).same(t, "15m0s", "credentials", "jwt_lifetime")
	changed := r.do("PATCH", "/_sim/knobs", m{"credentials": m{"jwt_lifetime": "5s"}})
	changed.want(t, 200)
	changed.same(t, "5s", "credentials", "jwt_lifetime")
	if got := r.sim.Knobs().Credentials.JWTLifetime; got != 5*time.Second {
		t.Errorf("jwt_lifetime is %v", got)
	}
	bad := r.do("PATCH", "/_sim/knobs", m{"quota": m{"limit": 5}})
	bad.want(t, 400)
	bad.same(t, "quota.limit", "knob")
	if text, _ := bad.at(t, "error").(string); !strings.Contains(text, "known here: batch, before_auth, body") {
		t.Errorf("error %q", text)
	}
	whole := r.do("PATCH", "/_sim/knobs", r.do("GET", "/_sim/knobs", nil).body)
	whole.want(t, 200)
	if help := r.do("GET", "/_sim/knobs/help", nil); help.at(t, "quota.limits[].window") == "" {
		t.Error("no help on a knob")
	}
}

func TestControlIsNeitherCountedNorLimitedNorHarmed(t *testing.T) {
	r := start(t, func(k *simulator.Knobs) {
		k.Quota.Limits = []simulator.Limit{{Limit: 0, Window: time.Hour}}
		k.Faults = []simulator.Fault{{Kind: simulator.FaultResetBefore}}
	})
	r.do("GET", "/_sim/counters", nil).same(t, 0.0, "arrivals")
	r.do("GET", "/_sim/counters", nil).same(t, 0.0, "arrivals")
}

func TestControlKeysAndRevocation(t *testing.T) {
	r := start(t, nil)
	jwt := r.login().JWT
	r.do("POST", "/_sim/keys", m{"name": "third", "value": "v"}).want(t, 200)
	r.do("GET", "/3.1/offers", nil, "X-Publisher-Token", "v").want(t, 200)
	r.do("DELETE", "/_sim/keys/third", nil).want(t, 200)
	r.do("GET", "/3.1/offers", nil, "X-Publisher-Token", "v").want(t, 401)
	r.do("DELETE", "/_sim/keys/third", nil).want(t, 404)
	r.do("GET", "/_sim/keys", nil).same(t, "second", "keys", 1, "name")
	for path, body := range map[string]m{
		"/_sim/keys":   {"name": "x"},
		"/_sim/revoke": {"customer_id": 1},
		"/_sim/reset":  {"everything": true},
	} {
		r.do("POST", path, body).want(t, 400)
	}
	r.do("POST", "/_sim/keys", m{"name": "n", "value": "w", "allowed_ips": []string{"1.2.3.4"}}).want(t, 400)
	r.do("POST", "/_sim/revoke", m{"jwts": true, "refresh_tokens": true}).same(t, 1.0, "revoked")
	r.as(jwt, "GET", "/customers/100000001", nil).want(t, 401)
	r.do("POST", "/_sim/reset", nil).want(t, 200)
	r.do("GET", "/_sim/defaults", nil).same(t, simulator.CustomerEmail, "customer_email")
	r.do("GET", "/_sim/writes?field=externalId&value=a", nil).same(t, 0.0, "carried_out")
	r.do("GET", "/_sim/writes", nil).want(t, 400)
	r.core("GET", "/offers", nil)
	r.do("GET", "/_sim/arrivals?limit=1", nil).same(t, "/3.1/offers", "arrivals", 0, "uri")
	unknown := r.do("GET", "/_sim/knob", nil)
	unknown.want(t, 404)
	if text, _ := unknown.at(t, "error").(string); !strings.Contains(text, "PATCH /_sim/knobs") {
		t.Errorf("error %q", text)
	}
}

func TestServerListensServesAndEnds(t *testing.T) {
	server := simulator.NewServer(simulator.New(simulator.Options{}))
	if err := server.Serve(t.Context()); err == nil || server.URL() != "" {
		t.Errorf("Serve before Listen: %v, URL %q", err, server.URL())
	}
	if err := server.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	other := simulator.NewServer(simulator.New(simulator.Options{}))
	if err := other.Listen(server.Addr()); err == nil || !strings.Contains(err.Error(), server.Addr()) {
		t.Errorf("listening on a taken address: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL()+"/locales", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("status %d", resp.StatusCode)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if err := server.Close(); err != nil {
		t.Errorf("Close after the end: %v", err)
	}
}

// TestServeCutsACallThatWillNotEnd has a caller that does not read its gigabyte.
func TestServeCutsACallThatWillNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, pipe := simulator.NewServer(simulator.New(simulator.Options{})), simulator.NewPipeListener()
		server.ListenOn(pipe)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- server.Serve(ctx) }()
		transport := pipe.Transport()
		defer transport.CloseIdleConnections()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://sim/sim/download?bytes=1073741824", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("Serve ended %v after it was told, want 2s", took)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err == nil {
			t.Error("the whole gigabyte arrived")
		}
		_ = resp.Body.Close()
		if _, err := pipe.DialContext(t.Context(), "", ""); err == nil {
			t.Error("the listener still takes connections")
		}
	})
}

func TestWebhookIsSigned(t *testing.T) {
	got := make(chan *http.Request, 1)
	bodies := make(chan string, 1)
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hook := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- r
		bodies <- string(body)
	})}
	done := make(chan error, 1)
	go func() { done <- hook.Serve(l) }()
	defer func() { _ = hook.Close(); <-done }()

	r := start(t, func(k *simulator.Knobs) {
		k.Webhook.Secret, k.Webhook.Header = "0123456789abcdef", "X-Cleeng-Signature"
	})
	order := m{"url": "http://" + l.Addr().String() + "/hook", "topic": "offerUpdated", "data": m{"offerId": "S100000001"}}
	r.do("POST", "/_sim/webhooks", order).same(t, 200.0, "status")
	req, body := <-got, <-bodies
	if want := simulator.SignWebhook(r.sim.Knobs().Webhook, []byte(body)); req.Header.Get("X-Cleeng-Signature") != want || len(want) != 64 {
		t.Errorf("signature %q, want %q", req.Header.Get("X-Cleeng-Signature"), want)
	}
	if body != `{"broadcasterId":870553921,"data":{"offerId":"S100000001"},"topic":"offerUpdated"}` {
		t.Errorf("body %s", body)
	}
	for _, url := range []string{"http://192.0.2.1/", "https://127.0.0.1/", "nonsense"} {
		r.do("POST", "/_sim/webhooks", m{"url": url, "topic": "x"}).want(t, 400)
	}
}

func TestInAppAndDeviceLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		jwt := r.login().JWT
		buy := m{"transactionId": "sk-1"}
		first := r.do("POST", "/storekit2/purchases", buy, "Authorization", "Bearer "+jwt, "Correlation-Id", "corr-1")
		first.want(t, 202)
		first.same(t, "corr-1", "responseData", "synchronizationId")
		clash := r.as(jwt, "POST", "/storekit2/purchases", buy)
		clash.want(t, 409)
		clash.same(t, "SK2C0101", "code")
		r.as(jwt, "GET", "/purchases/synchronizations/corr-1", nil).same(t, "inProgress", "responseData", "status")
		time.Sleep(2 * time.Second)
		r.do("GET", "/purchases/synchronizations/corr-1", nil, "X-Publisher-Token", simulator.PublisherKey).same(t, "success", "responseData", "status")
		r.do("POST", "/storekit2/purchases", buy).want(t, 401)

		code, _ := r.do("POST", "/codes/generate", m{}).at(t, "code").(string)
		r.do("GET", "/codes/"+code, nil).want(t, 202)
		r.do("POST", "/codes/authorize", m{"code": code}).want(t, 401)
		r.as(jwt, "POST", "/codes/authorize", m{"code": code}).want(t, 200)
		device, _ := r.do("GET", "/codes/"+code, nil).at(t, "jwt").(string)
		r.as(device, "GET", "/customers/100000001", nil).want(t, 200)
		r.do("GET", "/codes/"+code, nil).want(t, 404)
	})
}
