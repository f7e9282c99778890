package rfc9111_test

import (
	"testing"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

func TestRFC9111_4_2_1_FreshnessLifetime(t *testing.T) {
	in := func(n int) string { return "Expires: " + httpDate(at(n)) }
	tag := `ETag: "a"`
	for _, c := range []struct {
		lines []string
		want  time.Duration
	}{
		{[]string{"Cache-Control: max-age=60"}, secs(60)},
		{[]string{in(60)}, secs(60)},
		{[]string{in(60), "Date: " + httpDate(at(-30))}, secs(90)}, // counted from the origin's own clock
		{[]string{in(60), "Date: " + httpDate(at(90)), tag}, 0},
		{[]string{"Cache-Control: max-age=60", in(600)}, secs(60)},
		{[]string{"Cache-Control: max-age=60, s-maxage=30", in(600)}, secs(30)},
		{[]string{"Cache-Control: s-maxage=30, max-age=60"}, secs(30)},
		{[]string{"Cache-Control: s-maxage=0, max-age=60", tag}, 0},
		{[]string{"Cache-Control: s-maxage=x, max-age=60", tag}, 0},
		{[]string{"Cache-Control: max-age=x", in(60), tag}, 0},
		{[]string{`Cache-Control: max-age="60"`}, secs(60)},
		{[]string{"Cache-Control: MAX-age=60"}, secs(60)},
		{[]string{"Cache-Control: public", in(60)}, secs(60)},
		{[]string{"Cache-Control: no-cache", tag}, 0},
		{[]string{"Cache-Control: no-cache, max-age=60", tag}, secs(60)},
	} {
		terms := store(t, exchange(c.lines...), rfc9111.Policy{})
		if terms.Lifetime != c.want || terms.ByPolicy {
			t.Errorf("%v: lifetime %v by policy %t, want %v", c.lines, terms.Lifetime, terms.ByPolicy, c.want)
		}
	}
}

func TestRFC9111_4_2_1_FirstDuplicateDirectiveWins(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  time.Duration
	}{
		{[]string{"Cache-Control: max-age=60, max-age=600"}, secs(60)},
		{[]string{"Cache-Control: max-age=600, max-age=60"}, secs(600)},
		{[]string{"Cache-Control: max-age=60", "Cache-Control: max-age=600"}, secs(60)},
		{[]string{"Cache-Control: s-maxage=9, s-maxage=1, max-age=5"}, secs(9)},
		{[]string{"Cache-Control: max-age=x, max-age=60", `ETag: "a"`}, 0},
		{[]string{"Expires: " + httpDate(at(60)), "Expires: " + httpDate(at(600))}, secs(60)},
		{[]string{"Expires: 0", "Expires: " + httpDate(at(600)), `ETag: "a"`}, 0},
		{[]string{"Expires: " + httpDate(at(60)) + ", " + httpDate(at(600)), `ETag: "a"`}, 0},
	} {
		if terms := store(t, exchange(c.lines...), rfc9111.Policy{}); terms.Lifetime != c.want {
			t.Errorf("%v: lifetime %v, want %v", c.lines, terms.Lifetime, c.want)
		}
	}
}

func TestRFC9111_4_2_1_UnreadableFreshnessIsStale(t *testing.T) {
	for _, line := range []string{
		"Cache-Control: max-age", "Cache-Control: max-age=", "Cache-Control: max-age=-1", "Cache-Control: max-age=+1",
		"Cache-Control: max-age=1.5", "Cache-Control: max-age=0x10", "Cache-Control: max-age=1e9", `Cache-Control: max-age=" 60"`,
		`Cache-Control: max-age="6\0"`, "Cache-Control: max-age=garbage", "Expires: 0", "Expires: -1", "Expires:", "Expires: tomorrow",
		"Expires: Thu, 05 Mar 2026 12:00:00 EST", "Expires: Thu, 5 Mar 2026 12:00:00 GMT",
	} {
		terms := store(t, exchange(line, `ETag: "a"`), rfc9111.Policy{TTL: time.Hour, Stale: time.Hour})
		if terms.Lifetime != 0 || terms.ByPolicy || terms.WhileRevalidate != 0 || terms.IfError != 0 {
			t.Errorf("%s: %+v, want stale", line, terms)
		}
	}
}

