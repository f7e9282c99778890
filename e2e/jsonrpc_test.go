package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rpcKey needs escaping in JSON, as a key that is pasted with its quotes does.
const (
	rpcKey       = `key"\-1`
	quotedRPCKey = `"key\"\\-1"`
)

// rpcBodies are what published clients send; KEY stands where the key is put
// in, over what follows it up to the next bar.
var rpcBodies = []struct{ name, contentType, body string }{
	{
		"PHP: always a batch, as a form", "application/x-www-form-urlencoded",
		`[{"method":"createVodOffer","params":{"publisherToken":KEY""|,"offerData":{"url":"http:\/\/a.example\/b","price":4.50,"title":"a+b=c&d%20e"}},"jsonrpc":"2.0","id":1}]`,
	},
	{
		"PHP: a batch of calls with different needs", "application/x-www-form-urlencoded",
		`[{"method":"getCustomer","params":{"customerToken":"abc"},"jsonrpc":"2.0","id":1},{"method":"listVodOffers","params":{"publisherToken":KEYnull|,"criteria":[],"offset":0,"limit":20},"jsonrpc":"2.0","id":2},{"method":"generateCustomerToken","params":{"publisherToken":KEY"cleengate"|,"customerEmail":"a@b.example"},"jsonrpc":"2.0","id":3}]`,
	},
	{
		"Java: its order of members, escaped HTML", "application/json",
		`{"id":"3b6f0e2a-3b0a-4f0e-9c57-0a9e7a3d7f11","jsonrpc":"2.0","method":"listSubscriptionOffers","params":{"publisherToken":KEY"cleengate"|,"criteria":{"active":true,"title":"a\u0026b"},"offset":0,"limit":10}}`,
	},
	{
		"Node: the key last, behind a customer's token", "application/json",
		`{"id":1,"jsonrpc":"2.0","method":"getAccessStatus","params":{"customerToken":"abc","offerId":"S1","ipAddress":"192.0.2.1","publisherToken":KEY"cleengate"|}}`,
	},
	{
		"Node: a customer's call with an empty key", "application/json",
		`{"id":1,"jsonrpc":"2.0","method":"getAccessStatus","params":{"customerToken":"abc","offerId":"S1","ipAddress":"192.0.2.1","publisherToken":""}}`,
	},
	{
		"C#: null for what is not set, indented, as text", "text/plain; charset=utf-8",
		"{\r\n  \"method\": \"updateCustomerEmail\",\r\n  \"params\": {\r\n    \"publisherToken\": KEYnull|,\r\n    \"customerEmail\": \"a@b.example\",\r\n    \"newEmail\": \"c@d.example\"\r\n  },\r\n  \"jsonrpc\": \"2.0\",\r\n  \"id\": \"6f9619ff-8b86-d011-b42d-00cf4fc964ff\"\r\n}",
	},
	{
		"a key of the app's own", "application/json",
		`{"method":"registerCustomer","params":{"publisherToken":"own","customerData":{"registrationDate":1.4516064E9}},"id":12345678901234567890,"json-rpc":"2.0"}`,
	},
	{"no content type", "", `{"method":"registerCustomer","params":{"publisherToken":KEY""|,"a":1},"id":null}`},
	{"no call at all", "application/json", `{"method":"registerCustomer","params":{"publisherToken":""`},
	{"params as a list", "application/json", `{"method":"registerCustomer","params":["publisherToken",""],"id":1}`},
}

// between splits a template of rpcBodies into what the app sends and what has
// to arrive upstream.
func between(template string) (sent, arrives string) {
	for {
		head, rest, ok := strings.Cut(template, "KEY")
		if !ok {
			return sent + template, arrives + template
		}
		old, rest, _ := strings.Cut(rest, "|")
		sent, arrives, template = sent+head+old, arrives+head+quotedRPCKey, rest
	}
}

// TestJSONRPCOfPublishedClients compares, byte for byte, what clients send
// with what arrives, and what is answered with what comes back: the key is the
// only difference.
func TestJSONRPCOfPublishedClients(t *testing.T) {
	const reply = "[ {\"id\" : \"1\",\"result\":{\"price\":4.50,\"url\":\"http:\\/\\/a.example\"},\"jsonrpc\":\"2.0\"}]\n"
	up := record(t, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n"+reply)
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(rpcKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g := startGate(t, append(upstreamEnv(up.url), "CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS_FILE="+file))
	for _, c := range rpcBodies {
		sent, arrives := between(c.body)
		for _, path := range []string{"/3.0/json-rpc", "/api/3.0/json-rpc"} {
			fields := []string{"X-Plain", "kept"}
			if c.contentType != "" {
				fields = append(fields, "Content-Type", c.contentType)
			}
			status, _, answer := call(t, "POST", g.url+path, sent, fields...)
			if status != 200 || answer != reply {
				t.Errorf("%s: answered %d %q", c.name, status, answer)
			}
			seen := up.requests()
			if len(seen) != 1 {
				t.Errorf("%s: %d calls arrived", c.name, len(seen))
				continue
			}
			head, body, _ := strings.Cut(seen[0], "\r\n\r\n")
			if body != arrives {
				t.Errorf("%s:\n    sent %s\n arrived %s\nexpected %s", c.name, sent, body, arrives)
			}
			if !strings.HasPrefix(head, "POST /3.0/json-rpc HTTP/1.1\r\n") { // the alias too: production has no other path
				t.Errorf("%s: %s was sent as %q", c.name, path, head)
			}
			if has := strings.Contains(head, "\r\nContent-Type: "); has != (c.contentType != "") || has && !strings.Contains(head+"\r\n", "\r\nContent-Type: "+c.contentType+"\r\n") {
				t.Errorf("%s: content type changed: %q", c.name, head)
			}
			if strings.Contains(head, "Publisher-Token") {
				t.Errorf("%s: the key went into the header too: %q", c.name, head)
			}
		}
	}
	if status := g.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
