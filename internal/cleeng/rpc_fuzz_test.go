package cleeng_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/cleeng"
)

var seeds = []string{
	`{"method":"getCustomer","params":{"customerToken":"c","publisherToken":""},"id":1,"jsonrpc":"2.0"}`,
	`[{"method":"getVodOffer","params":{"offerId":"R1","n":[1.0e5,{"a":null}]},"id":"1"},{"method":"m"},3,{"method":"m","params":[]}]`,
	`{"\u006dethod":"m","params":{"\u0070ublisherToken":"\ud83d\ude00","publisherToken":{}},"params":{}}`,
	` { "params" : { } , "method" : "\u0000" } `, `[]`, `{"method":`, "[{\"method\":\"\xff\"}]", `{"method":"m","id":-0.0e-1}`,
}

func FuzzParseRPC(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := cleeng.ParseRPC(body)
		if !json.Valid(body) {
			if err == nil {
				t.Fatal("parsed what is not JSON")
			}
			return
		}
		model := decode(body)
		calls := model.calls()
		methods := 0
		for _, c := range calls {
			if c.method() != "" {
				methods++
			}
		}
		if want := methods > 0 && len(calls) <= 1000 && model.depth() <= 128; want != (err == nil) {
			t.Fatalf("error %v for %d calls with %d methods, %d deep", err, len(calls), methods, model.depth())
		}
		if err != nil {
			return
		}
		if len(r.Calls) != len(calls) || r.Batch != (model.kind == '[') {
			t.Fatalf("%d calls, want %d", len(r.Calls), len(calls))
		}
		for i := range r.Calls {
			checkCall(t, &r.Calls[i], calls[i])
		}
	})
}

func checkCall(t *testing.T, c *cleeng.RPCCall, model *tree) {
	t.Helper()
	if c.Method != model.method() {
		t.Fatalf("method %q, want %q", c.Method, model.method())
	}
	ids := model.all("id")
	if (c.ID != nil) != (len(ids) > 0) || len(ids) > 0 && decode(c.ID).String() != ids[len(ids)-1].String() {
		t.Fatalf("id %s", c.ID)
	}
	params := model.all("params")
	if ambiguous := len(model.all("method")) > 1 || len(params) > 1 || len(ids) > 1; ambiguous != c.Ambiguous {
		t.Fatalf("ambiguous %v", c.Ambiguous)
	}
	present := cleeng.TokenAbsent
	for _, p := range params {
		for _, v := range p.all("publisherToken") {
			state := cleeng.TokenPresent
			switch {
			case v.kind == 0 && (v.literal == nil || v.literal == ""):
				state = cleeng.TokenEmpty
			case v.literal == cleeng.Placeholder:
				state = cleeng.TokenPlaceholder
			}
			present = max(present, state)
		}
	}
	if c.PublisherToken() != present {
		t.Fatalf("state %d, want %d", c.PublisherToken(), present)
	}
	checkCanonical(t, c, params)
}

func checkCanonical(t *testing.T, c *cleeng.RPCCall, params []*tree) {
	t.Helper()
	canonical, ok := c.CanonicalParams(nil)
	if !ok || len(params) == 0 {
		if ok && len(canonical) > 0 {
			t.Fatalf("canonical params of none: %s", canonical)
		}
		return
	}
	if !json.Valid(canonical) {
		t.Fatalf("canonical params are not JSON: %s", canonical)
	}
	params[0].remove("publisherToken", "customerToken", "distributorToken")
	a, err := json.Marshal(decode(canonical).plain())
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(params[0].plain())
	if err != nil {
		t.Fatal(err)
	}
	if string(a) != string(b) {
		t.Fatalf("canonical params %s, want %s", a, b)
	}
}

// plain is the value with the members as a map.
func (t *tree) plain() any {
	switch t.kind {
	case '[':
		list := make([]any, len(t.children))
		for i, c := range t.children {
			list[i] = c.plain()
		}
		return list
	case '{':
		members := make(map[string]any)
		for i, c := range t.children {
			members[t.names[i]] = c.plain()
		}
		return members
	}
	return t.literal
}

var lexeme = regexp.MustCompile(`(?s)"(?:\\.|[^"\\])*"|[ \t\r\n]+|[{}\[\],:]|[^ \t\r\n{}\[\],:"]+`)

func FuzzInject(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s), "token")
	}
	f.Add([]byte(seeds[0]), "q\"\\\x00\u2028\xff")
	f.Fuzz(func(t *testing.T, body []byte, token string) {
		r, err := cleeng.ParseRPC(body)
		if err != nil {
			return
		}
		out := r.Inject(nil, token, nil)
		if !json.Valid(out) {
			t.Fatalf("injected body is not JSON: %q", out)
		}
		model := decode(body)
		model.inject(string([]rune(token))) // as encoding/json would write it
		if got, want := decode(out).String(), model.String(); got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
		if !strings.Contains(string(body), "ublisherToken") && !strings.Contains(string(body), `\u`) {
			// Nothing is replaced, so all lexemes are still there, in order.
			rest := lexeme.FindAllString(string(out), -1)
			for _, want := range lexeme.FindAllString(string(body), -1) {
				for len(rest) > 0 && rest[0] != want {
					rest = rest[1:]
				}
				if len(rest) == 0 {
					t.Fatalf("%q is gone from %q", want, out)
				}
				rest = rest[1:]
			}
		}
		if got := r.Inject(nil, token, func(int) bool { return false }); string(got) != string(body) {
			t.Fatalf("changed though no call was chosen: %q", got)
		}
		again, err := cleeng.ParseRPC(out)
		if err != nil {
			return // one level deeper than allowed
		}
		if twice := again.Inject(nil, token, nil); string(twice) != string(out) {
			t.Fatalf("a second injection changes %q to %q", out, twice)
		}
		for i := range r.Calls {
			a, okA := r.Calls[i].CanonicalParams(nil)
			b, okB := again.Calls[i].CanonicalParams(nil)
			if okA && okB && len(a) > 0 && string(a) != string(b) {
				t.Fatalf("canonical params %s become %s", a, b)
			}
		}
	})
}
