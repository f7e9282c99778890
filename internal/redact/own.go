package redact

import (
	"net/http"
	"net/url"
	"strings"
)

// maxOwn bounds the secrets collected of one exchange.
const maxOwn = 64

// Own collects the secrets that an app or an upstream put into one message, by
// header, query and JSON or form body, for [Redactor.With]: an answer may repeat in
// its text what the request carried in a header. All parts are optional.
func (r *Redactor) Own(header http.Header, rawQuery string, body []byte) []Secret {
	var out []Secret
	add := func(value string) {
		if len(value) >= MinSearch && len(out) < maxOwn {
			out = append(out, New(strings.Clone(value)))
		}
	}
	for name, values := range header {
		for _, v := range values {
			ownHeader(http.CanonicalHeaderKey(name), v, add)
		}
	}
	ownParameters(rawQuery, add)
	switch {
	case len(body) == 0:
	case strings.HasPrefix(header.Get("Content-Type"), "application/x-www-form-urlencoded") && body[0] != '{' && body[0] != '[':
		ownParameters(stringOf(body), add)
	default:
		w := jsonWalker{r: &Redactor{names: r.names}, src: stringOf(body), found: add}
		w.document(show)
	}
	return out
}

func ownParameters(raw string, add func(string)) {
	for part := range strings.FieldsFuncSeq(raw, func(r rune) bool { return r == '&' || r == ';' }) {
		name, value, _ := strings.Cut(part, "=")
		if decoded, err := url.QueryUnescape(value); err == nil && sensitive(parameterName(name)) {
			add(decoded)
		}
	}
}

func ownHeader(name, value string, add func(string)) {
	switch name {
	case "Authorization", "Proxy-Authorization":
		if fields := strings.Fields(value); len(fields) > 0 {
			add(strings.Trim(fields[len(fields)-1], `"'`))
		}
	case "Cookie":
		for pair := range strings.SplitSeq(value, ";") {
			ownCookie(pair, add)
		}
	case "Set-Cookie":
		pair, _, _ := strings.Cut(value, ";")
		ownCookie(pair, add)
	default:
		if !shownHeader(name) && sensitive(name) {
			add(strings.Trim(value, `"' `))
		}
	}
}

func ownCookie(pair string, add func(string)) {
	if _, v, ok := strings.Cut(pair, "="); ok {
		add(strings.Trim(v, `"' `))
	}
}
