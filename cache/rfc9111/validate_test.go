package rfc9111_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

func TestRFC9111_4_3_1_BothValidatorsAreSent(t *testing.T) {
	date := httpDate(at(-3600))
	for _, c := range []struct {
		stored, want []string
	}{
		{[]string{`ETag: "a"`, "Last-Modified: " + date}, []string{`If-None-Match: "a"`, "If-Modified-Since: " + date}},
		{[]string{`ETag: W/"a"`}, []string{`If-None-Match: W/"a"`}},
		{[]string{"Last-Modified: " + date}, []string{"If-Modified-Since: " + date}},
		{[]string{"ETag: a", "Last-Modified: long ago"}, nil},
		{[]string{`ETag: "a"`, `ETag: "b"`}, nil},
		{[]string{`ETag: "a", "b"`}, nil},
		{nil, nil},
	} {
		dst := header("Accept: x", "If-Match: x", `If-None-Match: "client"`, "If-Modified-Since: x", "If-Unmodified-Since: x", "If-Range: x", "Range: bytes=0-1")
		ok := rfc9111.AddValidators(dst, header(c.stored...))
		if want := header(append(c.want, "Accept: x")...); ok != (c.want != nil) || !cmp.Equal(dst, want) {
			t.Errorf("%v: %t, %v", c.stored, ok, dst)
		}
	}
}

func TestRFC9111_4_3_4_WhatA304Selects(t *testing.T) {
	date, other := "Last-Modified: "+httpDate(at(-60)), "Last-Modified: "+httpDate(at(-90))
	strong, weak, b := header(`ETag: "a"`, date), header(`ETag: W/"a"`, date), header(`ETag: "b"`, other)
	bare := header("X: 1")
	for _, c := range []struct {
		name   string
		from   http.Header
		stored []http.Header
		want   []int
	}{
		{"the same strong tag", header(`ETag: "a"`), []http.Header{b, strong, weak, strong}, []int{1, 3}},
		{"a strong tag confirms no weak one", header(`ETag: "a"`), []http.Header{weak, b}, nil},
		{"a strong tag that none has", header(`ETag: "c"`), []http.Header{strong, b}, nil},
		{"a weak tag confirms the newest", header(`ETag: W/"a"`), []http.Header{b, weak, strong}, []int{1}},
		{"a date confirms the newest", header(date), []http.Header{b, strong, weak}, []int{1}},
		{"nothing to choose by", bare, []http.Header{strong, b}, nil},
		{"nothing asked for", header(`ETag: "a"`), nil, nil},
		{"the only one, same tag", header(`ETag: "a"`), []http.Header{strong}, []int{0}},
		{"the only one, weakened by compression", header(`ETag: "a"`), []http.Header{weak}, []int{0}},
		{"the only one, no validator in the 304", bare, []http.Header{strong}, []int{0}},
		{"the only one, another tag", header(`ETag: "b"`, date), []http.Header{strong}, nil},
		{"the only one, an unreadable tag", header("ETag: a"), []http.Header{strong}, nil},
		{"the only one, another date", header(other), []http.Header{strong}, nil},
		{"the only one, same tag and another date", header(`ETag: "a"`, other), []http.Header{strong}, []int{0}},
		{"the only one, without validators", header(`ETag: "a"`), []http.Header{bare}, []int{0}},
	} {
		if got := rfc9111.Selects304(c.from, c.stored...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRFC9111_4_3_5_FresheningByHEAD(t *testing.T) {
	date := "Last-Modified: " + httpDate(at(-60))
	stored := header(`ETag: "a"`, date, "Content-Length: 5")
	for _, c := range []struct {
		head []string
		want bool
	}{
		{[]string{`ETag: "a"`, date, "Content-Length: 5"}, true},
		{[]string{`ETag: "a"`}, true},
		{nil, true},
		{[]string{`ETag: "b"`, "Content-Length: 5"}, false},
		{[]string{`ETag: "a"`, "Content-Length: 6"}, false},
		{[]string{"Last-Modified: " + httpDate(at(-59))}, false},
	} {
		if got := rfc9111.Freshens(header(c.head...), stored); got != c.want {
			t.Errorf("%v: %t", c.head, got)
		}
	}
	bare := header("X: 1")
	for _, line := range []string{`ETag: "a"`, date, "Content-Length: 5"} {
		if rfc9111.Freshens(header(line), bare) {
			t.Errorf("%s freshens a response that has none", line)
		}
	}
}
