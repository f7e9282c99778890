package rfc9111

import (
	"net/http"
	"net/url"
	"strings"
)

// maxReference bounds the Location fields that are read, in bytes.
const maxReference = 8 << 10

// Invalidates are the URIs whose stored responses a response makes invalid (RFC
// 9111 section 4.4): for a method that is not safe and a status that is no
// error, the target itself and what Location and Content-Location name of the
// same origin. target is absolute. The URIs have no fragment.
//
// A caller that does not know the outcome of an unsafe request invalidates as
// if it had succeeded, with status 200 and no header.
func Invalidates(method string, status int, target *url.URL, h http.Header) []*url.URL {
	if safe(method) || status < 200 || status > 399 {
		return nil
	}
	base := *target
	base.Fragment, base.RawFragment = "", ""
	uris := []*url.URL{&base}
	for _, name := range [...]string{"Location", "Content-Location"} {
		lines := h[name]
		if len(lines) != 1 || len(lines[0]) > maxReference {
			continue
		}
		uri, err := base.Parse(lines[0])
		if err != nil || !sameOrigin(uri, &base) {
			continue
		}
		uri.Fragment, uri.RawFragment = "", ""
		if uri.String() != base.String() {
			uris = append(uris, uri)
		}
	}
	return uris
}

// safe are the methods that change nothing (RFC 9110 section 9.2.1). A method
// that is not known may.
func safe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// sameOrigin compares scheme, host and port (RFC 9110 section 4.3.1).
func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case strings.EqualFold(u.Scheme, "https"):
		return "443"
	case strings.EqualFold(u.Scheme, "http"):
		return "80"
	}
	return ""
}
