package cleeng_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/cleengate/cleengate/internal/cleeng"
)

func canonical(t *testing.T, params string) string {
	t.Helper()
	got, ok := parse(t, `{"method":"m","params":`+params+`}`).Calls[0].CanonicalParams([]byte("x"))
	if !ok {
		return "-"
	}
	return strings.TrimPrefix(string(got), "x")
}

func TestCanonicalParams(t *testing.T) {
	for params, want := range map[string]string{
		`{}`: `{}`, `{ "b" : 1 , "a" : [ 1 , { "d":2,"c":3 } ] }`: `{"a":[1,{"c":3,"d":2}],"b":1}`,
		`{"n":1.0,"m":1e0,"k":-0}`:    `{"k":-0,"m":1e0,"n":1.0}`,
		`{"s":"\u0061 b","t":"a\/b"}`: `{"s":"\u0061 b","t":"a\/b"}`,
		`{"\u0061":1}`:                `{"a":1}`,
		`{"publisherToken":"p","customerToken":"c","offerId":"S1"}`: `{"offerId":"S1"}`,
		`{"\u0070ublisherToken":"p","distributorToken":"d"}`:        `{}`,
		`{"x":{"publisherToken":"p"}}`:                              `{"x":{"publisherToken":"p"}}`,
		// No one meaning.
		`{"a":1,"a":1}`: `-`, `{"a":1,"\u0061":2}`: `-`, `{"x":[{"b":1,"b":2}]}`: `-`, `{"publisherToken":"a","publisherToken":"b"}`: `-`,
		`[1]`: `-`, `null`: `-`, `"s"`: `-`, `{"\ud800":1}`: `-`, "{\"\xff\":1}": `-`,
	} {
		if got := canonical(t, params); got != want {
			t.Errorf("%s: %s, want %s", params, got, want)
		}
	}
	if got, ok := parse(t, `{"method":"m"}`).Calls[0].CanonicalParams(nil); !ok || len(got) != 0 {
		t.Errorf("no params: %s, %v", got, ok)
	}
	if _, ok := parse(t, `[{"method":"m"},{}]`).Calls[1].CanonicalParams(nil); ok {
		t.Error("an element that is no call has canonical params")
	}
}

// Order, white space and tokens make no difference; anything else does.
func TestCanonicalParamsAreOnePerMeaning(t *testing.T) {
	value := func() *rapid.Generator[string] {
		return rapid.SampledFrom([]string{`1`, `1.0`, `"1"`, `null`, `[1,2]`, `[2,1]`, `{"a":1}`, `{"a":2}`, `{"b":1}`, `""`, `true`})
	}
	rapid.Check(t, func(rt *rapid.T) {
		members := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c", "offerId"}), value(), 0, 4).Draw(rt, "members")
		write := func(members map[string]string) string {
			var parts []string
			for name, v := range members { // in random order
				parts = append(parts, fmt.Sprintf(" %q :\t%s", name, v))
			}
			if rapid.Bool().Draw(rt, "token") {
				parts = append(parts, `"customerToken":"c"`)
			}
			return "{" + strings.Join(parts, "\n,") + "}"
		}
		first, second := canonical(t, write(members)), canonical(t, write(members))
		if first != second || first == "-" {
			rt.Fatalf("%s and %s", first, second)
		}
		other := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c", "offerId"}), value(), 0, 4).Draw(rt, "other")
		same := fmt.Sprint(members) == fmt.Sprint(other)
		if third := canonical(t, write(other)); (third == first) != same {
			rt.Fatalf("%v and %v have %s and %s", members, other, first, third)
		}
	})
}

func TestTokensMakeIdentity(t *testing.T) {
	tokens := func(params string) string {
		return string(parse(t, `{"method":"m","params":`+params+`}`).Calls[0].AppendTokens(nil))
	}
	differ := []string{
		`{}`, `{"publisherToken":""}`, `{"publisherToken":"a"}`, `{"customerToken":"a"}`, `{"distributorToken":"a"}`,
		`{"publisherToken":"a","customerToken":"b"}`, `{"publisherToken":"b","customerToken":"a"}`, `{"publisherToken":"ab"}`,
		`{"publisherToken":"a","publisherToken":"b"}`, `{"publisherToken":"b","publisherToken":"a"}`, `{"publisherToken":"acsb"}`,
		`{"publisherToken":null}`, `{"publisherToken":"null"}`, `{"publisherToken":5}`, `{"publisherToken":"5"}`, `{"publisherToken":{"a":1}}`,
	}
	seen := make(map[string]string)
	for _, params := range differ {
		if other, ok := seen[tokens(params)]; ok {
			t.Errorf("%s and %s are one identity", params, other)
		}
		seen[tokens(params)] = params
	}
	if a, b := tokens(`{"offerId":"1","customerToken":"\u0061"}`), tokens(`{"customerToken":"a"}`); a != b {
		t.Errorf("one token in two spellings is two identities")
	}
}

func TestToken(t *testing.T) {
	c := &parse(t, `{"method":"m","params":{"publisherToken":"cleengate","publisherToken":"","publisherToken":"\"quoted\"","customerToken":{"a":1}}}`).Calls[0]
	if got := c.Token(cleeng.AuthPublisher).Reveal(); got != `"quoted"` {
		t.Errorf("publisher token %s", got)
	}
	if got := c.Token(cleeng.AuthCustomer).Reveal(); got != `{"a":1}` {
		t.Errorf("customer token %s", got)
	}
	c = &parse(t, `{"method":"m","params":{"publisherToken":"cleengate","customerToken":null}}`).Calls[0]
	if !c.Token(cleeng.AuthPublisher).IsZero() || !c.Token(cleeng.AuthCustomer).IsZero() {
		t.Error("placeholder or null is a token")
	}
}

func TestParam(t *testing.T) {
	c := &parse(t, `{"method":"m","params":{"s":"a\/b","n":12,"f":-1.5,"o":{},"b":true,"z":null,"d":1,"d":2,"\u006b":"v"}}`).Calls[0]
	for name, want := range map[string]string{"s": "a/b", "n": "12", "f": "-1.5", "o": "", "b": "", "z": "", "d": "", "k": "v", "none": ""} {
		if got := c.Param(name); got != want {
			t.Errorf("param %s is %q, want %q", name, got, want)
		}
	}
	for _, body := range []string{`{"method":"m"}`, `{"method":"m","params":["s"]}`, `{"method":"m","params":null}`} {
		if got := parse(t, body).Calls[0].Param("s"); got != "" {
			t.Errorf("%s: param %q", body, got)
		}
	}
	if !json.Valid(parse(t, `{"method":"m"}`).Body()) {
		t.Error("Body is not the body")
	}
}

func BenchmarkCanonicalParams(b *testing.B) {
	r, err := cleeng.ParseRPC([]byte(`{"method":"getAccessStatus","params":{"customerToken":"c","offerId":"S123456789_US","ipAddress":"192.0.2.1"},"id":1}`))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		dst, _ = r.Calls[0].CanonicalParams(dst[:0])
	}
}
