package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/redact"
)

func twoKeys(c *config.Config) {
	cred := c.Credentials["publisher"]
	cred.Tokens = []redact.Secret{redact.New("old-key-000000000000"), redact.New("new-key-111111111111")}
	c.Credentials["publisher"] = cred
	noRetry(c)
}

func TestPromise04_AnotherKeyCuresA401(t *testing.T) {
	var keys []string
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		keys = append(keys, req.Header.Get("X-Publisher-Token"))
		if req.Header.Get("X-Publisher-Token") == "old-key-000000000000" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"message":"Unauthorized"}`)
			return
		}
		_, _ = w.Write(body)
	}), twoKeys)
	a := r.do("POST", "/3.1/orders", strings.NewReader("an order"))
	if a.StatusCode != 200 || a.body != "an order" || len(keys) != 2 {
		t.Fatalf("%d %q after %v", a.StatusCode, a.body, keys)
	}
	if rec := r.next(t); rec.AttemptCount() != 2 || rec.Attempts()[1].Reason != "renewed" {
		t.Errorf("attempts %+v", rec.Attempts())
	}
	// The key that worked is the first one from now on.
	if a = r.do("GET", "/3.1/offers", nil); a.StatusCode != 200 || len(keys) != 3 {
		t.Errorf("%d after %v", a.StatusCode, keys)
	}
}

func TestPromise04_WhatIsNoFaultOfTheKeyPasses(t *testing.T) {
	for _, tt := range []struct {
		name, method, path string
		status             int
		body               string
		arrivals           int
	}{
		{"missing permission", "GET", "/3.1/offers", 403, `{"message":"Forbidden"}`, 1},
		{"payment is not replayed", "POST", "/3.1/payments", 401, `{"message":"Unauthorized"}`, 1},
		{"refused with every key", "GET", "/3.1/offers", 401, `{"message":"Unauthorized"}`, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			arrivals := 0
			r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				arrivals++
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}), twoKeys)
			a := r.do(tt.method, tt.path, nil)
			if a.StatusCode != tt.status || a.body != tt.body || arrivals != tt.arrivals {
				t.Errorf("%d %q after %d arrivals", a.StatusCode, a.body, arrivals)
			}
		})
	}
}

// rpcUpstream refuses elements that carry the old key, under HTTP 200.
func rpcUpstream(t *testing.T, seen *[]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		*seen = append(*seen, string(body))
		rpc, err := cleeng.ParseRPC(body)
		if err != nil {
			t.Errorf("upstream got %s: %v", body, err)
			return
		}
		var parts []string
		for _, call := range rpc.Calls {
			id := strings.Trim(string(call.ID), `"`)
			if strings.Contains(string(call.Param("publisherToken")), "old") || strings.Contains(string(body), "old-key") && call.PublisherToken() == cleeng.TokenPresent && !strings.Contains(call.Param("own"), "yes") {
				parts = append(parts, `{"result":null,"error":{"code":3,"message":"invalid"},"id":"`+id+`"}`)
			} else {
				parts = append(parts, `{"result":{"ok":`+id+`}, "error":null,"id":"`+id+`"}`)
			}
		}
		if rpc.Batch {
			_, _ = io.WriteString(w, "["+strings.Join(parts, ", ")+"]")
		} else {
			_, _ = io.WriteString(w, parts[0])
		}
	})
}

func TestPromise04_OnlyRefusedElementsGoAgain(t *testing.T) {
	var seen []string
	r := newRig(t, rpcUpstream(t, &seen), twoKeys)
	a := r.do("POST", "/3.0/json-rpc", strings.NewReader(
		`[{"method":"listCustomers","id":1},{"method":"listCustomers","params":{"own":"yes","publisherToken":"mine"},"id":2},{"method":"listCustomers","params":{},"id":3}]`))
	want := `[{"result":{"ok":1}, "error":null,"id":"1"},{"result":{"ok":2}, "error":null,"id":"2"},{"result":{"ok":3}, "error":null,"id":"3"}]`
	if a.StatusCode != 200 || a.body != want {
		t.Fatalf("%d\n%s, want\n%s", a.StatusCode, a.body, want)
	}
	if len(seen) != 2 || strings.Contains(seen[1], "mine") || strings.Count(seen[1], "new-key") != 2 {
		t.Errorf("upstream saw %q", seen)
	}
	seen = nil
	if a = r.do("POST", "/3.0/json-rpc", strings.NewReader(`{"method":"listCustomers","id":9}`)); !strings.Contains(a.body, `"ok":9`) || len(seen) != 1 {
		t.Errorf("%s after %q", a.body, seen)
	}
}

func TestRPCReplyPassesByteForByte(t *testing.T) {
	const reply = " [ {\"id\":\"1\",\n \"result\" : {\"b\":1,\"a\":1.0} } ] \n"
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, reply) }), twoKeys)
	if a := r.do("POST", "/3.0/json-rpc", strings.NewReader(`[{"method":"listCustomers","id":1}]`)); a.body != reply {
		t.Errorf("%q", a.body)
	}
	const long = `{"id":"1","result":"`
	r = newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, long+strings.Repeat("x", 2*maxReply)+`"}`)
	}), twoKeys)
	if a := r.do("POST", "/3.0/json-rpc", strings.NewReader(`{"method":"listCustomers","id":1}`)); len(a.body) != len(long)+2*maxReply+2 {
		t.Errorf("%d bytes", len(a.body))
	}
}
