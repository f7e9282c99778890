package redact

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// leaks looks for secret in out by plain means: in the text, and in what it
// decodes to with the standard library.
func leaks(out, secret string) bool {
	if strings.Contains(out, secret) {
		return true
	}
	if decoded, err := url.PathUnescape(out); err == nil && strings.Contains(decoded, secret) {
		return true
	}
	var v any
	if json.Unmarshal([]byte(out), &v) == nil && leaksValue(v, secret) {
		return true
	}
	return false
}

func leaksValue(v any, secret string) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, secret)
	case []any:
		for _, e := range v {
			if leaksValue(e, secret) {
				return true
			}
		}
	case map[string]any:
		for k, e := range v {
			if strings.Contains(k, secret) || leaksValue(e, secret) {
				return true
			}
		}
	}
	return false
}

func FuzzScrubHoldsNoSecret(f *testing.F) {
	f.Add("canary-secret-value", "before ", " after")
	f.Add("acted]canary[red", "[red", "]")
	f.Add(`a\u0041"b%41+c/d`, `{"a":"`, `"}`)
	f.Add("[redacted][redacted]", "%5B", "x")
	f.Add("00000000000#", "0", "0") // spelled at the seam of a URL's parts
	f.Add(strings.Repeat("aaaa", 5), "aaaaaaaaa", "aa")
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		if len(secret) < MinSearch {
			return // not searched for
		}
		v := NewVault()
		v.Set("fuzz", New(secret))
		r := NewRedactor(v, NewMasker())
		inputs := []string{before + secret + after, before + url.QueryEscape(secret) + after}
		if utf8.ValidString(secret) {
			quoted, err := json.Marshal(map[string]string{before: after + secret, secret: before})
			if err != nil {
				t.Fatal(err)
			}
			inputs = append(inputs, string(quoted))
		}
		for _, in := range inputs {
			for name, out := range map[string]string{
				"Scrub": string(v.Scrub([]byte(in))), "Text": r.String(in), "JSON": string(r.JSON([]byte(in))), "Query": r.Query(in),
				"Line": string(r.Line([]byte(in))), "Shape": string(r.Shape([]byte(in), true)), "Form": r.Form(in), "URL": r.URL(in),
				"Path": r.Path(in, ""), "cookie": r.HeaderValue("Cookie", in), "header": r.HeaderValue("User-Agent", in),
			} {
				if leaks(out, secret) && !strings.Contains(Mask, secret) {
					t.Errorf("%s of %q leaks %q: %q", name, in, secret, out)
				}
			}
		}
	})
}

func FuzzJSONStaysJSON(f *testing.F) {
	for _, seed := range []string{
		`{"email":"a@b.de","n":[1,2,{"password":5}],"s":"{\"token\":\"x\"}"}`, `[]`, `"4111111111111111"`, `4111111111111111`,
		`{"a":"\ud800\u009b","b":"` + "\x9b\xff" + `"}`, "{\r\n\t\"code\":\"USER0001\"}", `{"params":[1,"x"]}`, `{"address":{"a":[null,true,-1.5e9]}}`,
		strings.Repeat("[", 100) + strings.Repeat("]", 100), `{"x":123456789012345}`, `{"":{"":""}}`, `1 2`, `{"a":"x","b":"y"}`,
	} {
		f.Add(seed)
	}
	v := NewVault()
	v.Set("digits", New("123456789012345"))
	v.Set("structure", New(`":"x","b":"y`), New(`\u0041bcdefghijkl`))
	r := NewRedactor(v, NewMasker())
	f.Fuzz(func(t *testing.T, in string) {
		if shape := r.Shape([]byte(in), true); !json.Valid(shape) {
			t.Errorf("the shape of %q is no JSON: %q", in, shape)
		}
		out := r.JSON([]byte(in))
		if rule, found := v.Find(out); found {
			t.Errorf("JSON of %q holds %s: %q", in, rule, out)
		}
		if !json.Valid([]byte(in)) {
			return
		}
		if !json.Valid(out) {
			t.Errorf("%q is JSON, its masked form is not: %q", in, out)
		}
		if again := r.JSON(out); string(again) != string(out) {
			t.Errorf("masking twice changes %q to %q", out, again)
		}
	})
}

func FuzzPrintable(f *testing.F) {
	f.Add("a\x1b[31mb\u202ec\xff\n\t\u009b")
	f.Fuzz(func(t *testing.T, in string) {
		for _, out := range []string{Printable(in), PrintableText(in)} {
			if !utf8.ValidString(out) || unprintable(out) {
				t.Errorf("%q stays unprintable: %q", in, out)
			}
		}
		if strings.ContainsAny(Printable(in), "\n\r") {
			t.Errorf("%q stays several lines", in)
		}
	})
}
