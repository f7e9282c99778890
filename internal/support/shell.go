package support

import (
	"regexp"
	"strconv"
	"strings"
)

// quote is text as one word of a POSIX shell (XCU section 2.2.2): between
// single quotes everything but a single quote stands for itself.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// masks matches what stands in place of hidden values.
var masks = regexp.MustCompile(`\[redacted(?::[0-9a-f]{8})?\]`)

// leading matches the name right before a mask: of a parameter, of a JSON
// member at any depth of quoting, or of a header.
var leading = regexp.MustCompile(`([A-Za-z][A-Za-z0-9_.-]*)(?:\[\])?[\\"']*\s*[:=]\s*[\\"']*(?:[Bb]earer\s+|[Bb]asic\s+)*[\\"']*$`)

// placeholders gives each hidden value a shell variable. Equal masks get the
// same one.
type placeholders struct {
	names map[string]string // by mask; an untagged mask has none of its own
	used  map[string]int    // how often a name was asked for
	order []placeholder
}

type placeholder struct {
	name    string
	meaning string
}

// variables are those of the credentials that the documentation names.
var variables = map[string]placeholder{
	"x-publisher-token":   {"PUBLISHER_TOKEN", "the publisher's API key"},
	"publishertoken":      {"PUBLISHER_TOKEN", "the publisher's API key"},
	"authorization":       {"CUSTOMER_JWT", "the credential behind the scheme of Authorization"},
	"customertoken":       {"CUSTOMER_TOKEN", "the customer's token"},
	"cleengate-token":     {"CLEENGATE_TOKEN", "the client token of the proxy"},
	"refreshtoken":        {"REFRESH_TOKEN", "a refresh token, which works once"},
	"password":            {"PASSWORD", "the customer's password"},
	"email":               {"EMAIL", "the customer's e-mail address"},
	"cookie":              {"COOKIE", "the cookie"},
	"proxy-authorization": {"PROXY_CREDENTIAL", "the credential for the proxy"},
}

// asked is a word that must be given, and is not a hidden value.
func (p *placeholders) asked(name, meaning string) string {
	p.order = append(p.order, placeholder{name, meaning})
	return `"${` + name + `}"`
}

// variable returns the variable for a mask, by the name that stands before it.
func (p *placeholders) variable(mask, before, fallback string) string {
	if p.names == nil {
		p.names, p.used = make(map[string]string), make(map[string]int)
	}
	if name, ok := p.names[mask]; ok {
		return name
	}
	field := fallback
	if strings.HasSuffix(before, "/-/") { // the client token as first segment
		field = "Cleengate-Token"
	} else if m := leading.FindStringSubmatch(before); m != nil {
		field = m[1]
	}
	v, ok := variables[strings.ToLower(field)]
	if !ok {
		v = placeholder{shellName(field), "the value of " + plain(field)}
	}
	p.used[v.name]++
	if n := p.used[v.name]; n > 1 {
		v.name += "_" + strconv.Itoa(n)
	}
	if strings.Contains(mask, ":") { // a tag: the same value has the same mask
		p.names[mask] = v.name
	}
	p.order = append(p.order, v)
	return v.name
}

// shellName turns a field's name into that of a variable.
func shellName(field string) string {
	var b strings.Builder
	for i := range len(field) {
		c := field[i]
		switch {
		case 'a' <= c && c <= 'z':
			b.WriteByte(c - 'a' + 'A')
		case 'A' <= c && c <= 'Z':
			if i > 0 && 'a' <= field[i-1] && field[i-1] <= 'z' {
				b.WriteByte('_')
			}
			b.WriteByte(c)
		case '0' <= c && c <= '9' && b.Len() > 0:
			b.WriteByte(c)
		case b.Len() > 0:
			b.WriteByte('_')
		}
	}
	if name := strings.Trim(b.String(), "_"); name != "" {
		return "VALUE_" + name
	}
	return "VALUE"
}

// plain leaves of a field's name what a shell takes literally everywhere: field
// names may hold backquotes and dollar signs (RFC 9110 section 5.6.2).
func plain(field string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '?'
	}, field)
}

// word quotes text for the shell, with a variable in place of each mask.
// fallback names the value where nothing before the mask does.
func (p *placeholders) word(text, fallback string) string {
	var b strings.Builder
	done := 0
	for _, at := range masks.FindAllStringIndex(text, -1) {
		if done < at[0] {
			b.WriteString(quote(text[done:at[0]]))
		}
		b.WriteString(`"${` + p.variable(text[at[0]:at[1]], text[:at[0]], fallback) + `}"`)
		done = at[1]
	}
	if done < len(text) || done == 0 {
		b.WriteString(quote(text[done:]))
	}
	return b.String()
}
