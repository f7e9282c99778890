package rfc9111_test

import (
	"bytes"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

// drawNumber draws a delta-seconds argument, readable or not.
func drawNumber(t *rapid.T) string {
	return rapid.OneOf(
		rapid.Map(rapid.IntRange(0, 200), func(n int) string { return fmt.Sprint(n) }),
		rapid.Map(rapid.IntRange(0, 200), func(n int) string { return fmt.Sprintf("%q", fmt.Sprint(n)) }),
		rapid.SampledFrom([]string{"", "-1", "1.5", "x", `"x"`, `"1`, `" 1"`, "007", "99999999999999999999", "+1", "10;"}),
	).Draw(t, "number")
}

// drawControl draws the lines of a Cache-Control field.
func drawControl(t *rapid.T, label string, numbered, plain []string) []string {
	var lines []string
	var line strings.Builder
	for range rapid.IntRange(0, 5).Draw(t, label+" members") {
		var member string
		if rapid.Bool().Draw(t, "numbered") {
			member = rapid.SampledFrom(numbered).Draw(t, label) + "=" + drawNumber(t)
		} else {
			member = rapid.SampledFrom(plain).Draw(t, label)
		}
		if rapid.IntRange(0, 9).Draw(t, "case") == 0 {
			member = strings.ToUpper(member)
		}
		line.WriteString(member)
		switch separator := rapid.SampledFrom([]string{",", ", ", " ,\t", ",,", "\n", "\n", ";"}).Draw(t, "separator"); {
		case separator == "\n":
			lines = append(lines, line.String())
			line.Reset()
		case separator == ";" && rapid.IntRange(0, 4).Draw(t, "semicolon") != 0:
			line.WriteString(",")
		default:
			line.WriteString(separator)
		}
	}
	if line.Len() > 0 {
		lines = append(lines, line.String())
	}
	return lines
}

func drawResponseControl(t *rapid.T) []string {
	return drawControl(t, "response", []string{"max-age", "s-maxage", "stale-while-revalidate", "stale-if-error", "ext"}, []string{
		"no-store", "no-cache", `no-cache="x-a, X-B"`, "no-cache=x-a", `no-cache=" , "`, `no-cache="content-type"`, `no-cache="x y"`,
		"private", `private="x-a"`, `private=""`, "public", "public", "must-revalidate", "proxy-revalidate", "must-understand", "immutable",
		"max-age", `ext="a, no-store"`, `ext="a\"b"`, "ext", `bad="open`, "=", "a b", "max-age=100", "max-age=100", "s-maxage=50",
	})
}

func drawRequestControl(t *rapid.T) []string {
	return drawControl(t, "request", []string{"max-age", "min-fresh", "max-stale", "stale-if-error", "ext"}, []string{
		"no-cache", "no-store", "only-if-cached", "max-stale", "min-fresh", "no-transform", `ext="no-cache"`, `open="`, "max-stale=20", "max-age=100",
	})
}

func drawExchange(t *rapid.T) drawn {
	d := drawn{exchange: rfc9111.Exchange{
		Method:     rapid.SampledFrom([]string{"GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "POST"}).Draw(t, "method"),
		Authorized: rapid.IntRange(0, 5).Draw(t, "authorized") == 0,
		Status:     rapid.OneOf(rapid.Just(200), rapid.Just(200), rapid.SampledFrom([]int{203, 204, 206, 299, 301, 302, 304, 307, 401, 404, 410, 429, 500, 503, 501})).Draw(t, "status"),
		Request:    http.Header{}, Response: http.Header{},
		Requested: at(-rapid.IntRange(-5, 20).Draw(t, "delay")), Received: noon,
	}}
	if rapid.IntRange(0, 3).Draw(t, "asked") == 0 {
		d.exchange.Request["Cache-Control"] = drawRequestControl(t)
	}
	if rapid.IntRange(0, 5).Draw(t, "authorization") == 0 {
		d.exchange.Request["Authorization"] = []string{"Bearer x"}
	}
	h := d.exchange.Response
	if lines := drawResponseControl(t); len(lines) > 0 {
		h["Cache-Control"] = lines
	}
	unix := func(n int) *big.Int { return big.NewInt(at(n).Unix()) }
	switch rapid.IntRange(0, 3).Draw(t, "date") {
	case 0:
		n := rapid.IntRange(-150, 100).Draw(t, "date at")
		h["Date"], d.date = []string{httpDate(at(n))}, unix(n)
	case 1:
		h["Date"], d.date = []string{httpDate(noon)}, unix(0)
	case 2:
		h["Date"] = []string{"now"}
	}
	switch rapid.IntRange(0, 5).Draw(t, "expires") {
	case 0, 1:
		n := rapid.IntRange(-150, 200).Draw(t, "expires at")
		h["Expires"], d.expires = []string{httpDate(at(n)), httpDate(at(n + 50))}, unix(n)
	case 2:
		h["Expires"], d.badExpires = []string{rapid.SampledFrom([]string{"0", "-1", "", "soon"}).Draw(t, "bad expires")}, true
	}
	switch rapid.IntRange(0, 4).Draw(t, "age") {
	case 0:
		n := rapid.IntRange(0, 200).Draw(t, "age of")
		h["Age"], d.age = []string{fmt.Sprint(n), "500"}, big.NewInt(int64(n))
	case 1:
		h["Age"] = []string{rapid.SampledFrom([]string{"-1", "x", "1.5", "+3"}).Draw(t, "bad age")}
	case 2:
		h["Age"], d.age = []string{"3000000000"}, big.NewInt(1<<31)
	}
	if d.validator = rapid.Bool().Draw(t, "validator"); d.validator {
		h["Etag"] = []string{`W/"a"`}
	}
	switch rapid.IntRange(0, 9).Draw(t, "oddity") {
	case 0:
		h["Vary"] = []string{"Accept", " x, *"}
	case 1:
		h["Content-Range"] = []string{"bytes 0-1/2"}
	case 2:
		h["Vary"] = []string{"Accept, x"}
	}
	return d
}

func drawPolicy(t *rapid.T) rfc9111.Policy {
	window := rapid.SampledFrom([]int{0, 0, 10, 60, 150})
	return rfc9111.Policy{
		TTL: secs(window.Draw(t, "ttl")), Stale: secs(window.Draw(t, "stale")), Negative: secs(window.Draw(t, "negative")),
		Permits: rapid.Bool().Draw(t, "permits"),
	}
}

// Storing and reusing as the model does, in every field that it knows.
func TestStorageAndReuseAgreeWithTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, p := drawExchange(t), drawPolicy(t)
		terms, reason := rfc9111.Assess(d.exchange, p)
		model := modelStore(d, p)
		if stored := reason == rfc9111.Storable; stored != (model != nil) {
			t.Fatalf("stored %t (%s), by the model %t", stored, reason, model != nil)
		}
		if model == nil {
			return
		}
		got := fmt.Sprint(int64(terms.InitialAge/time.Second), int64(terms.Lifetime/time.Second), int64(terms.WhileRevalidate/time.Second),
			int64(terms.IfError/time.Second), terms.NoCache, terms.MustRevalidate, terms.Immutable)
		want := fmt.Sprint(model.age, model.lifetime, model.whileRevalidate, model.ifError, model.noCache, model.mustRevalidate, model.immutable)
		if got != want {
			t.Fatalf("terms %s, by the model %s", got, want)
		}
		for range 3 {
			agreeOnReuse(t, terms, model)
		}
	})
}

