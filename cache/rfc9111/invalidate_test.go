package rfc9111_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

func TestRFC9111_4_4_Invalidation(t *testing.T) {
	const target = "https://api.example/a/b?x=1"
	for _, c := range []struct {
		method string
		status int
		lines  []string
		want   []string
	}{
		{"POST", 200, nil, []string{target}},
		{"PUT", 204, nil, []string{target}},
		{"DELETE", 303, nil, []string{target}},
		{"PATCH", 201, nil, []string{target}},
		{"FROBNICATE", 200, nil, []string{target}}, // not known to be safe
		{"get", 200, nil, []string{target}},        // methods have case
		{"POST", 400, []string{"Location: /c"}, nil},
		{"POST", 500, nil, nil},
		{"POST", 102, nil, nil},
		{"GET", 200, []string{"Location: /c"}, nil},
		{"HEAD", 200, nil, nil},
		{"OPTIONS", 200, nil, nil},
		{"TRACE", 200, nil, nil},
		{"POST", 201, []string{"Location: /c?y#frag", "Content-Location: d"}, []string{target, "https://api.example/c?y", "https://api.example/a/d"}},
		{"POST", 201, []string{"Location: HTTPS://API.example:443/c"}, []string{target, "https://API.example:443/c"}},
		{"POST", 201, []string{"Location: https://other.example/c", "Content-Location: //evil.example/a/b"}, []string{target}},
		{"POST", 201, []string{"Location: http://api.example/c"}, []string{target}},
		{"POST", 201, []string{"Location: https://api.example:8443/c"}, []string{target}},
		{"POST", 201, []string{"Location: https://api.example@evil.example/c"}, []string{target}},
		{"POST", 201, []string{"Location: mailto:a@api.example", "Content-Location: :"}, []string{target}},
		{"POST", 201, []string{"Location: /c", "Location: /d"}, []string{target}}, // which one cannot be told
		{"PUT", 200, []string{"Content-Location: /a/b?x=1#top"}, []string{target}},
		{"POST", 201, []string{"Location: /" + strings.Repeat("x", 8<<10)}, []string{target}},
	} {
		u, err := url.Parse(target + "#fragment")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, uri := range rfc9111.Invalidates(c.method, c.status, u, header(c.lines...)) {
			got = append(got, uri.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %d %v: %v, want %v", c.method, c.status, c.lines, got, c.want)
		}
		if u.Fragment != "fragment" {
			t.Error("the target changed")
		}
	}
}
