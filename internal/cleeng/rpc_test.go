package cleeng_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/cleeng"
)

func parse(t *testing.T, body string) *cleeng.RPC {
	t.Helper()
	r, err := cleeng.ParseRPC([]byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return r
}

func TestParseRPC(t *testing.T) {
	r := parse(t, ` [ {"method":"getCustomer","params":{"customerToken":"c"},"id":1},{"id":"x","method":"getVodOffer"} , 5 ] `)
	if !r.Batch || len(r.Calls) != 3 {
		t.Fatalf("batch %v of %d", r.Batch, len(r.Calls))
	}
	c := &r.Calls[0]
	if c.Method != "getCustomer" || string(c.ID) != "1" || c.Endpoint != cleeng.RPCMethod("getCustomer") ||
		c.PublisherToken() != cleeng.TokenAbsent || c.CustomerToken() != cleeng.TokenPresent || c.Ambiguous {
		t.Errorf("first call: %+v, %s, %d, %d", c, c.ID, c.PublisherToken(), c.CustomerToken())
	}
	if c = &r.Calls[1]; string(c.ID) != `"x"` || c.Endpoint != cleeng.RPCMethod("getVodOffer") {
		t.Errorf("second call: %+v, %s", c, c.ID)
	}
	if c = &r.Calls[2]; c.Method != "" || c.ID != nil || c.Injectable() || c.Endpoint.Known() {
		t.Errorf("an element that is no call: %+v", c)
	}
	if one := parse(t, `{"method":"\u0067etCustomer"}`); one.Batch || one.Calls[0].Method != "getCustomer" {
		t.Errorf("single call: %+v", one)
	}
}

func TestParseRPCRefusesWhatIsNoCall(t *testing.T) {
	deep := `{"method":"m","params":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`
	many := `[` + strings.Repeat(`{"method":"m"},`, 1000) + `{"method":"m"}]`
	for body, want := range map[string]error{
		"": cleeng.ErrNotRPC, " ": cleeng.ErrNotRPC, "{": cleeng.ErrNotRPC, "{}": cleeng.ErrNotRPC, "[]": cleeng.ErrNotRPC,
		"null": cleeng.ErrNotRPC, `"method"`: cleeng.ErrNotRPC, "[1,2]": cleeng.ErrNotRPC, `{"method":5}`: cleeng.ErrNotRPC,
		`{"method":""}`: cleeng.ErrNotRPC, `{"method":"m"} {}`: cleeng.ErrNotRPC, `{"method":"m",}`: cleeng.ErrNotRPC,
		`{"method":"m"`: cleeng.ErrNotRPC, "\xef\xbb\xbf" + `{"method":"m"}`: cleeng.ErrNotRPC, `method=m&params={}`: cleeng.ErrNotRPC,
		`[[{"method":"m"}]]`: cleeng.ErrNotRPC,
		deep:                 cleeng.ErrRPCBounds, many: cleeng.ErrRPCBounds,
	} {
		if _, err := cleeng.ParseRPC([]byte(body)); !errors.Is(err, want) {
			t.Errorf("%.40q: %v, want %v", body, err, want)
		}
	}
	thousand := `[` + strings.Repeat(`{"method":"m"},`, 999) + `{"method":"m"}]`
	if r := parse(t, thousand); len(r.Calls) != 1000 {
		t.Errorf("%d calls", len(r.Calls))
	}
}

func TestRepeatedMembersAreAmbiguous(t *testing.T) {
	for _, body := range []string{
		`{"method":"getCustomer","method":"getCustomer"}`,
		`{"method":"getCustomer","\u006dethod":"deleteAll"}`,
		`{"method":"getCustomer","params":{},"params":{}}`,
		`{"method":"getCustomer","id":1,"id":2}`,
	} {
		c := parse(t, body).Calls[0]
		if !c.Ambiguous || c.Endpoint.Template != "/3.0/json-rpc#other" || c.Endpoint.Retry != cleeng.RetryNever {
			t.Errorf("%s: ambiguous %v, %s", body, c.Ambiguous, c.Endpoint.Template)
		}
		if _, ok := c.CanonicalParams(nil); ok {
			t.Errorf("%s: has canonical params", body)
		}
	}
}

func TestEndpointOfRequest(t *testing.T) {
	for body, want := range map[string]string{
		`{"method":"getCustomer"}`:                                           "#getCustomer R",
		`[{"method":"getCustomer"},{"method":"getCustomer"}]`:                "#getCustomer R",
		`[{"method":"getCustomer"},{"method":"getVodOffer"}]`:                "#batch R",
		`[{"method":"getCustomer"},{"method":"updateVodOffer"}]`:             "#batch I",
		`[{"method":"updateVodOffer"},{"method":"requestPasswordReset"}]`:    "#batch E",
		`[{"method":"getCustomer"},{"method":"unheardOf"}]`:                  "#batch X",
		`[{"method":"unheardOf"},{"method":"notKnown"}]`:                     "#other X",
		`[{"method":"getCustomer"},7]`:                                       "#batch X",
		`[{"method":"registerSubscription"}]`:                                "#registerSubscription X",
		`[{"method":"getCustomer","id":1,"id":1},{"method":"getVodOffer"}]`:  "#batch X",
		`[{"method":"listVodOffers"},{"method":"listVodOffers","params":3}]`: "#listVodOffers R",
	} {
		e := parse(t, body).Endpoint()
		if got := strings.TrimPrefix(e.Template, "/3.0/json-rpc") + " " + e.Retry.String(); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
		if e.Reads() != strings.HasSuffix(want, "R") || e.Payment {
			t.Errorf("%s: reads %v, payment %v", body, e.Reads(), e.Payment)
		}
	}
}

func TestSubset(t *testing.T) {
	r := parse(t, ` [{"method":"a", "id":1} , {"id":2,"method":"b"},{"method":"c","n":1.0e3}]`)
	for want, chosen := range map[string]func(int) bool{
		`[{"method":"a", "id":1},{"method":"c","n":1.0e3}]`: func(i int) bool { return i != 1 },
		`[{"id":2,"method":"b"}]`:                           func(i int) bool { return i == 1 },
		`[]`:                                                func(int) bool { return false },
	} {
		if got := string(r.Subset([]byte("x"), chosen)); got != "x"+want {
			t.Errorf("subset %s, want %s", got, want)
		}
	}
	part, err := r.Select(func(i int) bool { return i > 0 })
	if err != nil || len(part.Calls) != 2 || part.Calls[0].Method != "b" || !part.Batch {
		t.Errorf("Select: %v, %v", part, err)
	}
	if _, err := r.Select(func(int) bool { return false }); !errors.Is(err, cleeng.ErrNotRPC) {
		t.Errorf("Select of nothing: %v", err)
	}
	one := parse(t, ` {"method":"a"}`)
	if got := string(one.Subset(nil, func(int) bool { return true })); got != `{"method":"a"}` {
		t.Errorf("subset of a single call: %s", got)
	}
	if got := one.Subset(nil, func(int) bool { return false }); len(got) != 0 {
		t.Errorf("empty subset of a single call: %s", got)
	}
}

func TestPrintingShowsNoToken(t *testing.T) {
	r := parse(t, `{"method":"getCustomer","params":{"publisherToken":"canary","customerToken":"canary"},"id":1}`)
	answer := reply(t, `{"result":{"token":"canary"},"id":"1"}`)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{r, r.Calls, r.Calls[0], &r.Calls[0], answer, answer.Elements, answer.Elements[0]} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, "canary") || strings.Contains(out, "63616e617279") || strings.Contains(out, "99 97 110") {
				t.Errorf("%s of %T shows a token: %s", verb, v, out)
			}
		}
	}
}

