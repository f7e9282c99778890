package redact

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"strings"
)

// MinSearch is the length in bytes from which a secret is searched for in
// text. Shorter ones are masked by the name of their field only.
const MinSearch = 12

// pattern is one spelling of a known value.
type pattern struct {
	text  string // as it stands in the text searched
	value string // the plain value
	rule  string // "owner: spelling", named when it is found
}

// spellings lists the forms of value that are searched for. Percent-encoding,
// JSON and Go escapes have too many equivalent spellings to be listed; text is
// decoded instead (see views.go). Listed are the encodings that touch every
// byte, and the quotings of HTML and of a shell where they differ.
//
// Base64 maps three bytes to four characters, so what a value looks like
// inside a longer encoded text depends on its offset modulo 3. The characters
// at both ends also hold bits of the neighbours and are left out.
func spellings(owner, value string) []pattern {
	if len(value) < MinSearch {
		return nil
	}
	out := make([]pattern, 0, 10)
	add := func(rule, text string) {
		for i := range out {
			if out[i].text == text {
				return
			}
		}
		out = append(out, pattern{text: text, value: value, rule: owner + ": " + rule})
	}
	add("plain", value)
	for lead := range 3 {
		add("base64", base64Core(base64.RawStdEncoding, value, lead))
		add("base64", base64Core(base64.RawURLEncoding, value, lead))
	}
	lower := hex.EncodeToString([]byte(value))
	add("hexadecimal", lower)
	add("hexadecimal", strings.ToUpper(lower))
	add("form-encoded", strings.ReplaceAll(value, " ", "+"))
	add("HTML-escaped", html.EscapeString(value))
	add("shell-quoted", strings.ReplaceAll(value, "'", `'\''`))
	return out
}

func base64Core(enc *base64.Encoding, value string, lead int) string {
	padded := make([]byte, lead+len(value))
	copy(padded[lead:], value)
	text := enc.EncodeToString(padded)
	first := (lead*8 + 5) / 6
	last := len(padded) * 8 / 6
	return text[first:last]
}
