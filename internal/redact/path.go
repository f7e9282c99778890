package redact

import "strings"

// Query returns what may be shown of a raw query, in one printable line: the values of the
// parameters on an allow-list, and the names of the others. Order, repeats and
// malformed parts stay.
func (r *Redactor) Query(raw string) string {
	if raw == "" {
		return raw
	}
	var spans []span
	querySpans(raw, 0, len(raw), func(start, end int, value, rule string) {
		spans = append(spans, span{start: start, end: end, value: value, rule: rule})
	})
	return r.line(r.String(replace(raw, spans, r.value)))
}

// URL masks the query, the user information and the path of an absolute or
// relative URL.
func (r *Redactor) URL(raw string) string {
	head, fragment, hasFragment := strings.Cut(raw, "#")
	path, query, hasQuery := strings.Cut(head, "?")
	out := r.String(path)
	if hasQuery {
		out += "?" + r.Query(query)
	}
	if hasFragment {
		out += "#" + r.Query(fragment)
	}
	return r.line(out)
}

// secretSegments are the template parameters that stand for something which
// works without a further credential, or for a person.
var secretSegments = set("email", "code", "token", "jwt", "customeremail", "giftcode", "pin")

// Path returns what may be shown of a raw path. template is the endpoint's, as
// in /gifts/redeem/{code}; its parameters that are secrets or persons are
// masked. Other parts are shown unless they look like a secret or an e-mail
// address, which is all that can be done without a template ("" or "other").
// A client token as first segment (/-/TOKEN) is always masked.
func (r *Redactor) Path(raw, template string) string {
	segments := strings.Split(raw, "/")
	if len(segments) > 2 && segments[0] == "" && segments[1] == "-" {
		segments[2] = r.value(segments[2])
	}
	// The template begins where the upstream's own prefix ends, so compare
	// from the end.
	if pattern := strings.Split(template, "/"); len(pattern) <= len(segments) {
		tail := segments[len(segments)-len(pattern):]
		for i, p := range pattern {
			if len(p) < 2 || p[0] != '{' || p[len(p)-1] != '}' {
				continue
			}
			if _, secret := secretSegments[strings.ToLower(p[1:len(p)-1])]; secret {
				tail[i] = r.value(tail[i])
			}
		}
	}
	return r.line(r.String(strings.Join(segments, "/")))
}
