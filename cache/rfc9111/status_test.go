package rfc9111_test

import (
	"testing"
	"time"

	"github.com/dunglas/httpsfv"
	"pgregory.net/rapid"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

func TestRFC9211_2_CacheStatus(t *testing.T) {
	for _, c := range []struct {
		status rfc9111.Status
		want   string
	}{
		{rfc9111.Status{}, "cleengate"},
		{rfc9111.Status{Hit: true, HasTTL: true, TTL: 30*time.Second + time.Millisecond}, "cleengate; hit; ttl=30"},
		{rfc9111.Status{Hit: true, HasTTL: true, TTL: -time.Millisecond}, "cleengate; hit; ttl=-1"},
		{rfc9111.Status{Hit: true, HasTTL: true, TTL: -5 * time.Second}, "cleengate; hit; ttl=-5"},
		{rfc9111.Status{Hit: true, HasTTL: true}, "cleengate; hit; ttl=0"},
		{rfc9111.Status{Fwd: rfc9111.FwdMiss, Stored: true}, "cleengate; fwd=miss; stored"},
		{rfc9111.Status{Fwd: rfc9111.FwdStale, Collapsed: true}, "cleengate; fwd=stale; collapsed"},
		{rfc9111.Status{Fwd: rfc9111.FwdStale, FwdStatus: 304, HasTTL: true, TTL: time.Minute, Stored: true}, "cleengate; fwd=stale; fwd-status=304; ttl=60; stored"},
		{rfc9111.Status{Hit: true, Fwd: rfc9111.FwdStale, FwdStatus: 503, Stored: true}, "cleengate; hit"}, // one or the other
		{rfc9111.Status{Fwd: rfc9111.FwdBypass, Detail: "no-store"}, "cleengate; fwd=bypass; detail=no-store"},
		{rfc9111.Status{Fwd: rfc9111.FwdMiss, Detail: `a "b" \`}, `cleengate; fwd=miss; detail="a \"b\" \\"`},
		{rfc9111.Status{Fwd: rfc9111.FwdMiss, Detail: "ä\r\n"}, `cleengate; fwd=miss; detail="????"`},
		{rfc9111.Status{Fwd: rfc9111.FwdMiss, Detail: "1a"}, `cleengate; fwd=miss; detail="1a"`},
	} {
		if got := string(c.status.Append([]byte("x, "))); got != "x, "+c.want {
			t.Errorf("%+v: %s", c.status, got)
		}
	}
}

// An implementation of RFC 9651 by others reads what is written.
func TestRFC9211_2_CacheStatusIsAStructuredField(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rfc9111.Status{
			Hit:       rapid.Bool().Draw(t, "hit"),
			Fwd:       rapid.SampledFrom([]rfc9111.Forwarded{"", "bypass", "method", "uri-miss", "vary-miss", "miss", "request", "stale", "partial"}).Draw(t, "fwd"),
			FwdStatus: rapid.SampledFrom([]int{0, 200, 304, 503}).Draw(t, "fwd-status"),
			HasTTL:    rapid.Bool().Draw(t, "has ttl"),
			TTL:       time.Duration(rapid.Int64Range(-1<<60, 1<<60).Draw(t, "ttl")),
			Stored:    rapid.Bool().Draw(t, "stored"),
			Collapsed: rapid.Bool().Draw(t, "collapsed"),
			Detail:    rapid.String().Draw(t, "detail"),
		}
		list, err := httpsfv.UnmarshalList([]string{string(s.Append(nil))})
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v was written as %q: %v", s, s.Append(nil), err)
		}
		item, ok := list[0].(httpsfv.Item)
		if !ok || item.Value != httpsfv.Token("cleengate") {
			t.Fatalf("member %+v", list[0])
		}
		param := func(name string) any { v, _ := item.Params.Get(name); return v }
		if hit := param("hit") == true; hit != s.Hit {
			t.Errorf("hit %t", hit)
		}
		if fwd, _ := param("fwd").(httpsfv.Token); (fwd != "") != (!s.Hit && s.Fwd != "") {
			t.Errorf("fwd %q", fwd)
		}
		if _, has := param("detail").(string); has != (param("detail") != nil) {
			if _, token := param("detail").(httpsfv.Token); !token {
				t.Errorf("detail %v", param("detail"))
			}
		}
		if (param("detail") != nil) != (s.Detail != "") || (param("ttl") != nil) != s.HasTTL {
			t.Errorf("%+v was written as %q", s, s.Append(nil))
		}
	})
}
