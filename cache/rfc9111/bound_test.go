package rfc9111_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

// A fresh hit costs no allocation in its decisions.
func TestAFreshHitDoesNotAllocate(t *testing.T) {
	terms := store(t, exchange("Cache-Control: max-age=60", `ETag: "a"`), rfc9111.Policy{})
	names := []string{"Accept", "X-A"}
	stored := header("Accept: application/json, text/plain")
	var line, age [128]byte
	for name, asked := range map[string]http.Header{
		"plain":      header("Accept: application/json", "Accept: text/plain"),
		"directives": header("Accept: application/json,text/plain", `Cache-Control: max-age="500", min-fresh=1, stale-if-error=3, no-transform`),
		"pragma":     header("Accept: application/json,text/plain", "Pragma: x=1"),
	} {
		allocations := testing.AllocsPerRun(100, func() {
			v := terms.Judge(rfc9111.ParseRequest(asked), at(30))
			if v.Kind != fresh || !rfc9111.SameVariant(names, asked, stored) || rfc9111.Conditions(asked, 200, stored, noon) != rfc9111.Whole {
				t.Errorf("%s is no hit: %+v", name, v)
			}
			status := rfc9111.Status{Hit: true, HasTTL: true, TTL: v.TTL}
			if len(status.Append(line[:0])) == 0 || len(rfc9111.AppendAge(age[:0], v.Age)) == 0 {
				t.Error("nothing was written")
			}
		})
		if allocations != 0 {
			t.Errorf("%s: %v allocations", name, allocations)
		}
	}
}

// huge are headers of about size bytes that invite a search within a search.
func huge(size int) map[string]http.Header {
	many := func(format string) string {
		var b strings.Builder
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	each := func(name, format string) http.Header {
		h := http.Header{}
		for i, n := 0, 0; n < size; i++ {
			line := fmt.Sprintf(format, i)
			h[name] = append(h[name], line)
			n += len(line)
		}
		return h
	}
	repeat := func(name, v string) http.Header { return http.Header{name: {strings.Repeat(v, size/len(v))}} }
	return map[string]http.Header{
		"directives":           {"Cache-Control": {many("d%d=1, ")}},
		"directive lines":      each("Cache-Control", "max-age=%d"),
		"commas":               repeat("Cache-Control", ","),
		"equals":               repeat("Cache-Control", "=,"),
		"open quotes":          repeat("Cache-Control", `a="\`),
		"quotes":               repeat("Cache-Control", `a="",`),
		"digits":               {"Cache-Control": {"max-age=" + strings.Repeat("9", size)}},
		"qualified":            {"Cache-Control": {`private="` + many("x-%d,") + `"`}},
		"the same qualified":   {"Cache-Control": {`max-age=60, private="` + strings.Repeat("x-a,", size/4) + `"`}},
		"many qualified":       repeat("Cache-Control", `no-cache="x-a, x-b",`),
		"vary":                 {"Vary": {many("X-%d,")}},
		"vary lines":           each("Vary", "X-%d"),
		"connection":           {"Connection": {many("X-%d,")}},
		"ages":                 repeat("Age", "0,"),
		"empty ages":           repeat("Age", ", "),
		"age lines":            each("Age", " ,%d"),
		"dates":                each("Date", "%d"),
		"expires":              {"Expires": {strings.Repeat("Sun, 06 Nov 1994 08:49:37 GMT", size/29)}},
		"spaces":               repeat("Cache-Control", " "),
		"tags":                 {"If-None-Match": {many(`W/"%d", `)}},
		"open tags":            repeat("If-None-Match", `"`),
		"tag":                  {"Etag": {`"` + strings.Repeat("a", size) + `"`}, "If-None-Match": {`"` + strings.Repeat("a", size) + `"`}},
		"range":                {"Range": {"bytes=" + strings.Repeat("9", size) + "-"}},
		"ranges":               {"Range": {"bytes=" + many("%d-,")}},
		"accept with quotes":   repeat("Accept", `"`),
		"accept with commas":   repeat("Accept", `a, `),
		"pragmas":              repeat("Pragma", `a="b",`),
		"fields of many names": manyFields(size),
	}
}

func manyFields(size int) http.Header {
	h := http.Header{}
	for i := 0; i*10 < size; i++ {
		h[fmt.Sprintf("X-%d", i)] = []string{"1"}
	}
	return h
}

// decide runs every decision on a header, as a request's and as a response's.
func decide(h http.Header) (rfc9111.Terms, rfc9111.Reason) {
	x := rfc9111.Exchange{Method: "GET", Status: 200, Request: h, Response: h, Requested: noon, Received: noon}
	terms, reason := rfc9111.Assess(x, rfc9111.Policy{TTL: secs(60)})
	terms.Judge(rfc9111.ParseRequest(h), noon)
	names := []string{"Accept", "Cache-Control"}
	rfc9111.AppendVariant(nil, names, h)
	rfc9111.SameVariant(names, h, h)
	rfc9111.Conditions(h, 200, h, noon)
	rfc9111.Range(h, h, 10)
	rfc9111.Selects304(h, h)
	rfc9111.Freshens(h, h)
	rfc9111.Revalidated(200, rfc9111.StorableHeader(h, noon), x, rfc9111.Policy{})
	return terms, reason
}

// A mebibyte of header is decided upon; the decisions err on the safe side.
func TestAHugeHeaderIsDecidedUpon(t *testing.T) {
	want := map[string]rfc9111.Reason{"vary": rfc9111.ReasonVary, "vary lines": rfc9111.ReasonVary, "expires": rfc9111.ReasonNeverUsable, "pragmas": rfc9111.ReasonNoFreshness}
	for name, h := range huge(1 << 20) {
		if len(h["Cache-Control"]) != 0 {
			want[name] = rfc9111.ReasonRequestNoStore // it may say so where it is not read any more
		}
		if _, reason := decide(h); reason != want[name] {
			t.Errorf("%s: reason %q, want %q", name, reason, want[name])
		}
	}
}

func TestALongCacheControlIsReadAsARefusal(t *testing.T) {
	long := "max-age=60" + strings.Repeat(" ", 16<<10-len("max-age=60"))
	store(t, exchange("Cache-Control: "+long), rfc9111.Policy{})
	refuse(t, exchange("Cache-Control: "+long+" "), rfc9111.Policy{}, rfc9111.ReasonMalformed)
	refuse(t, exchange("Cache-Control: "+long, "Cache-Control: a"), rfc9111.Policy{}, rfc9111.ReasonMalformed)
	if r := request("Cache-Control: " + long + " "); !r.NoCache || !r.NoStore {
		t.Errorf("%+v", r)
	}
}

func TestTheNamesThatAResponseWithholdsAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 65 {
		fmt.Fprintf(&b, "x-%d,", i)
	}
	list := b.String()
	refuse(t, exchange(`Cache-Control: max-age=60, private="`+list+`"`), rfc9111.Policy{}, rfc9111.ReasonPrivate)
	store(t, exchange(`Cache-Control: max-age=60, private="`+strings.Replace(list, "x-64,", "", 1)+`"`), rfc9111.Policy{})
}
