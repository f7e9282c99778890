package rfc9111_test

import (
	"testing"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

func TestRFC9111_3_OnlyGETIsStored(t *testing.T) {
	for _, method := range []string{"HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get", ""} {
		x := exchange("Cache-Control: max-age=60")
		x.Method = method
		refuse(t, x, rfc9111.Policy{TTL: time.Hour}, rfc9111.ReasonMethod)
	}
}

func TestRFC9111_3_OnlyUnderstoodFinalStatusesAreStored(t *testing.T) {
	stored := map[int]bool{
		200: true, 203: true, 204: true, 300: true, 301: true, 302: true, 303: true, 307: true, 308: true,
		404: true, 405: true, 410: true, 414: true, 501: true,
	}
	for status := 100; status < 1000; status++ {
		x := exchange("Cache-Control: max-age=60, public", `ETag: "a"`)
		x.Status = status
		switch {
		case stored[status]:
			store(t, x, rfc9111.Policy{})
		case status == 206:
			refuse(t, x, rfc9111.Policy{}, rfc9111.ReasonPartial)
		default:
			refuse(t, x, rfc9111.Policy{TTL: time.Hour, Negative: time.Hour}, rfc9111.ReasonStatus)
		}
	}
}

func TestRFC9111_3_3_PartialIsNeverStoredAsWhole(t *testing.T) {
	x := exchange("Cache-Control: max-age=60", "Content-Range: bytes 0-9/10")
	refuse(t, x, rfc9111.Policy{}, rfc9111.ReasonPartial)
	x.Status = 206
	refuse(t, x, rfc9111.Policy{}, rfc9111.ReasonPartial)

	ignored := exchange("Cache-Control: max-age=60")
	ignored.Request = header("Range: bytes=0-9")
	store(t, ignored, rfc9111.Policy{}) // the origin ignored Range and sent the whole
}

func TestRFC9111_3_A304ToAnUnconditionalRequestIsNotStored(t *testing.T) {
	x := exchange("Cache-Control: max-age=60", `ETag: "a"`)
	x.Status = 304
	refuse(t, x, rfc9111.Policy{TTL: time.Hour}, rfc9111.ReasonStatus)
}

func TestRFC9111_5_2_1_5_RequestNoStore(t *testing.T) {
	for _, line := range []string{"no-store", "NO-STORE", "max-age=9, no-store", "foo=\"a, b\" , no-store", "no-cache; no-store"} {
		x := exchange("Cache-Control: max-age=60")
		x.Request = header("Cache-Control: " + line)
		refuse(t, x, rfc9111.Policy{TTL: time.Hour, Permits: true}, rfc9111.ReasonRequestNoStore)
	}
	x := exchange("Cache-Control: max-age=60")
	x.Request = header(`Cache-Control: foo="no-store"`)
	store(t, x, rfc9111.Policy{})
}

func TestRFC9111_5_2_2_ResponseDirectivesThatForbidStoring(t *testing.T) {
	generous := rfc9111.Policy{TTL: time.Hour, Stale: time.Hour, Negative: time.Hour, Permits: true}
	for line, want := range map[string]rfc9111.Reason{
		"no-store":                         rfc9111.ReasonNoStore,
		"max-age=60, NO-Store":             rfc9111.ReasonNoStore,
		"no-store=1, max-age=60":           rfc9111.ReasonNoStore,
		"private":                          rfc9111.ReasonPrivate,
		"private, max-age=60, s-maxage=60": rfc9111.ReasonPrivate,
		"max-age=60, private=":             rfc9111.ReasonPrivate,
		`private=""`:                       rfc9111.ReasonPrivate,
		`private="a b"`:                    rfc9111.ReasonPrivate,
		`private=", ,"`:                    rfc9111.ReasonPrivate,
		`private="x-a", private=" , "`:     rfc9111.ReasonPrivate,
		`private="x", private`:             rfc9111.ReasonPrivate,
		`private="content-type"`:           rfc9111.ReasonPrivate, // without it the content has another meaning
		"public; max-age=60; private":      rfc9111.ReasonMalformed,
		`ext="a, no-store`:                 rfc9111.ReasonMalformed,
		"max-age=60, =5":                   rfc9111.ReasonMalformed,
		"max-age=60, private x":            rfc9111.ReasonMalformed,
		"max-age=60\x00":                   rfc9111.ReasonMalformed,
		"must-understand, private":         rfc9111.ReasonPrivate,
	} {
		refuse(t, exchange("Cache-Control: "+line), generous, want)
	}
}

func TestRFC9111_5_2_2_DirectivesInSeveralLinesAreOneField(t *testing.T) {
	refuse(t, exchange("Cache-Control: max-age=60", "Cache-Control: no-store"), rfc9111.Policy{}, rfc9111.ReasonNoStore)
	refuse(t, exchange("Cache-Control: ", "Cache-Control: ,,private"), rfc9111.Policy{TTL: time.Hour}, rfc9111.ReasonPrivate)
	terms := store(t, exchange("Cache-Control:", "Cache-Control: , ,max-age=60 ,", "Cache-Control: must-revalidate"), rfc9111.Policy{})
	if terms.Lifetime != time.Minute || !terms.MustRevalidate {
		t.Errorf("terms %+v", terms)
	}
}

func TestRFC9111_5_2_2_3_MustUnderstandOverridesNoStore(t *testing.T) {
	store(t, exchange("Cache-Control: must-understand, no-store, max-age=60"), rfc9111.Policy{})
	strange := exchange("Cache-Control: must-understand, no-store, max-age=60")
	strange.Status = 299
	refuse(t, strange, rfc9111.Policy{}, rfc9111.ReasonStatus)
}

func TestRFC9111_3_5_AuthorizedResponses(t *testing.T) {
	for _, c := range []struct {
		line    string
		permits bool
		want    rfc9111.Reason
	}{
		{"max-age=60", false, rfc9111.ReasonAuthorization},
		{"max-age=60, proxy-revalidate", false, rfc9111.ReasonAuthorization},
		{"max-age=60, s-maxage=x", false, rfc9111.ReasonAuthorization},
		{"max-age=60, public", false, rfc9111.Storable},
		{"s-maxage=60", false, rfc9111.Storable},
		{"max-age=60, must-revalidate", false, rfc9111.Storable},
		{"max-age=60", true, rfc9111.Storable},
		{"max-age=60, private", true, rfc9111.ReasonPrivate},
		{"max-age=60, no-store", true, rfc9111.ReasonNoStore},
		{"no-store, public, max-age=60", true, rfc9111.ReasonNoStore},
	} {
		shown, hidden := exchange("Cache-Control: "+c.line), exchange("Cache-Control: "+c.line)
		shown.Request = header("Authorization: Bearer x")
		hidden.Authorized = true
		for _, x := range []rfc9111.Exchange{shown, hidden} {
			if _, reason := rfc9111.Assess(x, rfc9111.Policy{Permits: c.permits}); reason != c.want {
				t.Errorf("%s, permitted %t: reason %q, want %q", c.line, c.permits, reason, c.want)
			}
		}
	}
}

func TestRFC9111_4_1_VaryThatNothingMatchesIsNotStored(t *testing.T) {
	for _, line := range []string{"*", "Accept, *", "a b", "Accept;q=1", `"Accept"`} {
		refuse(t, exchange("Cache-Control: max-age=60", "Vary: Accept", "Vary: "+line), rfc9111.Policy{}, rfc9111.ReasonVary)
	}
}

func TestRFC9112_6_3_ContradictoryLengthsAreNotStored(t *testing.T) {
	refuse(t, exchange("Cache-Control: max-age=60", "Content-Length: 3", "Content-Length: 4"), rfc9111.Policy{}, rfc9111.ReasonLength)
	store(t, exchange("Cache-Control: max-age=60", "Content-Length: 3", "Content-Length: 3"), rfc9111.Policy{})
}

func TestRFC9111_4_2_2_NoHeuristicFreshness(t *testing.T) {
	old := "Last-Modified: " + httpDate(noon.AddDate(-1, 0, 0))
	refuse(t, exchange(old), rfc9111.Policy{}, rfc9111.ReasonNoFreshness)
	refuse(t, exchange(old, "Cache-Control: public"), rfc9111.Policy{}, rfc9111.ReasonNoFreshness)
	refuse(t, exchange(old, "Cache-Control: must-revalidate"), rfc9111.Policy{}, rfc9111.ReasonNoFreshness)
}

func TestRFC9111_3_WhatCanNeverBeUsedIsNotStored(t *testing.T) {
	aged := "Age: 60"
	for _, lines := range [][]string{
		{"Cache-Control: max-age=0"},
		{"Cache-Control: no-cache"},
		{"Cache-Control: no-cache, max-age=60"},
		{"Cache-Control: max-age=60", aged},
		{"Expires: 0"},
		{"Cache-Control: max-age=60, stale-while-revalidate=60", "Age: 120"},
		{"Cache-Control: max-age=60, must-revalidate, stale-if-error=60", aged},
		{"Cache-Control: max-age=0", "ETag: unquoted", "Last-Modified: yesterday"},
	} {
		refuse(t, exchange(lines...), rfc9111.Policy{}, rfc9111.ReasonNeverUsable)
	}
	for _, lines := range [][]string{
		{"Cache-Control: max-age=0", `ETag: "a"`},
		{"Cache-Control: no-cache", "Last-Modified: " + httpDate(noon)},
		{"Cache-Control: max-age=60", "Age: 59"},
		{"Cache-Control: max-age=60, stale-if-error=61", "Age: 120"},
	} {
		store(t, exchange(lines...), rfc9111.Policy{})
	}
}

func TestRFC9111_7_3_SetCookieDoesNotInhibitStoring(t *testing.T) {
	store(t, exchange("Cache-Control: max-age=60", "Set-Cookie: a=b"), rfc9111.Policy{})
}
