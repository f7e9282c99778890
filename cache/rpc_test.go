package cache

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
)

func rpcCall(t testing.TB, body string) *Call {
	t.Helper()
	rpc, err := cleeng.ParseRPC([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return &Call{Upstream: "rpc", Endpoint: rpc.Endpoint(), Method: http.MethodPost, Path: "/3.0/json-rpc", Header: http.Header{}, HasBody: true, RPC: rpc}
}

func TestClassesOfRPCRequests(t *testing.T) {
	c := newCache(t)
	for body, want := range map[string]callKind{
		`{"method":"getPassOffer","params":{},"id":1}`:                                               rpcReads,
		`[{"method":"getPassOffer","params":{},"id":1},{"method":"getCustomer","params":{},"id":2}]`: rpcReads,
		`[{"method":"getPassOffer","params":{},"id":1},{"method":"applyCoupon","params":{},"id":2}]`: writes,
		`{"method":"getSomethingNew","params":{},"id":1}`:                                            writes,
		`{"method":"getPassOffer","method":"applyCoupon","params":{},"id":1}`:                        writes,
		`{"method":"trackOfferImpression","params":{},"id":1}`:                                       writes,
	} {
		call := rpcCall(t, body)
		if c.Prepare(call, nil); call.kind != want {
			t.Errorf("%s is %v, want %v", body, call.kind, want)
		}
	}
}

func TestElementsThatHaveNoKey(t *testing.T) {
	c := newCache(t)
	for _, body := range []string{
		`{"method":"getPassOffer","params":{"a":1,"a":2},"id":1}`,
		`{"method":"getPassOffer","params":[1],"id":1}`,
		`{"method":"getPassOffer","params":{}}`,
		`{"method":"getPassOffer","params":{},"id":null}`,
		`{"method":"getPassOffer","params":{},"id":{"a":1}}`,
	} {
		call := rpcCall(t, body)
		c.Prepare(call, nil)
		if _, ok := c.element(call, 0, nil); ok {
			t.Errorf("%s has a key", body)
		}
	}
}

// FuzzRPCKeysDiffer gives two calls any params and tokens: a key that they share
// means that the params are the same JSON and the tokens the same text.
func FuzzRPCKeysDiffer(f *testing.F) {
	f.Add(`{"offerId":"S1","a":1}`, `{"a":1,"offerId":"S1"}`, "x", "x")
	f.Add(`{"offerId":"S1","publisherToken":"k"}`, `{"offerId":"S1"}`, "k", "k")
	f.Add(`{"a":{"b":1,"c":[1,2]}}`, `{"a":{"c":[1,2],"b":1}}`, "", "")
	f.Add(`{"a":"1"}`, `{"a":1}`, "", "")
	f.Add(`{"a":1.0}`, `{"a":1}`, "", "")
	c := newCache(f)
	key := func(params, token string) (Key, map[string]any, bool) {
		quoted, _ := json.Marshal(token)
		rpc, err := cleeng.ParseRPC([]byte(`{"method":"getPassOffer","params":` + params + `,"id":` + string(quoted) + `}`))
		if err != nil || len(rpc.Calls) != 1 || rpc.Calls[0].Ambiguous {
			return Key{}, nil, false
		}
		call := &Call{Upstream: "rpc", Endpoint: rpc.Endpoint(), Method: http.MethodPost, Path: "/3.0/json-rpc", Header: http.Header{"Authorization": {token}}, HasBody: true, RPC: rpc}
		c.Prepare(call, nil)
		if call.kind != rpcReads {
			return Key{}, nil, false
		}
		el, ok := c.element(call, 0, nil)
		if !ok {
			return Key{}, nil, false
		}
		var decoded map[string]any
		if params != "" && json.Unmarshal([]byte(params), &decoded) != nil {
			return Key{}, nil, false
		}
		return el.key, decoded, true
	}
	f.Fuzz(func(t *testing.T, params1, params2, token1, token2 string) {
		key1, decoded1, ok1 := key(params1, token1)
		key2, decoded2, ok2 := key(params2, token2)
		if ok1 && ok2 && key1 == key2 && (token1 != token2 || !reflect.DeepEqual(decoded1, decoded2)) {
			t.Errorf("%s with %q and %s with %q share a key", params1, token1, params2, token2)
		}
	})
}

// TestBatchIsNoLongerThanAReplyMayBe asks for one large answer many times over in
// a batch, which would take as many times its memory to put together.
func TestBatchIsNoLongerThanAReplyMayBe(t *testing.T) {
	c, err := New(Options{MaxBytes: 128 << 20, Metrics: silent{}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	n := &neighbours{}
	tr := &Transport{Cache: c, Next: n, Proxy: n}
	long := strings.Repeat("x", 1<<20)
	sent := 0
	answer := func(r *http.Request) *http.Response {
		b, _ := io.ReadAll(r.Body)
		rpc, err := cleeng.ParseRPC(b)
		if err != nil {
			t.Fatal(err)
		}
		sent = len(rpc.Calls)
		elements := make([]string, sent)
		for i := range elements {
			elements[i] = `{"id":"` + string(rpc.Calls[i].ID) + `","result":"` + long + `","error":null}`
		}
		body := "[" + strings.Join(elements, ",") + "]"
		if !rpc.Batch {
			body = elements[0]
		}
		return reply(200, body)
	}
	n.upstream = answer
	ask := func(body string) string {
		call := rpcCall(t, body)
		call.Patience = time.Now().Add(time.Minute)
		n.call = func() *Call { return call }
		r := (&http.Request{Method: http.MethodPost, URL: &url.URL{Path: call.Path}, Header: call.Header, Body: io.NopCloser(strings.NewReader(body))}).WithContext(t.Context())
		resp, err := tr.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	one := func(id string) string {
		return `{"method":"getPassOffer","params":{"offerId":"P1"},"id":` + id + `}`
	}
	ask(one("1"))
	if sent = 0; !strings.Contains(ask("["+one("2")+","+one("3")+"]"), `"id":"3"`) || sent != 0 {
		t.Errorf("%d of 2 elements went upstream", sent)
	}
	calls := make([]string, 20)
	for i := range calls {
		calls[i] = one(strconv.Itoa(i + 10))
	}
	n.fromMemory = func() { t.Error("20 MiB were put together") }
	ask("[" + strings.Join(calls, ",") + "]")
	if sent == 0 {
		t.Error("nothing went upstream")
	}
	if held := c.held.used.Load(); held != 0 {
		t.Errorf("%d bytes are held", held)
	}
}
