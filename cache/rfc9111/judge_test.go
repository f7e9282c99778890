package rfc9111_test

import (
	"math"
	"testing"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

const (
	must    = rfc9111.MustValidate
	onError = rfc9111.StaleIfError
	stale   = rfc9111.StaleUsable
	fresh   = rfc9111.Fresh
)

func TestRFC9111_4_2_FreshUntilTheLifetimeIsReached(t *testing.T) {
	terms := store(t, exchange("Cache-Control: max-age=60", "Age: 10"), rfc9111.Policy{})
	for second, want := range map[int]rfc9111.Kind{0: fresh, 49: fresh, 50: must, 51: must, -500: fresh} {
		v := terms.Judge(rfc9111.Request{}, at(second))
		age := secs(10 + max(second, 0))
		if v.Kind != want || v.Age != age || v.TTL != secs(60)-age {
			t.Errorf("after %d s: %+v, want %v at age %v", second, v, want, age)
		}
	}
}

// judged is a response fresh for 100 s, with the given further directives.
func judged(t *testing.T, more string) rfc9111.Terms {
	return store(t, exchange("Cache-Control: max-age=100"+more, `ETag: "a"`), rfc9111.Policy{})
}

func TestRFC9111_5_2_1_RequestDirectives(t *testing.T) {
	const windows = ", stale-while-revalidate=20, stale-if-error=40"
	for _, c := range []struct {
		response, request string
		age               int
		want              rfc9111.Kind
	}{
		// 5.2.1.1 max-age
		{"", "max-age=50", 50, fresh},
		{"", "max-age=50", 51, must},
		{"", "max-age=0", 0, fresh},
		{"", "max-age=0", 1, must},
		{"", "max-age=500", 101, must},
		{"", "max-age=x", 1, must},
		{"", "max-age=500, max-age=0", 50, fresh},
		{windows, "max-age=500", 101, must}, // no max-stale: nothing stale is wanted
		// 5.2.1.2 max-stale
		{"", "max-stale", 100, stale},
		{"", "max-stale", 100000, stale},
		{"", "max-stale=10", 110, stale},
		{"", "max-stale=10", 111, must},
		{"", "max-stale=0", 101, must},
		{"", "max-stale=x", 101, must},
		{"", "max-stale=", 101, must},
		{"", `max-stale="10"`, 105, stale},
		{"", "max-stale=10, max-age=105", 105, stale},
		{"", "max-stale=10, max-age=104", 105, must},
		{windows, "max-stale=5", 110, must}, // the client's bound, not the window
		{", must-revalidate", "max-stale", 101, must},
		{", proxy-revalidate", "max-stale", 101, must},
		{", s-maxage=100", "max-stale", 101, must},
		{", no-cache", "max-stale", 1, must},
		// 5.2.1.3 min-fresh
		{"", "min-fresh=40", 60, fresh},
		{"", "min-fresh=40", 61, must},
		{"", "min-fresh=0", 99, fresh},
		{"", "min-fresh=x", 1, must},
		{"", "min-fresh=9, max-stale", 105, must},
		{windows, "min-fresh=40", 61, must},
		// 5.2.1.4 no-cache, 5.2.1.5 no-store, 5.2.1.7 only-if-cached
		{"", "no-cache", 1, must},
		{windows, "No-Cache", 105, must},
		{"", "no-cache=x", 1, must},
		{"", "no-store", 1, fresh},
		{"", "only-if-cached", 1, fresh},
		{windows, "only-if-cached", 105, stale},
		// what does not parse may have meant no-cache
		{"", "max-age=50; no-cache", 1, must},
		{"", `ext="no-cache`, 1, must},
		{"", `ext="no-cache"`, 1, fresh},
	} {
		terms := judged(t, c.response)
		if v := terms.Judge(request("Cache-Control: "+c.request), at(c.age)); v.Kind != c.want {
			t.Errorf("response max-age=100%s, request %s, age %d: %v, want %v", c.response, c.request, c.age, v.Kind, c.want)
		}
	}
}

func TestRFC5861_StaleWindows(t *testing.T) {
	for _, c := range []struct {
		response, request string
		age               int
		want              rfc9111.Kind
	}{
		{", stale-while-revalidate=20", "", 99, fresh},
		{", stale-while-revalidate=20", "", 100, stale},
		{", stale-while-revalidate=20", "", 119, stale},
		{", stale-while-revalidate=20", "", 120, must},
		{", stale-while-revalidate=x", "", 101, must},
		{", stale-while-revalidate=5, stale-while-revalidate=500", "", 110, must},
		{", stale-while-revalidate=20, stale-if-error=40", "", 119, stale},
		{", stale-while-revalidate=20, stale-if-error=40", "", 120, onError},
		{", stale-while-revalidate=20, stale-if-error=40", "", 139, onError},
		{", stale-while-revalidate=20, stale-if-error=40", "", 140, must},
		{", must-revalidate, stale-while-revalidate=20, stale-if-error=40", "", 101, must},
		{", no-cache, stale-while-revalidate=20, stale-if-error=40", "", 1, must},
		{"", "stale-if-error=40", 139, onError},
		{"", "stale-if-error=40", 140, must},
		{"", "stale-if-error=x", 101, must},
		{", must-revalidate", "stale-if-error=40", 101, must},
		{", stale-if-error=40", "max-age=500", 120, must},
		{", stale-if-error=40", "max-age=50, stale-if-error=10", 60, onError},
		{", stale-if-error=40", "no-cache, stale-if-error=10", 60, must},
	} {
		terms := judged(t, c.response)
		if v := terms.Judge(request("Cache-Control: "+c.request), at(c.age)); v.Kind != c.want {
			t.Errorf("response max-age=100%s, request %q, age %d: %v, want %v", c.response, c.request, c.age, v.Kind, c.want)
		}
	}
}

func TestRFC8246_ImmutableIsNotReloadedWhileFresh(t *testing.T) {
	terms := judged(t, ", immutable")
	for line, want := range map[string]rfc9111.Kind{"max-age=0": fresh, "max-age=50": fresh, "no-cache": must, "min-fresh=60": must} {
		if v := terms.Judge(request("Cache-Control: "+line), at(60)); v.Kind != want {
			t.Errorf("%s: %v, want %v", line, v.Kind, want)
		}
	}
	if v := terms.Judge(request("Cache-Control: max-age=0"), at(100)); v.Kind != must {
		t.Errorf("stale: %v", v.Kind)
	}
}

func TestRFC9111_5_4_PragmaOnlyWithoutCacheControl(t *testing.T) {
	terms := judged(t, "")
	for _, c := range []struct {
		lines []string
		want  rfc9111.Kind
	}{
		{[]string{"Pragma: no-cache"}, must},
		{[]string{"Pragma: x=y, NO-CACHE"}, must},
		{[]string{"Pragma: x", "Pragma: no-cache"}, must},
		{[]string{"Pragma: x; no-cache"}, must}, // does not parse
		{[]string{"Pragma: cache"}, fresh},
		{[]string{"Pragma: no-cache", "Cache-Control: max-age=60"}, fresh},
	} {
		if v := terms.Judge(request(c.lines...), at(1)); v.Kind != c.want {
			t.Errorf("%v: %v, want %v", c.lines, v.Kind, c.want)
		}
	}
}

func TestRFC9111_4_2_3_AgeNeverOverflowsNorRunsBack(t *testing.T) {
	terms := rfc9111.Terms{Received: noon, InitialAge: secs(1 << 31), Lifetime: secs(1 << 31)}
	for _, now := range []time.Time{noon, at(math.MaxInt32), noon.AddDate(400, 0, 0), noon.AddDate(-400, 0, 0)} {
		if age := terms.Age(now); age != secs(1<<31) {
			t.Errorf("at %v: age %v", now, age)
		}
	}
	young := rfc9111.Terms{Received: noon, InitialAge: secs(3)}
	if age := young.Age(at(-60)); age != secs(3) {
		t.Errorf("with a clock set back: age %v", age)
	}
}

func TestRFC9111_5_1_AgeIsWholeSecondsRoundedDown(t *testing.T) {
	for age, want := range map[time.Duration]string{0: "0", 1999 * time.Millisecond: "1", -time.Hour: "0", math.MaxInt64: "2147483648"} {
		if got := string(rfc9111.AppendAge(nil, age)); got != want {
			t.Errorf("%v: %s, want %s", age, got, want)
		}
	}
}

func TestKindsAreOrderedByPermission(t *testing.T) {
	if must >= onError || onError >= stale || stale >= fresh {
		t.Error("the kinds are out of order")
	}
	seen := map[string]bool{}
	for _, k := range []rfc9111.Kind{must, onError, stale, fresh} {
		seen[k.String()] = true
	}
	if len(seen) != 4 {
		t.Errorf("kinds share words: %v", seen)
	}
}