func TestRFC9111_1_2_2_DeltaSeconds(t *testing.T) {
	for v, want := range map[string]time.Duration{
		"0": 0, "007": secs(7), "2147483647": secs(1<<31 - 1), "2147483648": secs(1 << 31), "2147483649": secs(1 << 31),
		"9223372036854775807": secs(1 << 31), "18446744073709551617": secs(1 << 31), "99999999999999999999999999999999": secs(1 << 31),
	} {
		if got, ok := rfc9111.ParseDelta(v); !ok || got != want {
			t.Errorf("%s: %v, %t; want %v", v, got, ok, want)
		}
	}
	for _, v := range []string{"", "-0", "+1", " 1", "1 ", "1.0", "1,0", "٣", "1_0"} {
		if got, ok := rfc9111.ParseDelta(v); ok || got != 0 {
			t.Errorf("%q was read as %v", v, got)
		}
	}
}

func TestRFC9111_4_2_3_InitialAge(t *testing.T) {
	date := func(n int) string { return "Date: " + httpDate(at(n)) }
	for _, c := range []struct {
		name  string
		lines []string
		delay int
		want  time.Duration
	}{
		{"new", []string{date(0)}, 0, 0},
		{"apparent age", []string{date(-30)}, 0, secs(30)},
		{"corrected age", []string{date(-30), "Age: 40"}, 0, secs(40)},
		{"response delay", []string{date(0), "Age: 40"}, 5, secs(45)},
		{"response delay alone", []string{date(0)}, 5, secs(5)},
		{"apparent age beats delay", []string{date(-30), "Age: 20"}, 5, secs(30)},
		{"origin ahead", []string{date(300), "Age: 2"}, 0, secs(2)},
		{"unreadable date", []string{"Date: now", "Age: 2"}, 1, secs(3)},
		{"two dates", []string{date(-50), date(-20)}, 1, secs(1)},
		{"the same date twice", []string{date(-50), date(-50)}, 1, secs(50)},
		{"our clock set back meanwhile", []string{date(0)}, -60, 0},
		{"an age of ages", []string{"Age: 99999999999"}, 60, secs(1 << 31)},
	} {
		x := exchange(append(c.lines, "Cache-Control: max-age=60", `ETag: "a"`)...)
		x.Requested = at(-c.delay)
		if terms := store(t, x, rfc9111.Policy{}); terms.InitialAge != c.want {
			t.Errorf("%s: initial age %v, want %v", c.name, terms.InitialAge, c.want)
		}
	}
	x := exchange("Cache-Control: max-age=60")
	x.Response.Del("Date")
	if terms := store(t, x, rfc9111.Policy{}); terms.InitialAge != 0 {
		t.Errorf("without Date: initial age %v", terms.InitialAge)
	}
}

func TestRFC9111_5_1_Age(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  time.Duration
	}{
		{[]string{"Age: 7"}, secs(7)},
		{[]string{"Age: 7", "Age: 30"}, secs(7)},
		{[]string{"Age: 7 , 30"}, secs(7)},
		{[]string{"Age: , 7"}, secs(7)},
		{[]string{"Age:", "Age: 7"}, secs(7)},
		{[]string{"Age: x, 7"}, 0},
		{[]string{"Age: -7"}, 0},
		{[]string{"Age: 7.5"}, 0},
		{[]string{`Age: "7"`}, 0},
		{[]string{"Age: 7;a=b"}, 0},
		{[]string{"Age: 4294967296"}, secs(1 << 31)},
	} {
		terms := store(t, exchange(append(c.lines, "Cache-Control: max-age=60", `ETag: "a"`)...), rfc9111.Policy{})
		if terms.InitialAge != c.want {
			t.Errorf("%v: initial age %v, want %v", c.lines, terms.InitialAge, c.want)
		}
	}
}

