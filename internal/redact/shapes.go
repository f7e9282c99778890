package redact

import "strings"

// emitter receives a part of a text that must not be shown.
type emitter func(start, end int, value, rule string)

// shapes finds what gives itself away by its form, whoever it belongs to.
func shapes(s string, emit emitter) {
	emails(s, emit)
	webTokens(s, emit)
	schemes(s, emit)
	opaqueTokens(s, emit)
	cardNumbers(s, emit)
	urls(s, emit)
}

// each calls f with the index of every occurrence of part.
func each(s, part string, f func(i int)) {
	for from := 0; ; {
		i := strings.Index(s[from:], part)
		if i < 0 {
			return
		}
		f(from + i)
		from += i + len(part)
	}
}

func emails(s string, emit emitter) {
	each(s, "@", func(at int) {
		start := at
		for start > 0 && isLocal.has(s[start-1]) {
			start--
		}
		end, label, dots := at+1, at+1, 0
		for ; end < len(s) && isDomain.has(s[end]); end++ {
			if s[end] == '.' {
				label, dots = end+1, dots+1
			}
		}
		if dots > 0 && label == end { // the full stop of a sentence
			end--
			dots--
			label = strings.LastIndexByte(s[at+1:end], '.') + at + 2
		}
		if start < at && dots > 0 && end-label >= 2 && !digit(s[label]) && !userInformation(s, start) {
			emit(start, end, s[start:end], "e-mail address")
		}
	})
}

// userInformation reports whether what precedes s[at] is the scheme of a URL,
// so that what looks like an address is a password before a host.
func userInformation(s string, at int) bool {
	const maxBefore = 256
	before := s[max(0, at-maxBefore):at]
	i := strings.LastIndex(before, "://")
	return i >= 0 && !strings.ContainsAny(before[i+len("://"):], "/?# ")
}

// webTokens finds JSON Web Tokens: a base64url JSON object always begins with
// eyJ. Less than a whole token, as at the end of a cut body, counts too.
func webTokens(s string, emit emitter) {
	done := 0
	each(s, "J", func(i int) { // the rarest of eyJ
		i -= len("ey")
		if i < done || s[i:i+2] != "ey" {
			return
		}
		start, end := i, i
		for start > 0 && isBase64.has(s[start-1]) {
			start--
		}
		for end < len(s) && (isBase64.has(s[end]) || s[end] == '.') {
			end++
		}
		if end-i >= 20 {
			emit(start, end, s[start:end], "JSON Web Token")
			done = end
		}
	})
}

// schemeShift says how far the search for " " after a scheme may jump from a
// byte (Horspool, Practical fast searching in strings, 1980). The endings
// searched for are "arer " and "asic ", in either case.
var schemeShift = func() (table [256]uint8) {
	const ending = len("arer ")
	for i := range table {
		table[i] = uint8(ending)
	}
	for _, e := range []string{"arer ", "asic ", "ARER ", "ASIC "} {
		for i := range ending - 1 {
			table[e[i]] = min(table[e[i]], uint8(ending-1-i))
		}
	}
	return table
}()

// schemes finds a credential by the HTTP authentication scheme before it. A
// word of prose ("basic authentication") is none.
func schemes(s string, emit emitter) {
	for i := len("arer"); i < len(s); i += int(schemeShift[s[i]]) {
		if s[i] != ' ' {
			continue
		}
		switch s[i-4 : i] {
		case "arer", "asic", "ARER", "ASIC":
		default:
			continue
		}
		start, end := i+1, i+1
		for end < len(s) && isToken.has(s[end]) {
			end++
		}
		if end-start >= 8 && mixed(s[start:end]) {
			emit(start, end, s[start:end], "credential after its scheme")
		}
	}
}

// mixed reports whether s is not simply a word or a number.
func mixed(s string) bool {
	digits, letters, inner := false, false, false
	for i := range len(s) {
		switch c := s[i]; {
		case digit(c):
			digits = true
		case letter(c):
			letters = true
			inner = inner || (i > 0 && c <= 'Z' && lowerByte(s[i-1]) == s[i-1])
		case c == '=' || c == '+' || c == '/':
			inner = true
		}
	}
	return letters && (digits || inner)
}

// opaqueMin is the length from which a run of letters and digits counts as a
// token: publisher keys have 48. A git revision has 40, a trace id 32.
const opaqueMin = 41

func opaqueTokens(s string, emit emitter) {
	runs(s, opaqueMin, isAlphanumeric, func(start, end int) {
		if mixed(s[start:end]) {
			emit(start, end, s[start:end], "opaque token")
		}
	})
}

// runs calls f for every maximal run of at least n bytes that are all in the
// class. It looks at every n-th byte only, as a run that long covers one.
func runs(s string, n int, c class, f func(start, end int)) {
	for i := n - 1; i < len(s); {
		if !c.has(s[i]) {
			i += n
			continue
		}
		start, end := i, i+1
		for start > 0 && c.has(s[start-1]) {
			start--
		}
		for end < len(s) && c.has(s[end]) {
			end++
		}
		if end-start >= n {
			f(start, end)
		}
		i = end + n
	}
}

// cardNumbers finds payment card numbers: 13 to 19 digits, in groups or not,
// of a range that is issued, with a right check digit (ISO/IEC 7812-1).
func cardNumbers(s string, emit emitter) {
	const shortest, longest = 13, 19
	runs(s, shortest, isCard, func(start, end int) {
		for start < end && !digit(s[start]) {
			start++
		}
		for start < end && !digit(s[end-1]) {
			end--
		}
		if end == start || s[start] < '2' || s[start] > '6' || joined(s, start-1) || joined(s, end) {
			return
		}
		digits, sum := 0, 0
		for i := end - 1; i >= start; i-- {
			if !digit(s[i]) {
				if !digit(s[i-1]) {
					return // two separators in a row
				}
				continue
			}
			d := int(s[i] - '0')
			if digits%2 == 1 {
				if d *= 2; d > 9 {
					d -= 9
				}
			}
			sum += d
			digits++
		}
		if digits >= shortest && digits <= longest && sum%10 == 0 {
			emit(start, end, s[start:end], "card number")
		}
	})
}

// joined reports whether s[i] makes a longer word or a fraction of the number
// beside it.
func joined(s string, i int) bool {
	return i >= 0 && i < len(s) && (letter(s[i]) || s[i] == '_' || s[i] == '.' && i+1 < len(s) && digit(s[i+1]))
}
