package cleeng_test

import (
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/cleeng"
)

// KEY marks where the token is expected; it is a token that JSON must escape.
const key = `k"\` + "\x01" + `é`

const quotedKey = `"k\"\\\u0001é"`

// fill is the mode that completes what carries no accepted credential.
func fill(r *cleeng.RPC) string {
	return string(r.Inject(nil, key, func(i int) bool { return r.Calls[i].Fillable() }))
}

// The bodies are those of published clients; only the token may differ.
func TestFillOfPublishedClients(t *testing.T) {
	for _, c := range []struct{ name, in, out string }{
		{
			"PHP: a batch of one, escaped slashes, as a form",
			`[{"method":"createVodOffer","params":{"publisherToken":"","offerData":{"url":"http:\/\/a.example\/b","price":4.50}},"jsonrpc":"2.0","id":1}]`,
			`[{"method":"createVodOffer","params":{"publisherToken":KEY,"offerData":{"url":"http:\/\/a.example\/b","price":4.50}},"jsonrpc":"2.0","id":1}]`,
		},
		{
			"PHP: a batch of different needs",
			`[{"method":"getCustomer","params":{"customerToken":"abc"},"jsonrpc":"2.0","id":1},{"method":"getSubscriptionOffer","params":{"offerId":"S1_US"},"jsonrpc":"2.0","id":2},{"method":"listVodOffers","params":{"criteria":[],"offset":0,"limit":20},"jsonrpc":"2.0","id":3},{"method":"generateCustomerToken","params":{"publisherToken":"cleengate","customerEmail":"a@b.example"},"jsonrpc":"2.0","id":4}]`,
			`[{"method":"getCustomer","params":{"customerToken":"abc"},"jsonrpc":"2.0","id":1},{"method":"getSubscriptionOffer","params":{"offerId":"S1_US"},"jsonrpc":"2.0","id":2},{"method":"listVodOffers","params":{"publisherToken":KEY,"criteria":[],"offset":0,"limit":20},"jsonrpc":"2.0","id":3},{"method":"generateCustomerToken","params":{"publisherToken":KEY,"customerEmail":"a@b.example"},"jsonrpc":"2.0","id":4}]`,
		},
		{
			"Java: the order of its fields, escaped HTML",
			`{"id":"3b6f0e2a-3b0a-4f0e-9c57-0a9e7a3d7f11","jsonrpc":"2.0","method":"listSubscriptionOffers","params":{"publisherToken":"cleengate","criteria":{"active":true,"title":"a\u0026b"},"offset":0,"limit":10}}`,
			`{"id":"3b6f0e2a-3b0a-4f0e-9c57-0a9e7a3d7f11","jsonrpc":"2.0","method":"listSubscriptionOffers","params":{"publisherToken":KEY,"criteria":{"active":true,"title":"a\u0026b"},"offset":0,"limit":10}}`,
		},
		{
			"Node: the key is sent with every method, last",
			`{"id":1,"jsonrpc":"2.0","method":"getAccessStatus","params":{"customerToken":"abc","offerId":"S1","ipAddress":"192.0.2.1","publisherToken":""}}`,
			`{"id":1,"jsonrpc":"2.0","method":"getAccessStatus","params":{"customerToken":"abc","offerId":"S1","ipAddress":"192.0.2.1","publisherToken":""}}`,
		},
		{
			"Node: the placeholder never leaves",
			`{"id":1,"jsonrpc":"2.0","method":"getAccessStatus","params":{"customerToken":"abc","offerId":"S1","ipAddress":"192.0.2.1","publisherToken":"cleengate"}}`,
			`{"id":1,"jsonrpc":"2.0","method":"getAccessStatus","params":{"customerToken":"abc","offerId":"S1","ipAddress":"192.0.2.1","publisherToken":KEY}}`,
		},
		{
			"C#: null for what is not set, as text/plain",
			`{"method":"updateCustomerEmail","params":{"publisherToken":null,"customerEmail":"a@b.example","newEmail":"c@d.example"},"jsonrpc":"2.0","id":"6f9619ff-8b86-d011-b42d-00cf4fc964ff"}`,
			`{"method":"updateCustomerEmail","params":{"publisherToken":KEY,"customerEmail":"a@b.example","newEmail":"c@d.example"},"jsonrpc":"2.0","id":"6f9619ff-8b86-d011-b42d-00cf4fc964ff"}`,
		},
		{
			"middleware: an old name of the version, numbers as ids",
			`{"method":"registerCustomer","params":{"customerData":{"email":"a@b.example","registrationDate":1451606400}},"id":1,"json-rpc":"2.0"}`,
			`{"method":"registerCustomer","params":{"publisherToken":KEY,"customerData":{"email":"a@b.example","registrationDate":1451606400}},"id":1,"json-rpc":"2.0"}`,
		},
		{
			"a key of the app's own",
			`{"method":"registerCustomer","params":{"publisherToken":"own"},"id":1}`,
			`{"method":"registerCustomer","params":{"publisherToken":"own"},"id":1}`,
		},
		{
			"both tokens needed, the customer's names the customer only",
			`{"method":"getCustomerEmail","params":{"customerToken":"abc"},"id":1}`,
			`{"method":"getCustomerEmail","params":{"publisherToken":KEY,"customerToken":"abc"},"id":1}`,
		},
		{
			"either token is enough",
			`[{"method":"extendTokenExpiration","params":{"customerToken":"abc"}},{"method":"extendTokenExpiration","params":{"customerToken":""}}]`,
			`[{"method":"extendTokenExpiration","params":{"customerToken":"abc"}},{"method":"extendTokenExpiration","params":{"publisherToken":KEY,"customerToken":""}}]`,
		},
		{
			"a customer's method without any token",
			`{"method":"getCustomer","params":{"customerToken":""}}`,
			`{"method":"getCustomer","params":{"customerToken":""}}`,
		},
		{
			"unknown methods are filled unless there is a token",
			`[{"method":"unheardOf","params":{"a":1}},{"method":"unheardOf","params":{"customerToken":"abc"}}]`,
			`[{"method":"unheardOf","params":{"publisherToken":KEY,"a":1}},{"method":"unheardOf","params":{"customerToken":"abc"}}]`,
		},
	} {
		want := strings.ReplaceAll(c.out, "KEY", quotedKey)
		if got := fill(parse(t, c.in)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, want)
		}
	}
}

func TestInjectPlaces(t *testing.T) {
	for in, out := range map[string]string{
		`{"method":"m"}`:                                       `{"method":"m","params":{"publisherToken":KEY}}`,
		" { \"method\" : \"m\" \n} ":                           " { \"method\" : \"m\",\"params\":{\"publisherToken\":KEY} \n} ",
		`{"method":"m","params":{}}`:                           `{"method":"m","params":{"publisherToken":KEY}}`,
		`{"method":"m","params":{ }}`:                          `{"method":"m","params":{"publisherToken":KEY }}`,
		`{"method":"m","params":{ "a":1}}`:                     `{"method":"m","params":{"publisherToken":KEY, "a":1}}`,
		`{"params":{"a":{"publisherToken":"x"}},"method":"m"}`: `{"params":{"publisherToken":KEY,"a":{"publisherToken":"x"}},"method":"m"}`,
		`{"params":["publisherToken",""],"method":"m"}`:        `{"params":["publisherToken",""],"method":"m"}`,
		`{"params":null,"method":"m"}`:                         `{"params":null,"method":"m"}`,
		`{"params":"","method":"m"}`:                           `{"params":"","method":"m"}`,
		// Spelling and repetition neither smuggle nor drop the token.
		`{"method":"m","params":{"\u0070ublisherToken":"x"}}`:                       `{"method":"m","params":{"\u0070ublisherToken":KEY}}`,
		`{"method":"m","params":{"publisherToken":"x","\u0070ublisherToken":"y"}}`:  `{"method":"m","params":{"publisherToken":KEY,"\u0070ublisherToken":KEY}}`,
		`{"method":"m","params":{"publisherToken":{"a":[1]},"publisherToken":  5}}`: `{"method":"m","params":{"publisherToken":KEY,"publisherToken":  KEY}}`,
		`{"method":"m","params":{},"\u0070arams":{"publisherToken":"x"}}`:           `{"method":"m","params":{"publisherToken":KEY},"\u0070arams":{"publisherToken":KEY}}`,
		`{"method":"m","params":{"PublisherToken":"x"}}`:                            `{"method":"m","params":{"publisherToken":KEY,"PublisherToken":"x"}}`,
		`{"publisherToken":"x","method":"m"}`:                                       `{"publisherToken":"x","method":"m","params":{"publisherToken":KEY}}`,
		// Elements that are no call stay as they are.
		`[1,{"params":{"publisherToken":""}},{"method":"m"},{"method":7,"params":{}}]`: `[1,{"params":{"publisherToken":""}},{"method":"m","params":{"publisherToken":KEY}},{"method":7,"params":{}}]`,
	} {
		want := strings.ReplaceAll(out, "KEY", quotedKey)
		r := parse(t, in)
		if got := string(r.Inject([]byte("before"), key, nil)); got != "before"+want {
			t.Errorf("%s:\n got %s\nwant %s", in, got, want)
		}
		if got := string(r.Inject(nil, key, func(int) bool { return false })); got != in {
			t.Errorf("%s: changed to %s though no call was chosen", in, got)
		}
	}
}

func TestTokenStates(t *testing.T) {
	for value, want := range map[string]cleeng.TokenState{
		`""`: cleeng.TokenEmpty, `null`: cleeng.TokenEmpty, `"cleengate"`: cleeng.TokenPlaceholder, `"\u0063leengate"`: cleeng.TokenPlaceholder,
		`"x"`: cleeng.TokenPresent, `" "`: cleeng.TokenPresent, `0`: cleeng.TokenPresent, `{}`: cleeng.TokenPresent, `"Cleengate"`: cleeng.TokenPresent,
		`"","publisherToken":"x"`:         cleeng.TokenPresent,
		`"x","publisherToken":""`:         cleeng.TokenPresent,
		`"","publisherToken":"cleengate"`: cleeng.TokenPlaceholder,
	} {
		c := &parse(t, `{"method":"registerCustomer","params":{"publisherToken":`+value+`}}`).Calls[0]
		if c.PublisherToken() != want {
			t.Errorf("%s: state %d, want %d", value, c.PublisherToken(), want)
		}
		if c.Fillable() != (want != cleeng.TokenPresent) {
			t.Errorf("%s: fillable %v", value, c.Fillable())
		}
	}
}
