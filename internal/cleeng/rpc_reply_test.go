package cleeng_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/cleeng"
)

func reply(t *testing.T, body string) *cleeng.RPCReply {
	t.Helper()
	r, err := cleeng.ParseRPCReply([]byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return r
}

func TestParseRPCReply(t *testing.T) {
	r := reply(t, ` [{"result":{"a":1},"id":"1","error":null,"jsonrpc":"2.0"}, {"result":null,"error":{"code":3,"message":"Invalid publisher\u0020token"},"id":2},{"error":{"code":"15"}},{"error":"broken","id":null}]`)
	if !r.Batch || len(r.Elements) != 4 {
		t.Fatalf("batch %v of %d", r.Batch, len(r.Elements))
	}
	for i, want := range []struct {
		id, message string
		hasError    bool
		code        int
	}{{`"1"`, "", false, 0}, {`2`, "Invalid publisher token", true, 3}, {``, "", true, 15}, {`null`, "", true, 0}} {
		e := &r.Elements[i]
		if string(e.ID) != want.id || e.HasError != want.hasError || e.Code != want.code || e.Message != want.message {
			t.Errorf("element %d: id %s, error %v, code %d, %q", i, e.ID, e.HasError, e.Code, e.Message)
		}
	}
	if got := string(r.Elements[2].Raw); got != `{"error":{"code":"15"}}` {
		t.Errorf("raw %s", got)
	}
	for body, want := range map[string]error{
		``: cleeng.ErrNotRPC, `{"message":"Too Many Requests"}`: cleeng.ErrNotRPC, `{}`: cleeng.ErrNotRPC, `[1]`: cleeng.ErrNotRPC,
		`"x"`: cleeng.ErrNotRPC, `<html>`: cleeng.ErrNotRPC, `{"result":1`: cleeng.ErrNotRPC,
		`{"result":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`: cleeng.ErrRPCBounds,
		`[` + strings.Repeat(`{"id":1},`, 1000) + `{"id":1}]`:                    cleeng.ErrRPCBounds,
	} {
		if _, err := cleeng.ParseRPCReply([]byte(body)); !errors.Is(err, want) {
			t.Errorf("%.40s: %v, want %v", body, err, want)
		}
	}
	if empty := reply(t, `[]`); !empty.Batch || len(empty.Elements) != 0 {
		t.Errorf("empty batch: %+v", empty)
	}
	huge := reply(t, `{"error":{"code":99999999999999999999,"message":7},"id":1}`)
	if e := huge.Elements[0]; !e.HasError || e.Code != 0 || e.Message != "" {
		t.Errorf("code out of range: %+v", e)
	}
}

// A stored answer goes out with the id of the call it answers, in the type
// that upstream gives ids.
func TestWithID(t *testing.T) {
	for _, c := range []struct{ stored, id, want string }{
		{`{"result":{"id":5},"id":"1","jsonrpc":"2.0"}`, `7`, `{"result":{"id":5},"id":"7","jsonrpc":"2.0"}`},
		{`{"result":1, "id" : "1" }`, `"a\u0062"`, `{"result":1, "id" : "a\u0062" }`},
		{`{"result":1,"id":1}`, `7`, `{"result":1,"id":7}`},
		{`{"result":1,"id":1}`, `"7"`, `{"result":1,"id":"7"}`},
		{`{"result":1,"id":"1"}`, ``, `{"result":1,"id":null}`},
		{`{"result":1,"id":"1"}`, `null`, `{"result":1,"id":null}`},
		{`{"result":1,"id":"1"}`, `-1.5`, `{"result":1,"id":"-1.5"}`},
		{`{"id":1,"\u0069d":"2","result":0}`, `9`, `{"id":9,"\u0069d":"9","result":0}`},
		{`{"result":1}`, `9`, `{"result":1}`},
	} {
		var id []byte
		if c.id != "" {
			id = []byte(c.id)
		}
		e := &reply(t, c.stored).Elements[0]
		if got := string(e.WithID([]byte("x"), id)); got != "x"+c.want {
			t.Errorf("%s with %s: %s, want %s", c.stored, c.id, got, c.want)
		}
	}
}

func TestPair(t *testing.T) {
	for _, c := range []struct {
		name, request, reply string
		want                 []int
		ok                   bool
	}{
		{"numbers become strings", `[{"method":"m","id":1},{"method":"m","id":2}]`, `[{"id":"1"},{"id":"2"}]`, []int{0, 1}, true},
		{"another order", `[{"method":"m","id":1},{"method":"m","id":2}]`, `[{"id":"2"},{"id":"1"}]`, []int{1, 0}, true},
		{"one is missing", `[{"method":"m","id":1},{"method":"m","id":2}]`, `[{"id":"2"}]`, []int{-1, 0}, true},
		{"in order, ids repeated", `[{"method":"m","id":1},{"method":"m","id":1}]`, `[{"id":"1"},{"id":"1"}]`, []int{0, 1}, true},
		{"in order, no ids", `[{"method":"m"},{"method":"m"}]`, `[{"result":1},{"result":2}]`, []int{0, 1}, true},
		{"a null for none", `[{"method":"m"}]`, `[{"result":1,"id":null}]`, []int{0}, true},
		{"single", `{"method":"m","id":"a"}`, `{"id":"a"}`, []int{0}, true},
		{"a stranger", `[{"method":"m","id":1},{"method":"m","id":2}]`, `[{"id":"1"},{"id":"3"}]`, nil, false},
		{"repeated and missing", `[{"method":"m","id":1},{"method":"m","id":1}]`, `[{"id":"1"}]`, nil, false},
		{"repeated in the reply", `[{"method":"m","id":1},{"method":"m","id":2}]`, `[{"id":"1"},{"id":"1"}]`, nil, false},
		{"no id and missing", `[{"method":"m"},{"method":"m","id":2}]`, `[{"id":"2"}]`, nil, false},
		{"one answer for a batch", `[{"method":"m","id":1}]`, `{"id":"1"}`, nil, false},
		{"a batch for one", `{"method":"m","id":1}`, `[{"id":"1"}]`, nil, false},
		{"wrong single", `{"method":"m","id":1}`, `{"id":"2"}`, nil, false},
		{"two ids in an element", `[{"method":"m","id":1},{"method":"m","id":2}]`, `[{"id":"2","id":"1"},{"id":"2"}]`, nil, false},
	} {
		got, ok := parse(t, c.request).Pair(reply(t, c.reply))
		if ok != c.ok || ok && !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}

func TestJoinReplies(t *testing.T) {
	r := reply(t, `[{"id": 1},{"id":2 }]`)
	if got := string(cleeng.JoinReplies([]byte("x"), r.Elements[1].Raw, r.Elements[0].Raw)); got != `x[{"id":2 },{"id": 1}]` {
		t.Errorf("joined %s", got)
	}
	if got := string(cleeng.JoinReplies(nil)); got != `[]` {
		t.Errorf("joined nothing: %s", got)
	}
}

// A batch of which some calls are answered from elsewhere: the rest goes up as
// a smaller batch, and all answers come back in the order of the calls.
func TestSplitAndMerge(t *testing.T) {
	r := parse(t, `[{"method":"getVodOffer","params":{"offerId":"A"},"id":1},{"method":"getVodOffer","params":{"offerId":"B"},"id":2},{"method":"getVodOffer","params":{"offerId":"C"},"id":3}]`)
	stored := &reply(t, `{"result":"b","id":"99","error":null}`).Elements[0]
	part, err := r.Select(func(i int) bool { return i != 1 })
	if err != nil {
		t.Fatal(err)
	}
	upstream := reply(t, `[{"result":"c","id":"3"},{"result":"a","id":"1"}]`)
	answers, ok := part.Pair(upstream)
	if !ok {
		t.Fatal("not paired")
	}
	whole := [][]byte{
		upstream.Elements[answers[0]].Raw,
		stored.WithID(nil, r.Calls[1].ID),
		upstream.Elements[answers[1]].Raw,
	}
	want := `[{"result":"a","id":"1"},{"result":"b","id":"2","error":null},{"result":"c","id":"3"}]`
	if got := string(cleeng.JoinReplies(nil, whole...)); got != want {
		t.Errorf("merged %s, want %s", got, want)
	}
}

func TestRPCError(t *testing.T) {
	type problem struct {
		Code string `json:"code"`
	}
	for want, got := range map[string][]byte{
		`{"jsonrpc":"2.0","id":"a","result":null,"error":{"code":-32000,"message":"no \"place\"","data":{"code":"queue_full"}}}`:                                                 cleeng.RPCError([]byte(`"a"`), cleeng.RPCServerError, `no "place"`, problem{"queue_full"}),
		`{"jsonrpc":"2.0","id":null,"result":null,"error":{"code":3,"message":"m"}}`:                                                                                             cleeng.RPCError(nil, 3, "m", nil),
		`{"jsonrpc":"2.0","id":7,"result":null,"error":{"code":3,"message":"m\u000a"}}`:                                                                                          cleeng.RPCError([]byte("7"), 3, "m\n", make(chan int)),
		`[{"jsonrpc":"2.0","id":1,"result":null,"error":{"code":1,"message":"m","data":5}},{"jsonrpc":"2.0","id":null,"result":null,"error":{"code":1,"message":"m","data":5}}]`: parse(t, `[{"method":"a","id":1},{"method":"b"}]`).ErrorReply(1, "m", 5),
		`{"jsonrpc":"2.0","id":1,"result":null,"error":{"code":1,"message":"m"}}`:                                                                                                parse(t, `{"method":"a","id":1}`).ErrorReply(1, "m", nil),
	} {
		if string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if !json.Valid(got) {
			t.Errorf("%s is not JSON", got)
		}
		if r := reply(t, string(got)); !r.Elements[0].HasError {
			t.Errorf("%s is no error", got)
		}
	}
}

func FuzzParseRPCReply(f *testing.F) {
	f.Add([]byte(`[{"result":{"a":1},"id":"1","error":null},{"error":{"code":3,"message":"m"},"id":2}]`), []byte(`7`))
	f.Add([]byte(`{"id":1,"\u0069d":"2","result":0}`), []byte(`"x"`))
	f.Fuzz(func(t *testing.T, body, id []byte) {
		r, err := cleeng.ParseRPCReply(body)
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatal("parsed what is not JSON")
		}
		elements := decode(body).calls()
		if len(elements) != len(r.Elements) {
			t.Fatalf("%d elements, want %d", len(r.Elements), len(elements))
		}
		literal := json.Valid(id) && len(id) > 0 && (id[0] == '"' && id[len(id)-1] == '"' || decode(id).kind == 0 && id[0] >= '0' && id[0] <= '9' && id[len(id)-1] > ' ')
		for i := range r.Elements {
			e := &r.Elements[i]
			hasError := slices.ContainsFunc(elements[i].all("error"), func(v *tree) bool { return v.kind != 0 || v.literal != nil })
			if hasError != e.HasError {
				t.Fatalf("has an error: %v", e.HasError)
			}
			if !literal {
				continue
			}
			out := e.WithID(nil, id)
			if !json.Valid(out) {
				t.Fatalf("%q with id %q is not JSON: %q", e.Raw, id, out)
			}
			got := decode(out)
			for _, v := range got.all("id") {
				if a, b := decode(id).literal, v.literal; a != b && a.(json.Number).String() != b {
					t.Fatalf("id %v, want %v", b, a)
				}
			}
			got.remove("id")
			elements[i].remove("id")
			if got.String() != elements[i].String() {
				t.Fatalf("more than the id changed: %s", out)
			}
		}
	})
}
