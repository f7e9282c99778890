package journal

import (
	"slices"
	"strings"
)

// Field is one line of a header: a name as it was sent and a value as it may
// be shown.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Form says what a [Body] holds of the body that was sent.
type Form string

// The forms of a body.
const (
	FormNone       Form = "none"       // nothing: there was no body, or it was left out
	FormWhole      Form = "whole"      // the body, masked; its beginning if Cut
	FormShape      Form = "shape"      // names, types and lengths of its JSON: it may not be written down
	FormExcerpt    Form = "excerpt"    // the beginning of a stored answer, masked when it was stored
	FormBinary     Form = "binary"     // a note on kind and length: it is no text
	FormCompressed Form = "compressed" // a note on kind and length: its coding cannot be undone here
)

// Body is what may be shown of a body. Bytes is UTF-8 without control
// characters, must not be changed, and is nil for [FormNone].
type Body struct {
	Bytes     []byte
	Form      Form
	Size      int64  // bytes that passed by, as they were sent; of a compressed body the compressed ones
	Cut       bool   // Bytes is a part only: the body was longer than the bound, or broke off
	Encoding  string // Content-Encoding, "" for none; where Form is whole, it was undone
	MediaType string // Content-Type without parameters, "" for none
}

// Message is one request or answer, masked. Status is 0 in a request, Method
// and URL are empty in an answer. URL is absolute where the message went
// upstream, else path and query. Header is in the order of names, as the order
// on the wire is not known.
type Message struct {
	Method  string
	URL     string
	Status  int
	Proto   string // HTTP/1.1
	Header  []Field
	Trailer []Field
	Omitted int // lines of header and trailer beyond what a record keeps
	Body    Body
}

// Get returns the first value of the field with this canonical name, "" for
// none.
func (m *Message) Get(name string) string {
	for _, f := range m.Header {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// sortFields orders lines by name; lines of one name stay in their order.
func sortFields(lines []Field) {
	slices.SortStableFunc(lines, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
}
