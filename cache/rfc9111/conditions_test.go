package rfc9111_test

import (
	"testing"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

func TestRFC9111_4_3_2_ConditionalRequests(t *testing.T) {
	const whole, notModified, forward = rfc9111.Whole, rfc9111.NotModified, rfc9111.Forward
	since := func(n int) string { return "If-Modified-Since: " + httpDate(at(n)) }
	tagged := []string{`ETag: "a"`, "Last-Modified: " + httpDate(at(-60))}
	weak := []string{`ETag: W/"a"`}
	dated := []string{"Date: " + httpDate(at(-30))}
	for _, c := range []struct {
		request []string
		status  int
		stored  []string
		want    rfc9111.Answer
	}{
		{nil, 200, tagged, whole},
		// If-None-Match, compared weakly
		{[]string{`If-None-Match: "a"`}, 200, tagged, notModified},
		{[]string{`If-None-Match: W/"a"`}, 200, tagged, notModified},
		{[]string{`If-None-Match: "a"`}, 200, weak, notModified},
		{[]string{`If-None-Match: "b"`}, 200, tagged, whole},
		{[]string{`If-None-Match: "A"`}, 200, tagged, whole},
		{[]string{`If-None-Match: w/"a"`}, 200, tagged, whole},
		{[]string{`If-None-Match: a`}, 200, tagged, whole},
		{[]string{`If-None-Match: "b", W/"c" ,"a"`}, 200, tagged, notModified},
		{[]string{`If-None-Match: "b"`, `If-None-Match: ,"a"`}, 200, tagged, notModified},
		{[]string{`If-None-Match: "b, "a"`}, 200, tagged, whole}, // one tag that has a comma, then no comma
		{[]string{`If-None-Match: "b" "a"`}, 200, tagged, whole},
		{[]string{`If-None-Match: "b`}, 200, tagged, whole},
		{[]string{`If-None-Match: *`}, 200, tagged, notModified},
		{[]string{`If-None-Match: *`}, 200, nil, notModified},
		{[]string{`If-None-Match: "*"`}, 200, tagged, whole},
		{[]string{`If-None-Match: *, "b"`}, 200, tagged, whole},
		{[]string{`If-None-Match: *`, `If-None-Match: "b"`}, 200, tagged, whole},
		{[]string{`If-None-Match: "a"`}, 200, nil, whole},
		{[]string{`If-None-Match:`}, 200, []string{"ETag:"}, whole},
		{[]string{`If-None-Match: "x,a"`}, 200, []string{`ETag: "x,a"`}, notModified},
		// it hides If-Modified-Since
		{[]string{`If-None-Match: "b"`, since(0)}, 200, tagged, whole},
		{[]string{`If-None-Match: "a"`, since(-600)}, 200, tagged, notModified},
		// If-Modified-Since
		{[]string{since(-60)}, 200, tagged, notModified},
		{[]string{since(0)}, 200, tagged, notModified},
		{[]string{since(-61)}, 200, tagged, whole},
		{[]string{since(-30)}, 200, dated, notModified}, // no Last-Modified: Date
		{[]string{since(-31)}, 200, dated, whole},
		{[]string{since(0)}, 200, nil, notModified}, // no Date: reception
		{[]string{since(-1)}, 200, nil, whole},
		{[]string{"If-Modified-Since: now"}, 200, tagged, whole},
		{[]string{since(0), since(0)}, 200, tagged, whole},
		// only for a successful response
		{[]string{`If-None-Match: "a"`}, 404, tagged, whole},
		{[]string{`If-None-Match: *`}, 301, tagged, whole},
		{[]string{since(0)}, 404, tagged, whole},
		// the origin's
		{[]string{`If-Match: "a"`}, 200, tagged, forward},
		{[]string{`If-Match: *`, `If-None-Match: "a"`}, 200, tagged, forward},
		{[]string{"If-Unmodified-Since: " + httpDate(noon)}, 200, tagged, forward},
		{[]string{`If-Match: "a"`}, 404, tagged, forward},
	} {
		got := rfc9111.Conditions(header(c.request...), c.status, header(c.stored...), noon.Add(300*time.Millisecond))
		if got != c.want {
			t.Errorf("%v of %d %v: %d, want %d", c.request, c.status, c.stored, got, c.want)
		}
	}
}
