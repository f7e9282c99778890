package redact

import (
	"net/http"
	"strings"
)

// shownHeaders are the fields whose values are shown. The list is short of
// everything that can carry a credential or say who somebody is; a field that
// it does not know is masked.
var shownHeaders = set(
	"Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Accept-Ranges", "Age", "Allow", "Alt-Svc",
	"Cache-Control", "Cache-Status", "Cdn-Cache-Control", "Cf-Cache-Status", "Cf-Ray", "Cleengate-Client", "Cleengate-Diagnosis",
	"Connection", "Content-Encoding", "Content-Language", "Content-Length", "Content-Range", "Content-Type", "Correlation-Id",
	"Date", "Dnt", "Etag", "Expect", "Expires", "Host", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range",
	"If-Unmodified-Since", "Keep-Alive", "Last-Modified", "Link", "Location", "Content-Location", "Max-Forwards", "Origin", "Pragma", "Prefer",
	"Preference-Applied", "Priority", "Proxy-Connection", "Proxy-Status", "Range", "Ratelimit", "Referer", "Retry-After",
	"Server", "Server-Timing", "Strict-Transport-Security", "Te", "Traceparent", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent",
	"Vary", "Via", "Warning", "Www-Authenticate", "X-Amz-Cf-Id", "X-Amz-Cf-Pop", "X-Amz-Apigw-Id", "X-Amzn-Errortype", "X-Amzn-Remapped-Content-Length",
	"X-Amzn-Requestid", "X-Amzn-Trace-Id", "X-Cache", "X-Content-Type-Options", "X-Correlation-Id", "X-Forwarded-Host",
	"X-Forwarded-Port", "X-Forwarded-Proto", "X-Frame-Options", "X-Powered-By", "X-Rate-Limit-Limit", "X-Request-Id",
	"X-Requested-By", "X-Requested-With", "X-Total-Count",
)

var shownHeaderPrefixes = []string{"X-Ratelimit-", "Ratelimit-", "Access-Control-", "Sec-Fetch-", "Sec-Ch-Ua"}

// Header returns what may be shown of the values of the header field name.
// Of credentials the scheme stays, of cookies the names.
func (r *Redactor) Header(name string, values []string) []string {
	for i, v := range values {
		shown := r.HeaderValue(name, v)
		if shown == v {
			continue
		}
		out := make([]string, len(values))
		copy(out, values[:i])
		out[i] = shown
		for j := i + 1; j < len(values); j++ {
			out[j] = r.HeaderValue(name, values[j])
		}
		return out
	}
	return values
}

// HeaderValue is Header for one value.
func (r *Redactor) HeaderValue(name, value string) string {
	name = http.CanonicalHeaderKey(name)
	switch name {
	case "Authorization", "Proxy-Authorization":
		return r.line(r.credentials(value))
	case "Cookie":
		return r.cookies(value)
	case "Set-Cookie":
		return r.setCookie(value)
	case "Location", "Content-Location", "Referer":
		return r.URL(value)
	}
	if !shownHeader(name) {
		return r.line(r.value(value))
	}
	if out := r.String(value); out != value || Printable(out) != out {
		return r.line(out)
	}
	return value
}

func shownHeader(name string) bool {
	if _, ok := shownHeaders[name]; ok {
		return true
	}
	for _, p := range shownHeaderPrefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// credentials keeps the scheme, also a doubled one, since that is a common
// mistake. A first word that is no scheme known may be a part of the secret.
func (r *Redactor) credentials(value string) string {
	scheme, rest, found := strings.Cut(value, " ")
	switch strings.ToLower(scheme) {
	case "basic", "bearer", "digest", "apikey", "token", "jwt", "negotiate", "hmac":
		if !found {
			return value
		}
		return scheme + " " + r.credentials(rest)
	}
	return r.value(value)
}

func (r *Redactor) cookies(value string) string {
	parts := strings.Split(value, ";")
	for i, part := range parts {
		parts[i] = r.cookie(part)
	}
	return r.line(strings.Join(parts, ";"))
}

// cookie masks the value of a pair, or the whole of what is no pair.
func (r *Redactor) cookie(pair string) string {
	trimmed := strings.TrimLeft(pair, " \t")
	space := pair[:len(pair)-len(trimmed)]
	name, value, ok := strings.Cut(trimmed, "=")
	if !ok || !plainName(strings.TrimSpace(name)) {
		return space + r.value(trimmed)
	}
	return space + r.String(name) + "=" + r.value(value)
}

func (r *Redactor) setCookie(value string) string {
	pair, attributes, found := strings.Cut(value, ";")
	out := r.cookie(pair)
	if found {
		out += ";" + r.String(attributes)
	}
	return r.line(out)
}