func TestPolicyLifetimes(t *testing.T) {
	p := rfc9111.Policy{TTL: secs(100), Negative: secs(10), Stale: secs(50)}
	for _, c := range []struct {
		status int
		lines  []string
		want   rfc9111.Terms
	}{
		{200, nil, rfc9111.Terms{Lifetime: secs(100), ByPolicy: true, WhileRevalidate: secs(50), IfError: secs(50)}},
		{203, nil, rfc9111.Terms{Lifetime: secs(100), ByPolicy: true, WhileRevalidate: secs(50), IfError: secs(50)}},
		{404, nil, rfc9111.Terms{Lifetime: secs(10), ByPolicy: true}},
		{410, nil, rfc9111.Terms{Lifetime: secs(10), ByPolicy: true}},
		{404, []string{"Cache-Control: max-age=5"}, rfc9111.Terms{Lifetime: secs(5)}},
		{200, []string{"Cache-Control: max-age=5"}, rfc9111.Terms{Lifetime: secs(5), WhileRevalidate: secs(50), IfError: secs(50)}},
		{200, []string{"Cache-Control: max-age=5, stale-if-error=0"}, rfc9111.Terms{Lifetime: secs(5), WhileRevalidate: secs(50)}},
		{200, []string{"Cache-Control: stale-while-revalidate=7"}, rfc9111.Terms{Lifetime: secs(100), ByPolicy: true, WhileRevalidate: secs(7), IfError: secs(50)}},
		{200, []string{"Cache-Control: must-revalidate"}, rfc9111.Terms{Lifetime: secs(100), ByPolicy: true, MustRevalidate: true}},
		{200, []string{"Cache-Control: ext", "Pragma: no-cache"}, rfc9111.Terms{Lifetime: secs(100), ByPolicy: true, WhileRevalidate: secs(50), IfError: secs(50)}},
		{200, []string{"Cache-Control: public"}, rfc9111.Terms{Lifetime: secs(100), ByPolicy: true, WhileRevalidate: secs(50), IfError: secs(50)}},
		// The origin's clock is wrong: its Date has no part in our lifetime, an Age has.
		{200, []string{"Date: " + httpDate(at(-5000))}, rfc9111.Terms{Lifetime: secs(100), ByPolicy: true, WhileRevalidate: secs(50), IfError: secs(50)}},
		{200, []string{"Age: 30"}, rfc9111.Terms{Lifetime: secs(100), ByPolicy: true, InitialAge: secs(30), WhileRevalidate: secs(50), IfError: secs(50)}},
	} {
		x := exchange(c.lines...)
		x.Status = c.status
		c.want.Received = noon
		if got := store(t, x, p); got != c.want {
			t.Errorf("%d %v:\n got %+v\nwant %+v", c.status, c.lines, got, c.want)
		}
	}
	for status, lines := range map[int][]string{
		204: nil, 301: nil, 302: {"Cache-Control: no-cache", `ETag: "a"`}, 405: nil, 200: {"Pragma: no-cache"},
	} {
		x := exchange(lines...)
		x.Status = status
		refuse(t, x, p, rfc9111.ReasonNoFreshness)
	}
	refuse(t, exchange(), rfc9111.Policy{TTL: -time.Second}, rfc9111.ReasonNoFreshness)
}

func TestRFC9111_4_2_4_WhatForbidsStaleUseClosesTheWindows(t *testing.T) {
	p := rfc9111.Policy{Stale: time.Hour}
	for _, line := range []string{"must-revalidate", "proxy-revalidate", "s-maxage=60", "s-maxage=x", "no-cache"} {
		terms := store(t, exchange("Cache-Control: max-age=60, stale-while-revalidate=30, stale-if-error=30, "+line, `ETag: "a"`), p)
		if terms.WhileRevalidate != 0 || terms.IfError != 0 {
			t.Errorf("%s leaves windows: %+v", line, terms)
		}
	}
}
