package proxy

import (
	"net/http"
	"net/url"
	"strings"
)

// checkBrowser refuses what a page of a foreign origin made a browser send, for
// every method: a GET spends quota and may be readable after a rebind. It
// returns the allow-listed origin that the answer's CORS fields may name, ""
// where there is none (a client that is no browser, or our own origin).
//
// Evidence of a page is Origin (RFC 6454), Sec-Fetch-Site (W3C Fetch Metadata)
// and Referer; each one present must be in order.
func (g *Guard) checkBrowser(r *http.Request) (origin string, p *Problem) {
	page, sent := pageOrigin(r.Header)
	if sent && page != ownOrigin(r) {
		if _, listed := g.origins[page]; !listed {
			return "", originRefused(page)
		}
		return page, nil
	}
	for _, site := range r.Header["Sec-Fetch-Site"] {
		if site != "same-origin" && site != "none" {
			return "", originRefused(page)
		}
	}
	return "", nil
}

// pageOrigin finds the origin of the page in Origin or, failing that, Referer.
// Unreadable, repeated or opaque ones come out as "null", which is never
// allow-listed.
func pageOrigin(h http.Header) (origin string, sent bool) {
	if values, ok := h["Origin"]; ok {
		if len(values) != 1 {
			return "null", true
		}
		o, valid := normalOrigin(values[0])
		if !valid {
			return "null", true
		}
		// An allowed Origin does not excuse a Referer of another page.
		if ref, hasRef := refererOrigin(h); hasRef && ref != o {
			return ref, true
		}
		return o, true
	}
	return refererOrigin(h)
}

func refererOrigin(h http.Header) (string, bool) {
	values, ok := h["Referer"]
	if !ok {
		return "", false
	}
	if len(values) != 1 {
		return "null", true
	}
	if values[0] == "" || values[0] == "about:blank" { // RFC 9110 section 10.1.3
		return "", false
	}
	u, err := url.Parse(values[0])
	if err != nil {
		return "null", true
	}
	o, valid := normalOrigin(u.Scheme + "://" + u.Host)
	if !valid {
		return "null", true
	}
	return o, true
}

// normalOrigin lower-cases an origin and drops the scheme's default port.
func normalOrigin(s string) (string, bool) {
	scheme, rest, ok := strings.Cut(strings.ToLower(s), "://")
	if !ok || scheme == "" || rest == "" || strings.ContainsAny(rest, "/?#@\\ ") {
		return "", false
	}
	if _, valid := hostName(rest); !valid {
		return "", false
	}
	switch scheme {
	case "http":
		rest = strings.TrimSuffix(rest, ":80")
	case "https":
		rest = strings.TrimSuffix(rest, ":443")
	}
	return scheme + "://" + rest, true
}

// ownOrigin is the origin under which the app reached us. The Host has passed
// checkHost before, so a rebound name cannot make itself our own.
func ownOrigin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	o, _ := normalOrigin(scheme + "://" + r.Host)
	return o
}

func originRefused(origin string) *Problem {
	const why = "A page of another origin tried to use this proxy"
	if origin == "" || origin == "null" {
		return &Problem{Code: CodeOriginRefused, Detail: why + " and its origin cannot be told. Serve the page over http or https, and add its origin to the configuration: guard: {allowed_origins: [\"https://app.example\"]}."}
	}
	shown := visible(origin, 200)
	return &Problem{Code: CodeOriginRefused, Detail: why + ". If " + shown + " is yours, add it to the configuration: guard: {allowed_origins: [\"" + shown + "\"]}."}
}
