package redact

import (
	"strings"
	"unicode/utf8"
)

// Printable makes visible what a terminal or a viewer would act upon instead
// of showing it: control characters, escape sequences, bytes that are no
// UTF-8, and characters that reorder text (Trojan Source, CVE-2021-42574).
// They become \n, \x1b, \u202e. A line stays one line. Text without them is
// returned as it is.
func Printable(s string) string {
	if !unprintable(s) && strings.IndexByte(s, '\n') < 0 {
		return s
	}
	return string(appendVisibleAll(make([]byte, 0, len(s)+16), s, false, true))
}

// PrintableText is Printable for text of several lines: line feeds and tabs
// stay.
func PrintableText(s string) string {
	if !unprintable(s) {
		return s
	}
	return string(appendVisible(make([]byte, 0, len(s)+16), s, false))
}

// unprintable reports whether appendVisible would change s.
func unprintable(s string) bool {
	for i := plainPrefix(s); i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if (c < ' ' && c != '\n' && c != '\t') || c == 0x7f {
				return true
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if hiddenRune(r, size) {
			return true
		}
		i += size
	}
	return false
}

// plainPrefix returns the length of the part at the beginning of s, in steps of
// eight bytes, that is printable ASCII: most often nearly all of it.
func plainPrefix(s string) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		b := s[i : i+8]
		x := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		// The high bit of a byte is set by a borrow below 0x20, by a carry from
		// 0x7f, or was set before.
		if ((x-0x20*ones)|(x+ones)|x)&high != 0 {
			break
		}
	}
	return i
}

// hiddenRune reports runes outside ASCII that do not show as themselves.
func hiddenRune(r rune, size int) bool {
	switch {
	case r == utf8.RuneError && size <= 1: // no UTF-8
		return true
	case r >= 0x80 && r < 0xA0: // C1 controls; 0x9B begins a terminal sequence
		return true
	case r >= 0x200B && r <= 0x200F, r >= 0x2028 && r <= 0x202E, r >= 0x2060 && r <= 0x206F, r == 0xFEFF:
		return true
	}
	return false
}

// appendVisible appends s to b with everything hidden made visible. With
// object, s is JSON, and the escapes are such that it stays JSON.
func appendVisible(b []byte, s string, object bool) []byte {
	return appendVisibleAll(b, s, object, false)
}

const hexDigits = "0123456789abcdef"

func appendVisibleAll(b []byte, s string, object, newlines bool) []byte {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\n' && newlines:
			b = append(b, '\\', 'n')
		case r == '\n' || r == '\t' && !newlines || r == '\r' && object:
			b = append(b, s[i])
		case r == '\t':
			b = append(b, '\\', 't')
		case r >= ' ' && r != 0x7f && !hiddenRune(r, size):
			b = append(b, s[i:i+size]...)
		case r == utf8.RuneError && size <= 1:
			if object { // \xff is no JSON escape
				b = append(b, '\\')
			}
			b = append(b, '\\', 'x', hexDigits[s[i]>>4], hexDigits[s[i]&15])
		case r < 0x80 && !object:
			b = append(b, '\\', 'x', hexDigits[r>>4], hexDigits[r&15])
		default:
			b = append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
		}
		i += size
	}
	return b
}
