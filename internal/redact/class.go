package redact

// class is a set of bytes that some grammar allows in a place.
type class uint8

const (
	isDigit  class = 1 << iota
	isLetter       // ASCII
	isBase64       // base64url, RFC 4648 section 5
	isToken        // token68, RFC 9110 section 11.2
	isLocal        // before the @ of an address
	isDomain       // after it
	isCard         // digits and their separators
	isSpace        // JSON white space

	isAlphanumeric = isDigit | isLetter
)

// classes says of each byte what it may be.
var classes = func() (table [256]class) {
	add := func(bytes string, c class) {
		for i := range len(bytes) {
			table[bytes[i]] |= c
		}
	}
	add("0123456789", isDigit|isBase64|isToken|isLocal|isDomain|isCard)
	add("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", isLetter|isBase64|isToken|isLocal|isDomain)
	add("-_", isBase64|isToken|isLocal)
	add(".~+/=", isToken)
	add(".+'!#$*~", isLocal)
	add("-.", isDomain)
	add(" -", isCard)
	add(" \t\r\n", isSpace)
	for i := 0x80; i < 0x100; i++ {
		table[i] |= isLocal | isDomain
	}
	return table
}()

func (c class) has(b byte) bool { return classes[b]&c != 0 }

func digit(c byte) bool        { return isDigit.has(c) }
func letter(c byte) bool       { return isLetter.has(c) }
func alphanumeric(c byte) bool { return isAlphanumeric.has(c) }
