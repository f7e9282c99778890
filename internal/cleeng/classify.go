package cleeng

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// ClassifyBody reads the code of a failure out of a response body, which may
// be cut off or of any type. It looks for, in this order, the member code as
// MediaStore sends it, the code of the first failed element of a JSON-RPC
// answer, and known words in message, in errors, and in error.message. A body
// that shows none gives [CodeNone].
//
// The status tells success from failure on all surfaces but JSON-RPC; of a 2xx
// answer elsewhere nothing is read.
func ClassifyBody(s Surface, status int, body []byte) Code {
	if status < http.StatusMultipleChoices && s != SurfaceRPC {
		return CodeNone
	}
	at := skipSpace(body, 0)
	if at == len(body) {
		return CodeNone
	}
	if body[at] == '[' {
		return classifyBatch(body, at)
	}
	if body[at] != '{' {
		return CodeNone
	}
	return classifyObject(body, at)
}

func classifyBatch(body []byte, at int) Code {
	for w := walk(body, at); ; {
		v, ok := w.element()
		if !ok {
			return CodeNone
		}
		if body[v.start] != '{' {
			continue
		}
		if code := classifyObject(body, v.start); code != CodeNone {
			return code
		}
	}
}

func classifyObject(body []byte, at int) Code {
	var spoken Code
	for w := walk(body, at); ; {
		key, value, ok := w.member()
		if !ok {
			return spoken
		}
		k, v := key.of(body), value.of(body)
		switch {
		case isString(k, "code"):
			if text, ok := unquote(v); ok && wellFormed(text) {
				return Code(text)
			}
		case isString(k, "error") && v[0] == '{':
			var e RPCReplyElement
			e.parseError(v)
			if e.Code != 0 {
				return Code("RPC" + strconv.Itoa(e.Code))
			}
			spoken = firstCode(spoken, spokenCode(e.Message))
		case isString(k, "message") || isString(k, "error"):
			text, _ := unquote(v)
			spoken = firstCode(spoken, spokenCode(text))
		case isString(k, "errors") && v[0] == '[':
			for list := walk(v, 0); ; {
				element, ok := list.element()
				if !ok {
					break
				}
				text, _ := unquote(element.of(v))
				spoken = firstCode(spoken, spokenCode(text))
			}
		}
	}
}

func firstCode(a, b Code) Code {
	if a != CodeNone {
		return a
	}
	return b
}

func spokenCode(message string) Code {
	return words[strings.ToLower(strings.TrimRight(strings.TrimSpace(message), ".!"))]
}

// wellFormed reports whether a text looks like a code (REQ0001, SK2C0101), so
// that it may become a label.
func wellFormed(code string) bool {
	if len(code) < 4 || len(code) > 16 {
		return false
	}
	for _, c := range []byte(code) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// IsThrottle reports whether a response was refused for its rate. A 429 that
// asks for a human check is none: waiting does not help, and it says nothing
// of the rate.
func IsThrottle(status int, code Code) bool {
	return status == http.StatusTooManyRequests && !code.Captcha()
}

// MentionsAddress reports whether the text of a failure speaks of an IP
// address: the word IP, or an address itself. Such a 401 or 403 suggests that
// the caller's egress address is not on the allow-list of the key. An e-mail
// address is none. The body should be bounded; it is read whole.
func MentionsAddress(body []byte) bool {
	for word := range strings.FieldsFuncSeq(string(body), notInAddress) {
		word = strings.Trim(word, ".:")
		if strings.EqualFold(word, "ip") || strings.EqualFold(word, "ips") {
			return true
		}
		if strings.Count(word, ".") == 3 || strings.Count(word, ":") >= 2 {
			if _, err := netip.ParseAddr(word); err == nil {
				return true
			}
		}
	}
	return false
}

// notInAddress splits words so that an address stays whole.
func notInAddress(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == ':', r == '@':
		return false
	}
	return true
}