func agreeOnReuse(t *rapid.T, terms rfc9111.Terms, model *modelTerms) {
	asked := http.Header{}
	if lines := drawRequestControl(t); len(lines) > 0 {
		asked["Cache-Control"] = lines
	}
	switch rapid.IntRange(0, 5).Draw(t, "pragma") {
	case 0:
		asked["Pragma"] = []string{"no-cache"}
	case 1:
		asked["Pragma"] = []string{"x, No-Cache=1"}
	}
	resident := int64(rapid.IntRange(-10, 400).Draw(t, "resident"))
	v := terms.Judge(rfc9111.ParseRequest(asked), noon.Add(time.Duration(resident)*time.Second))
	kind, want := modelReuse(model, asked["Cache-Control"], asked["Pragma"], resident)
	got := fmt.Sprintf("age %d ttl %d", int64(v.Age/time.Second), int64(v.TTL/time.Second))
	if v.Kind != kind || got != want {
		t.Fatalf("%v after %d s of %+v:\n got %v, %s\nwant %v, %s", asked, resident, terms, v.Kind, got, kind, want)
	}
}

// What was drawn must reach every outcome, else the comparison shows little.
func TestTheModelIsAskedAboutEveryOutcome(t *testing.T) {
	reasons, kinds := map[rfc9111.Reason]bool{}, map[rfc9111.Kind]bool{}
	type draw struct {
		d    drawn
		p    rfc9111.Policy
		asks rfc9111.Request
		now  int
	}
	draws := rapid.Custom(func(t *rapid.T) draw {
		return draw{drawExchange(t), drawPolicy(t), rfc9111.ParseRequest(http.Header{"Cache-Control": drawRequestControl(t)}), rapid.IntRange(0, 400).Draw(t, "now")}
	})
	for seed := range 3000 {
		x := draws.Example(seed)
		terms, reason := rfc9111.Assess(x.d.exchange, x.p)
		reasons[reason] = true
		if reason == rfc9111.Storable {
			kinds[terms.Judge(x.asks, at(x.now)).Kind] = true
		}
	}
	for _, reason := range []rfc9111.Reason{
		rfc9111.Storable, rfc9111.ReasonMethod, rfc9111.ReasonRequestNoStore, rfc9111.ReasonPartial, rfc9111.ReasonStatus, rfc9111.ReasonMalformed,
		rfc9111.ReasonNoStore, rfc9111.ReasonPrivate, rfc9111.ReasonAuthorization, rfc9111.ReasonVary, rfc9111.ReasonNoFreshness, rfc9111.ReasonNeverUsable,
	} {
		if !reasons[reason] {
			t.Errorf("never refused for %q", reason)
		}
	}
	for _, kind := range []rfc9111.Kind{must, onError, stale, fresh} {
		if !kinds[kind] {
			t.Errorf("never judged %v", kind)
		}
	}
}

