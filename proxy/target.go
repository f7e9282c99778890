package proxy

import (
	"net/http"
	"net/url"
	"strings"
)

// rawTarget returns the path of the request line byte for byte. url.URL keeps
// only what it can encode back; the request line keeps everything. For the
// absolute form (RFC 9112 section 3.2.2) scheme and authority are left out.
func rawTarget(r *http.Request) string {
	raw := r.RequestURI
	if raw == "" || raw == "*" { // made in process, or OPTIONS *
		return r.URL.EscapedPath()
	}
	if raw[0] != '/' {
		if i := strings.Index(raw, "://"); i >= 0 {
			raw = raw[i+3:]
			if j := strings.IndexAny(raw, "/?"); j >= 0 {
				raw = raw[j:]
			} else {
				raw = ""
			}
		}
	}
	if i := strings.IndexByte(raw, '?'); i >= 0 {
		raw = raw[:i]
	}
	if raw == "" {
		return "/"
	}
	return raw
}

// setTarget makes u's request line carry path and query byte for byte. It
// reports false where net/http cannot express them: a path that begins with
// two slashes and holds bytes that a URL must encode.
func setTarget(u *url.URL, path, query string, forceQuery bool) bool {
	u.RawQuery, u.ForceQuery = query, forceQuery
	u.Fragment, u.RawFragment, u.Opaque, u.User = "", "", "", nil
	decoded, err := url.PathUnescape(path)
	if err == nil {
		u.Path, u.RawPath = decoded, path
		if u.EscapedPath() == path {
			return true
		}
	}
	if strings.HasPrefix(path, "//") {
		return false
	}
	u.Path, u.RawPath, u.Opaque = "", "", path
	return true
}
