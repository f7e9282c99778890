package support

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/cleengate/cleengate/internal/journal"
)

// unset is HAR's value for a size that is not known.
const unset = -1

func harRequestOf(m *journal.Message) harRequest {
	r := harRequest{
		Method: m.Method, URL: encodedURL(m.URL), HTTPVersion: proto(m), Cookies: []harPair{}, Headers: pairs(m.Header),
		Query: queryPairs(m.URL), Omitted: m.Omitted, HeadersSize: unset, BodySize: m.Body.Size,
	}
	if m.Body.Size > 0 || len(m.Body.Bytes) > 0 {
		r.Body = &harPost{MIMEType: mediaType(m), Text: string(m.Body.Bytes), Comment: remark(&m.Body), Form: m.Body.Form, Cut: m.Body.Cut}
	}
	return r
}

func harResponseOf(m *journal.Message) harResponse {
	r := harResponse{
		Status: m.Status, StatusText: http.StatusText(m.Status), HTTPVersion: proto(m), Cookies: []harPair{}, Headers: pairs(m.Header),
		Redirect: m.Get("Location"), Omitted: m.Omitted, HeadersSize: unset, BodySize: m.Body.Size,
		Content: harContent{Size: m.Body.Size, MIMEType: mediaType(m), Text: string(m.Body.Bytes), Comment: remark(&m.Body), Form: m.Body.Form, Cut: m.Body.Cut},
	}
	if m.Body.Encoding != "" {
		r.Content.Size = unset
	}
	if m.Status == 0 {
		r.BodySize = unset
	}
	return r
}

func proto(m *journal.Message) string {
	if m.Proto == "" {
		return "unknown"
	}
	return m.Proto
}

func mediaType(m *journal.Message) string {
	if value := m.Get("Content-Type"); value != "" {
		return value
	}
	if m.Body.MediaType != "" {
		return m.Body.MediaType
	}
	return "x-unknown" // the format wants a text
}

func pairs(list []journal.Field) []harPair {
	out := make([]harPair, 0, len(list))
	for _, f := range list {
		out = append(out, harPair(f))
	}
	return out
}

// queryPairs takes a raw query apart leniently: what cannot be decoded is
// shown as it was sent.
func queryPairs(raw string) []harPair {
	out := []harPair{}
	_, query, _ := strings.Cut(raw, "?")
	query, _, _ = strings.Cut(query, "#")
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		out = append(out, harPair{Name: decoded(name), Value: decoded(value)})
	}
	return out
}

func decoded(text string) string {
	if out, err := url.QueryUnescape(text); err == nil {
		return strings.ToValidUTF8(out, "\uFFFD")
	}
	return text
}

// encodedURL writes masks so that the URL stays one (RFC 3986).
func encodedURL(raw string) string {
	return strings.NewReplacer("[", "%5B", "]", "%5D", " ", "%20", `\`, "%5C").Replace(raw)
}

// remark says in what way a body is not the one that was sent.
func remark(b *journal.Body) string {
	size := strconv.FormatInt(b.Size, 10) + " bytes"
	switch {
	case b.Form == journal.FormShape:
		return "Names, types and lengths of a JSON body of " + size + ", which this endpoint does not let be written down."
	case b.Form == journal.FormBinary, b.Form == journal.FormCompressed:
		return "A body of " + size + " that is no text here."
	case b.Form == journal.FormNone && b.Size > 0:
		return "A body of " + size + ", which was left out."
	case b.Cut:
		return "The beginning of a body of " + size + "."
	case b.Form == journal.FormExcerpt:
		return "The beginning of a stored answer."
	case b.Encoding != "":
		return "The coding " + b.Encoding + " was undone; " + size + " were sent."
	}
	return ""
}