// The key part of a variant and the comparison of variants are one relation,
// and it is that of the members, taken apart letter by letter.
func TestVariantsAgreeWithTheModel(t *testing.T) {
	lines := rapid.SliceOfN(rapid.StringMatching(`[ab, "\\]{0,6}`), 0, 3)
	names := []string{"A", "B"}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) http.Header {
			h := http.Header{}
			for _, name := range names {
				if v := lines.Draw(t, label); len(v) > 0 {
					h[name] = v
				}
			}
			return h
		}
		a := draw("a")
		b := draw("b")
		if rapid.Bool().Draw(t, "respaced") {
			b = respaced(a)
		}
		want := fmt.Sprint(modelVariant(names, a)) == fmt.Sprint(modelVariant(names, b))
		if got := rfc9111.SameVariant(names, a, b); got != want {
			t.Errorf("%q and %q: the same %t", a, b, got)
		}
		if got := bytes.Equal(rfc9111.AppendVariant(nil, names, a), rfc9111.AppendVariant(nil, names, b)); got != want {
			t.Errorf("%q and %q: the same key part %t", a, b, got)
		}
	})
}

// respaced writes the members of every line with other spaces.
func respaced(h http.Header) http.Header {
	out := http.Header{}
	for name, lines := range h {
		for _, line := range lines {
			out[name] = append(out[name], " "+strings.Join(modelSplit(line), "\t, ,")+" ")
		}
	}
	return out
}

func modelVariant(names []string, h http.Header) []string {
	var all []string
	for _, name := range names {
		if h[name] == nil {
			all = append(all, name+" is missing")
			continue
		}
		for _, line := range h[name] {
			for _, member := range modelSplit(line) {
				all = append(all, fmt.Sprintf("%s %q", name, member))
			}
		}
	}
	return all
}

func modelSplit(line string) []string {
	var out []string
	var member []byte
	quoted, escaped := false, false
	for _, c := range []byte(line + ",") {
		if c == ',' && !quoted {
			if m := strings.Trim(string(member), " \t"); m != "" {
				out = append(out, m)
			}
			member = nil
			continue
		}
		member = append(member, c)
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		}
	}
	if quoted { // an open quote has taken the comma that was added
		member = member[:len(member)-1]
		out = append(out, strings.Trim(string(member), " \t"))
	}
	return out
}
