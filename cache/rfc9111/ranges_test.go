package rfc9111_test

import (
	"testing"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

func TestRFC9110_14_2_RangeOfACompleteResponse(t *testing.T) {
	whole := rfc9111.Part{Status: 200, Length: 10}
	part := func(first, length int64, field string) rfc9111.Part {
		return rfc9111.Part{Status: 206, First: first, Length: length, ContentRange: field}
	}
	outside := rfc9111.Part{Status: 416, ContentRange: "bytes */10"}
	for value, want := range map[string]rfc9111.Part{
		"bytes=0-0":                          part(0, 1, "bytes 0-0/10"),
		"bytes=2-5":                          part(2, 4, "bytes 2-5/10"),
		"bytes=9-":                           part(9, 1, "bytes 9-9/10"),
		"bytes=0-":                           part(0, 10, "bytes 0-9/10"),
		"bytes=5-500":                        part(5, 5, "bytes 5-9/10"),
		"BYTES=2-5":                          part(2, 4, "bytes 2-5/10"),
		"bytes= 2-5 ":                        part(2, 4, "bytes 2-5/10"),
		"bytes=-3":                           part(7, 3, "bytes 7-9/10"),
		"bytes=-500":                         part(0, 10, "bytes 0-9/10"),
		"bytes=5-99999999999999999999999999": part(5, 5, "bytes 5-9/10"),
		"bytes=-99999999999999999999999999":  part(0, 10, "bytes 0-9/10"),
		"bytes=10-":                          outside,
		"bytes=10-20":                        outside,
		"bytes=-0":                           outside,
		"bytes=99999999999999999999999999-":  outside,
		"bytes=5-2":                          whole,
		"bytes=0-1,3-4":                      whole,
		"bytes=0-1,":                         whole,
		"bytes=-":                            whole,
		"bytes=":                             whole,
		"bytes=a-b":                          whole,
		"bytes=1-2-3":                        whole,
		"bytes=+1-2":                         whole,
		"bytes=1 - 2":                        whole,
		"bytes 0-1":                          whole,
		"items=0-1":                          whole,
		"":                                   whole,
	} {
		if got := rfc9111.Range(header("Range: "+value), header(), 10); got != want {
			t.Errorf("%q: %+v, want %+v", value, got, want)
		}
	}
	if got := rfc9111.Range(header("Range: bytes=0-0", "Range: bytes=1-1"), header(), 10); got != whole {
		t.Errorf("two fields: %+v", got)
	}
	if got := rfc9111.Range(header(), header(), 10); got != whole {
		t.Errorf("no field: %+v", got)
	}
}

func TestRFC9110_14_1_2_RangeOfNothing(t *testing.T) {
	for value, status := range map[string]int{"bytes=0-": 416, "bytes=0-0": 416, "bytes=-0": 416, "bytes=-5": 200, "bytes=-x": 200} {
		if got := rfc9111.Range(header("Range: "+value), header(), 0); got.Status != status || got.First != 0 || got.Length != 0 {
			t.Errorf("%s: %+v, want %d", value, got, status)
		}
	}
}

func TestRFC9110_13_1_5_IfRange(t *testing.T) {
	modified := httpDate(at(-60))
	stored := []string{`ETag: "a"`, "Last-Modified: " + modified, "Date: " + httpDate(noon)}
	for _, c := range []struct {
		value  string
		stored []string
		holds  bool
	}{
		{`"a"`, stored, true},
		{`"b"`, stored, false},
		{`W/"a"`, stored, false},
		{`"a"`, []string{`ETag: W/"a"`}, false},
		{`W/"a"`, []string{`ETag: W/"a"`}, false},
		{`"a", "b"`, stored, false},
		{`"a"`, nil, false},
		{modified, stored, true},
		{httpDate(at(-59)), stored, false}, // exact, not "since"
		{httpDate(at(-61)), stored, false},
		{modified, []string{"Last-Modified: " + modified}, false}, // no Date: not known to be strong
		{modified, []string{"Last-Modified: " + modified, "Date: " + modified}, false},
		{modified, []string{"Last-Modified: " + modified, "Date: " + httpDate(at(-59))}, true},
		{"yesterday", stored, false},
		{"", stored, false},
	} {
		got := rfc9111.Range(header("Range: bytes=1-2", "If-Range: "+c.value), header(c.stored...), 10)
		if holds := got.Status == 206; holds != c.holds {
			t.Errorf("%s against %v: holds %t", c.value, c.stored, holds)
		}
	}
	if got := rfc9111.Range(header("Range: bytes=1-2", `If-Range: "a"`, `If-Range: "a"`), header(stored...), 10); got.Status != 200 {
		t.Errorf("two If-Range: %+v", got)
	}
}
