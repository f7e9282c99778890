package cache

import (
	"net/http"
	"slices"
	"strings"
)

// maxKeyedFields bounds the request fields that are part of a key beyond those
// that every key has. A request with more of them is not cached.
const maxKeyedFields = 16

// fieldKind says what a request field may do to the answer.
type fieldKind uint8

const (
	fieldPlain      fieldKind = iota // nothing that Vary would not tell
	fieldKeyed                       // may change the answer without Vary saying so
	fieldCredential                  // says who asks
)

// accepted are the fields of content negotiation; they are in every key, since
// few services name them all in Vary.
var accepted = [...]string{"Accept", "Accept-Encoding", "Accept-Language"}

// kindOf judges a field by its name, as net/http canonicalised it. Servers
// behind a gateway take the caller's address from one of many fields, and some
// take another path, method or host from one; what looks like such a field is
// part of the key, and what looks like a credential is part of the identity. A
// field taken for one by mistake costs a hit, never a mixed-up answer.
func kindOf(name string) fieldKind {
	switch name { // the usual ones, without looking closer
	case "Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Connection", "Content-Length", "Content-Type", "If-None-Match",
		"Origin", "Pragma", "Prefer", "Priority", "Range", "Referer", "Te", "Traceparent", "Tracestate", "User-Agent", "X-Request-Id":
		return fieldPlain
	case "Authorization", "Cookie", "X-Publisher-Token":
		return fieldCredential
	}
	var folded [64]byte
	if len(name) > len(folded) {
		return fieldKeyed
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case 'A' <= c && c <= 'Z':
			c |= 0x20
		case c == '_':
			c = '-'
		}
		folded[i] = c
	}
	return kindOfFolded(folded[:len(name)])
}

// credentialWords and keyedWords are looked for within a folded name.
var (
	credentialWords = []string{"token", "auth", "key", "cookie", "secret", "session", "credential", "signature", "jwt", "password", "customer", "publisher", "api-user"}
	keyedWords      = []string{
		"forward", "original", "rewrite", "override", "http-method", "host", "client", "remote", "real-", "-ip", "addr", "country", "geo",
		"region", "locale", "language", "currency", "timezone", "proto", "scheme", "device", "platform", "version", "debug", "preview", "site",
	}
)

func kindOfFolded(name []byte) fieldKind {
	s := string(name) // does not escape: only compared
	if strings.HasPrefix(s, "cleengate-") || strings.HasPrefix(s, "sec-") || strings.HasPrefix(s, "if-") {
		return fieldPlain
	}
	for _, word := range credentialWords {
		if strings.Contains(s, word) {
			return fieldCredential
		}
	}
	for _, word := range keyedWords {
		if strings.Contains(s, word) {
			return fieldKeyed
		}
	}
	return fieldPlain
}

// fieldNames is a sorted list of names. The few that are usual take no
// allocation.
type fieldNames struct {
	names []string
	first [4]string
}

// add keeps the order; it reports false when there is no room.
func (f *fieldNames) add(name string) bool {
	if len(f.names) == maxKeyedFields {
		return false
	}
	if f.names == nil {
		f.names = f.first[:0]
	}
	at, _ := slices.BinarySearch(f.names, name)
	f.names = slices.Insert(f.names, at, name)
	return true
}

// sortFields finds the fields that belong into identity and key. It reports
// false if there are too many.
func sortFields(h http.Header, credentials, keyed *fieldNames) bool {
	for name := range h {
		ok := true
		switch kindOf(name) {
		case fieldCredential:
			ok = credentials.add(name)
		case fieldKeyed:
			ok = keyed.add(name)
		case fieldPlain:
			if name == "Prefer" && !onlyWaits(h[name]) {
				ok = keyed.add(name)
			}
		}
		if !ok {
			return false
		}
	}
	return true
}

// onlyWaits reports whether the preferences of a request (RFC 7240) are about
// this proxy's patience alone; others may change the answer.
func onlyWaits(lines []string) bool {
	for _, line := range lines {
		for preference := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(preference, "=")
			if name = strings.TrimSpace(name); name != "" && !strings.EqualFold(name, "wait") {
				return false
			}
		}
	}
	return true
}

// NamesFields reports whether a request's Connection field names other fields,
// which the proxy then removes: what the key was made of would not be what the
// upstream gets.
func NamesFields(h http.Header) bool {
	for _, line := range h["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			switch option = strings.TrimSpace(option); {
			case option == "", strings.EqualFold(option, "keep-alive"), strings.EqualFold(option, "close"), strings.EqualFold(option, "te"):
			default:
				return true
			}
		}
	}
	return false
}
