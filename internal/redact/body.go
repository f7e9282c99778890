package redact

import (
	"bytes"
	"mime"
	"strconv"
	"strings"
)

// Body masks a request or response body of any kind that may be written down.
// JSON is told by its content, since clients send it under any Content-Type;
// forms and text by their type; of anything else only kind and length are
// kept. For bodies that may not be written down see [Redactor.Shape].
func (r *Redactor) Body(contentType string, body []byte) []byte {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	if len(trimmed) == 0 {
		return body
	}
	if trimmed[0] == '{' || trimmed[0] == '[' {
		return r.JSON(body)
	}
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = ""
	}
	switch {
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		return r.JSON(body)
	case kind == "application/x-www-form-urlencoded":
		return []byte(r.Form(string(body)))
	case kind == "text/csv": // its values stand apart from their names
	case strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "xml"):
		return []byte(PrintableText(r.text(string(body))))
	}
	if kind == "" || !plainName(strings.ReplaceAll(kind, "/", "")) {
		kind = "unknown type"
	}
	return []byte("[" + strconv.Itoa(len(body)) + " bytes of " + kind + "]")
}

// text masks running text and markup by names, as far as those can be told, and
// by what gives itself away.
func (r *Redactor) text(body string) string {
	var spans []span
	named(body, func(start, end int, value, rule string) {
		spans = append(spans, span{start: start, end: end, value: value, rule: rule})
	})
	s := r.search(true, true)
	out, _ := s.scrub(replace(body, spans, r.credentials), r.masker.Mask)
	return out
}

// Form masks an urlencoded body by the names of its fields, as JSON is. A
// field that holds JSON is masked inside.
func (r *Redactor) Form(raw string) string {
	parts := strings.Split(raw, "&")
	for i, part := range parts {
		name, value, valued := strings.Cut(part, "=")
		switch {
		case part == "":
		case !valued, !plainName(name):
			parts[i] = r.value(part)
		case sensitive(parameterName(name)):
			parts[i] = name + "=" + r.value(value)
		default:
			parts[i] = name + "=" + r.formValue(value)
		}
	}
	s := r.search(true, true)
	out, _ := s.scrub(strings.Join(parts, "&"), r.masker.Mask)
	return r.line(out)
}

// formValue masks JSON in a form field.
func (r *Redactor) formValue(value string) string {
	v := unpercent(value, nil)
	if v == nil {
		return value
	}
	decoded := string(v.bytes)
	if inner := strings.TrimLeft(decoded, " +"); inner == "" || (inner[0] != '{' && inner[0] != '[') {
		return value
	}
	if out := string(r.JSON([]byte(decoded))); out != decoded {
		return strings.NewReplacer("%", "%25", "&", "%26", "+", "%2B", " ", "+", "\n", "%0A", "\r", "%0D").Replace(out)
	}
	return value
}