func TestTagsOfCalls(t *testing.T) {
	r := parse(t, `[{"method":"getVodOffer","params":{"offerId":"R1_US"}},
		{"method":"getAccessStatus","params":{"customerToken":"c","offerId":"R1_US"}},
		{"method":"updateCustomerSubscription","params":{"publisherToken":"p","customerId":70e1}},
		{"method":"unheardOf","params":{"customerToken":"c"}}]`)
	for i, want := range []string{"offer:R1 offers", "offer:R1 offers customers customer:? purchases purchases:? entitlements entitlements:?", "", ""} {
		if got := strings.Join(r.Calls[i].AppendTags(nil), " "); got != want {
			t.Errorf("call %d has tags %q, want %q", i, got, want)
		}
	}
	for i, want := range []string{"", "", "purchases:70e1 purchases:?", "credential"} {
		if got := strings.Join(r.Calls[i].AppendStales(nil), " "); got != want {
			t.Errorf("call %d makes stale %q, want %q", i, got, want)
		}
	}
}

func BenchmarkParseAndInject(b *testing.B) {
	body := []byte(`[{"method":"getAccessStatus","params":{"customerToken":"Q5ik8S5iULFfnUwzcX0TvVfhzqBYRsXMGAcUeAIESAVHm1jj","offerId":"S123456789_US","ipAddress":"192.0.2.1"},"id":1,"jsonrpc":"2.0"},` +
		`{"method":"listCustomerSubscriptions","params":{"publisherToken":"","customerEmail":"a@b.example","offset":0,"limit":20},"id":2,"jsonrpc":"2.0"}]`)
	token := strings.Repeat("k", 48)
	b.Run("spans", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		var dst []byte
		for b.Loop() {
			r, err := cleeng.ParseRPC(body)
			if err != nil {
				b.Fatal(err)
			}
			dst = r.Inject(dst[:0], token, func(i int) bool { return r.Calls[i].Fillable() })
		}
		if !bytes.Contains(dst, []byte(token)) {
			b.Fatal("nothing injected")
		}
	})
	// The reference: decode and encode the whole, which loses order and forms.
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			var calls []map[string]any
			if err := json.Unmarshal(body, &calls); err != nil {
				b.Fatal(err)
			}
			calls[1]["params"].(map[string]any)["publisherToken"] = token
			if _, err := json.Marshal(calls); err != nil {
				b.Fatal(err)
			}
		}
	})
}
