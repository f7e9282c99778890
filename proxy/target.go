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

// expressible reports whether net/http can send a path byte for byte, as setTarget
// does it. It cannot where the path begins with two slashes and holds bytes that
// a URL must encode.
func expressible(path string) bool {
	return !strings.HasPrefix(path, "//") || setPath(&url.URL{}, path)
}

// setTarget makes u's request line carry path and query byte for byte, if the path is
// expressible.
func setTarget(u *url.URL, path, query string, forceQuery bool) {
	u.RawQuery, u.ForceQuery = query, forceQuery
	u.Fragment, u.RawFragment, u.Opaque, u.User = "", "", "", nil
	if !setPath(u, path) {
		u.Path, u.RawPath, u.Opaque = "", "", path
	}
}

// setPath sets the path that encodes to the given one, and reports whether there
// is any.
func setPath(u *url.URL, path string) bool {
	if isPlain(path) {
		u.Path, u.RawPath = path, ""
		return true
	}
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return false
	}
	u.Path, u.RawPath = decoded, path
	return u.EscapedPath() == path
}

// isPlain reports a path in which nothing is encoded and nothing has to be.
func isPlain(path string) bool {
	for i := range len(path) {
		c := path[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '/', c == '_', c == '-', c == '.', c == '~':
		default:
			return false
		}
	}
	return path != "" && path[0] == '/'
}
