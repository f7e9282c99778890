package rfc9111_test

import (
	"testing"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

func TestRFC9110_5_6_7_DateFormats(t *testing.T) {
	want := time.Date(1994, time.November, 6, 8, 49, 37, 0, time.UTC)
	for _, v := range []string{
		"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
		"sun, 06 NOV 1994 08:49:37 gmt", // RFC 9111 section 4.2: without regard to case
	} {
		if got, ok := rfc9111.ParseDate(v, noon); !ok || !got.Equal(want) {
			t.Errorf("%s: %v, %t", v, got, ok)
		}
	}
}

func TestRFC9111_4_2_DatesAreReadStrictly(t *testing.T) {
	for _, v := range []string{
		"", "0", "-1", "now", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 EST",
		"Sun, 06 Nov 1994 08:49:37 +0000", "Sunday, 06-Nov-94 08:49:37 PST", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
		"Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 06 Nov 1994 08:49:37.5 GMT", "Sun,  06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
		" Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06-Nov-1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
		"Mon, 06 Nov 1994 08:49:37 GMT", "06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z", "784111777", "Sun Nov 6 08:49:37 1994",
		"Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT", `"Sun, 06 Nov 1994 08:49:37 GMT"`,
	} {
		if got, ok := rfc9111.ParseDate(v, noon); ok {
			t.Errorf("%q was read as %v", v, got)
		}
	}
}

// RFC 9110 section 5.6.7: more than 50 years ahead is the past.
func TestRFC9110_5_6_7_YearsOfTwoDigits(t *testing.T) {
	for v, want := range map[string]int{
		"Wednesday, 04-Mar-76 12:00:00 GMT": 2076, // 50 years to the second
		"Friday, 05-Mar-76 12:00:00 GMT":    1976,
		"Friday, 01-Jan-99 00:00:00 GMT":    1999,
		"Saturday, 01-Jan-00 00:00:00 GMT":  2000,
		"Wednesday, 01-Jan-75 00:00:00 GMT": 0, // was read as 2075, which begins on a Tuesday
		"Tuesday, 01-Jan-75 00:00:00 GMT":   2075,
	} {
		got, ok := rfc9111.ParseDate(v, noon)
		if ok != (want != 0) || ok && got.Year() != want {
			t.Errorf("%s: %v, %t; want the year %d", v, got, ok, want)
		}
	}
}

func TestRFC9111_5_3_ExpiresTakesNoLocalZone(t *testing.T) {
	x := exchange("Expires: " + httpDate(at(60)))
	x.Received = noon.In(time.FixedZone("far", 13*3600))
	x.Requested = x.Received
	if terms := store(t, x, rfc9111.Policy{}); terms.Lifetime != time.Minute || terms.InitialAge != 0 {
		t.Errorf("terms %+v", terms)
	}
}
