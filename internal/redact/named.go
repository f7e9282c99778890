package redact

import "strings"

// named finds the values of sensitive names in text that is neither JSON nor a
// form, as XML, HTML, and running text have them:
//
//	<password>value</password>   <x password="value">   password=value   Password: the rest of the line
//
// What follows such a name and is no value is hidden too: in text there is no
// telling, and a line less does less harm.
func named(s string, emit emitter) {
	for i := 0; i < len(s); {
		if !isName(s[i]) {
			i++
			continue
		}
		start := i
		for i < len(s) && isName(s[i]) {
			i++
		}
		if i-start > maxName || !sensitive(s[start:i]) {
			continue
		}
		from, to := valueAfter(s, start, i)
		if from < to && !isMasked(s[from:to]) && !harmless(s[from:to]) {
			emit(from, to, s[from:to], "value of a sensitive name")
			i = to
		}
	}
}

func isName(c byte) bool { return alphanumeric(c) || c == '_' || c == '-' || c == '.' }

// valueAfter returns where the value of the name s[start:end] stands; from is to
// where it has none.
func valueAfter(s string, start, end int) (from, to int) {
	if element(s, start) {
		return elementText(s, end)
	}
	at := end
	if at < len(s) && (s[at] == '"' || s[at] == '\'' || s[at] == ']') { // its own closing quote
		at++
	}
	at, ends := afterSpace(s, at), " \t\r\n,;&<>\"'()[]{}"
	switch {
	case strings.HasPrefix(s[at:], "value="): // <input name="password" value="…">
		at += len("value=")
	case at < len(s) && s[at] == '=':
		at = afterSpace(s, at+1)
	case at < len(s) && s[at] == ':':
		at, ends = afterSpace(s, at+1), "\r\n<\"" // names and addresses have spaces in them, cookies semicolons
	default:
		return end, end
	}
	if at < len(s) && (s[at] == '"' || s[at] == '\'') {
		if n := strings.IndexByte(s[at+1:], s[at]); n >= 0 {
			return at + 1, at + 1 + n
		}
		return at + 1, len(s) // cut off inside
	}
	if at == len(s) || strings.HasPrefix(s[at:], "//") { // the scheme of a URL
		return end, end
	}
	stop := at
	for stop < len(s) && strings.IndexByte(ends, s[stop]) < 0 {
		stop++
	}
	return at, stop
}

// element reports whether the name at start is that of an XML element, with or
// without prefix.
func element(s string, start int) bool {
	if start > 0 && s[start-1] == ':' {
		for start--; start > 0 && isName(s[start-1]); {
			start--
		}
	}
	return start > 0 && s[start-1] == '<'
}

// elementText is what stands between the start tag in which end is and the end
// tag that belongs to it, or the end of what there is.
func elementText(s string, end int) (from, to int) {
	n := strings.IndexByte(s[end:], '>')
	if n < 0 || s[end+n-1] == '/' {
		return end, end
	}
	from = end + n + 1
	if n = strings.Index(s[from:], "</"); n < 0 {
		return from, len(s)
	}
	return from, from + n
}

func afterSpace(s string, at int) int {
	for at < len(s) && isSpace.has(s[at]) {
		at++
	}
	return at
}
