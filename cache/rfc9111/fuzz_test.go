package rfc9111_test

import (
	"fmt"
	"math/big"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

// Two lines of Cache-Control, as a response's and as a request's, against the model.
func FuzzCacheControl(f *testing.F) {
	f.Add("max-age=60", `private="x-a, x-b"`, uint16(30))
	f.Add(`no-cache="a", s-maxage="5"`, "must-understand, no-store", uint16(100))
	f.Add("max-stale, min-fresh=5, stale-if-error=30", "max-age=1;no-store", uint16(0))
	f.Fuzz(func(t *testing.T, one, two string, resident uint16) {
		if len(one)+len(two) > 120 { // the bound on names is tested elsewhere
			return
		}
		lines := []string{one, two}
		d := drawn{exchange: exchange(`ETag: "a"`), date: big.NewInt(noon.Unix()), validator: true}
		d.exchange.Response["Cache-Control"] = lines
		p := rfc9111.Policy{TTL: secs(100), Stale: secs(50)}
		terms, reason := rfc9111.Assess(d.exchange, p)
		model := modelStore(d, p)
		if (reason == rfc9111.Storable) != (model != nil) {
			t.Fatalf("%q: reason %q, stored by the model %t", lines, reason, model != nil)
		}
		if model == nil {
			// Judge the request by a response that the lines have no part in.
			d.exchange.Response["Cache-Control"] = []string{"max-age=100, stale-while-revalidate=50"}
			terms, _ = rfc9111.Assess(d.exchange, p)
			model = modelStore(d, p)
		}
		v := terms.Judge(rfc9111.ParseRequest(http.Header{"Cache-Control": lines}), noon.Add(time.Duration(resident)*time.Second))
		kind, want := modelReuse(model, lines, nil, int64(resident))
		if got := fmt.Sprintf("age %d ttl %d", int64(v.Age/time.Second), int64(v.TTL/time.Second)); v.Kind != kind || got != want {
			t.Fatalf("%q after %d s: %v, %s; by the model %v, %s", lines, resident, v.Kind, got, kind, want)
		}
	})
}

func FuzzVary(f *testing.F) {
	f.Add("Accept, accept-language", "Origin")
	f.Add("*", "")
	f.Add("a\tb", ",,,")
	f.Fuzz(func(t *testing.T, one, two string) {
		h := http.Header{"Vary": {one, two}}
		names, ok := rfc9111.VaryNames(h)
		want := map[string]bool{}
		members := strings.Split(one+","+two, ",")
		matchable := len(members) <= 1024
		for _, member := range members {
			if member = strings.Trim(member, " \t"); member != "" {
				matchable = matchable && member != "*" && modelToken.MatchString(member)
				want[strings.ToLower(member)] = true
			}
		}
		matchable = matchable && len(want) <= 64
		if ok != matchable {
			t.Fatalf("%q: %t", h["Vary"], ok)
		}
		if !ok {
			return
		}
		if len(names) != len(want) || !slices.IsSorted(names) {
			t.Fatalf("%q: %v", h["Vary"], names)
		}
		for _, name := range names {
			if !want[strings.ToLower(name)] || http.CanonicalHeaderKey(name) != name {
				t.Fatalf("%q: %v", h["Vary"], names)
			}
		}
	})
}

func FuzzAge(f *testing.F) {
	f.Add("7", "30")
	f.Add(" ,7", "")
	f.Add("99999999999999999999", "x")
	f.Add("-1", "5")
	f.Fuzz(func(t *testing.T, one, two string) {
		x := exchange("Cache-Control: max-age=60", `ETag: "a"`)
		x.Response["Age"] = []string{one, two}
		want := new(big.Int)
		for member := range strings.SplitSeq(one+","+two, ",") {
			if member = strings.Trim(member, " \t"); member != "" {
				want = modelPositive(modelNumber(member))
				break
			}
		}
		if terms := store(t, x, rfc9111.Policy{}); int64(terms.InitialAge/time.Second) != want.Int64() {
			t.Fatalf("%q: %v, want %v s", x.Response["Age"], terms.InitialAge, want)
		}
	})
}

// What is read as a date is one of the three formats to the letter, and each
// instant is read back from each format.
func FuzzDate(f *testing.F) {
	for _, v := range []string{"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "0"} {
		f.Add(v, int64(784111777))
	}
	grammar := regexp.MustCompile(`(?i)^([a-z]{3}, \d\d [a-z]{3} \d{4} \d\d:\d\d:\d\d GMT|[a-z]{6,9}, \d\d-[a-z]{3}-\d\d \d\d:\d\d:\d\d GMT|[a-z]{3} [a-z]{3} [ \d]\d \d\d:\d\d:\d\d \d{4})$`)
	f.Fuzz(func(t *testing.T, v string, unix int64) {
		if got, ok := rfc9111.ParseDate(v, noon); ok {
			if !grammar.MatchString(v) {
				t.Fatalf("%q was read as %v", v, got)
			}
			if theirs, err := http.ParseTime(v); err == nil && (got.YearDay() != theirs.YearDay() && got.Year()%4 == theirs.Year()%4 || got.Hour() != theirs.Hour()) {
				t.Fatalf("%q: %v, by net/http %v", v, got, theirs)
			}
		}
		instant := time.Unix(unix, 0).UTC()
		layouts := []string{http.TimeFormat, time.ANSIC, "Monday, 02-Jan-06 15:04:05 GMT"}
		if instant.Year() < 0 || instant.Year() > 9999 {
			return
		}
		if instant.After(noon.AddDate(50, 0, 0)) || !instant.AddDate(100, 0, 0).After(noon.AddDate(50, 0, 0)) {
			layouts = layouts[:2] // two digits cannot say it
		}
		for _, layout := range layouts {
			if got, ok := rfc9111.ParseDate(instant.Format(layout), noon); !ok || !got.Equal(instant) {
				t.Fatalf("%s: %v, %t", instant.Format(layout), got, ok)
			}
		}
	})
}

// Nothing in Expires makes a response fresh but a date after that of the response.
func FuzzExpires(f *testing.F) {
	f.Add(httpDate(at(60)), httpDate(noon))
	f.Add("0", "")
	f.Add(httpDate(at(60))+", "+httpDate(at(90)), "x")
	f.Fuzz(func(t *testing.T, expires, date string) {
		x := exchange(`ETag: "a"`)
		x.Response["Expires"], x.Response["Date"] = []string{expires}, []string{date}
		terms := store(t, x, rfc9111.Policy{TTL: time.Hour})
		if terms.ByPolicy || terms.Lifetime < 0 || terms.Lifetime > secs(1<<31) || terms.InitialAge < 0 {
			t.Fatalf("%q, %q: %+v", expires, date, terms)
		}
		if terms.Lifetime == 0 {
			return
		}
		end, err := http.ParseTime(expires)
		if err != nil {
			return // two digits or case, which FuzzDate holds
		}
		begin, err := http.ParseTime(date)
		if _, ok := rfc9111.ParseDate(date, noon); err != nil || !ok {
			begin = noon
		}
		if !strings.Contains(expires+date, "-") && !end.After(begin) {
			t.Fatalf("%q is after %q", expires, date)
		}
	})
}

func FuzzIfNoneMatch(f *testing.F) {
	f.Add(`"a", W/"b"`, `"b"`)
	f.Add(`*`, ``)
	f.Add(`"a, "b"`, `"b"`)
	tag := regexp.MustCompile(`^(W/)?("[\x21\x23-\x7e\x80-\xff]*")`)
	f.Fuzz(func(t *testing.T, line, etag string) {
		stored := http.Header{"Etag": {etag}}
		got := rfc9111.Conditions(http.Header{"If-None-Match": {line}}, 200, stored, noon)
		want := rfc9111.Whole
		if line == "*" {
			want = rfc9111.NotModified
		}
		own := modelTag(tag, etag)
		for rest := strings.TrimLeft(line, " \t,"); own != "" && len(own) == len(strings.TrimPrefix(etag, "W/")); {
			opaque := modelTag(tag, rest)
			if opaque == "" {
				break
			}
			if opaque == own {
				want = rfc9111.NotModified
			}
			rest = strings.TrimLeft(strings.TrimPrefix(rest, "W/")[len(opaque):], " \t")
			if !strings.HasPrefix(rest, ",") {
				break
			}
			rest = strings.TrimLeft(rest, " \t,")
		}
		if got != want {
			t.Fatalf("If-None-Match: %q of %q: %d, want %d", line, etag, got, want)
		}
	})
}

// modelTag is the opaque part of the entity-tag that v begins with. The bytes
// of v are read as Latin-1, so that the expression sees each of them.
func modelTag(tag *regexp.Regexp, v string) string {
	wide := make([]rune, 0, len(v))
	for _, b := range []byte(v) {
		wide = append(wide, rune(b))
	}
	parts := tag.FindStringSubmatch(string(wide))
	if parts == nil {
		return ""
	}
	narrow := make([]byte, 0, len(parts[2]))
	for _, r := range parts[2] {
		narrow = append(narrow, byte(r))
	}
	return string(narrow)
}

func FuzzRange(f *testing.F) {
	f.Add("bytes=0-9", int64(10))
	f.Add("bytes=-5", int64(3))
	f.Add("bytes=99999999999999999999-", int64(1<<40))
	f.Fuzz(func(t *testing.T, value string, size int64) {
		if size < 0 {
			return
		}
		part := rfc9111.Range(http.Header{"Range": {value}}, http.Header{}, size)
		switch part.Status {
		case 200:
			if part.First != 0 || part.Length != size || part.ContentRange != "" {
				t.Fatalf("%q of %d: %+v", value, size, part)
			}
		case 206:
			if part.First < 0 || part.Length <= 0 || part.First > size-part.Length {
				t.Fatalf("%q of %d: %+v", value, size, part)
			}
			if want := fmt.Sprintf("bytes %d-%d/%d", part.First, part.First+part.Length-1, size); part.ContentRange != want {
				t.Fatalf("%q of %d: %+v", value, size, part)
			}
		case 416:
			if part.First != 0 || part.Length != 0 || part.ContentRange != fmt.Sprintf("bytes */%d", size) {
				t.Fatalf("%q of %d: %+v", value, size, part)
			}
		default:
			t.Fatalf("%q of %d: %+v", value, size, part)
		}
	})
}
