package rfc9111

import (
	"maps"
	"net/http"
	"time"
)

// Unconditional removes what would make the response to a request conditional
// or partial, from h itself, so that it can be stored whole. The client's own
// conditions are answered afterwards by [Conditions] and [Range].
func Unconditional(h http.Header) {
	for _, name := range [...]string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range"} {
		delete(h, name)
	}
}

// AddValidators turns the request header dst into one that validates a stored
// response, with both of its validators if it has both (RFC 9111 section
// 4.3.1). It first removes the client's own conditions, see [Unconditional].
// It reports false if the stored response has no validator; the request then
// fetches anew.
func AddValidators(dst, stored http.Header) bool {
	Unconditional(dst)
	tag := tagField(stored)
	if tag != "" {
		dst["If-None-Match"] = []string{string(tag)}
	}
	// Copied as it was sent, since origins compare it by its bytes.
	_, dated := lastModified(stored, time.Unix(0, 0))
	if dated {
		dst["If-Modified-Since"] = []string{stored["Last-Modified"][0]}
	}
	return tag != "" || dated
}

// Selects304 is the list of those stored responses, by index, that a 304
// confirms and updates (RFC 9111 section 4.3.4). stored are the responses whose
// validators the request carried, newest first.
//
// If there was only one, the 304 can mean no other: it is selected unless the
// 304 names a different validator. Weak comparison does then, since origins
// that compress weaken the tag of a 200 and not that of its 304.
func Selects304(from304 http.Header, stored ...http.Header) []int {
	if len(stored) == 1 {
		if contradicts(from304, stored[0]) {
			return nil
		}
		return []int{0}
	}
	var selected []int
	tag := tagField(from304)
	strong := tag != "" && !tag.weak()
	for i, h := range stored {
		var same bool
		switch {
		case strong:
			same = tag.strongly(tagField(h))
		case tag != "":
			same = tag.weakly(tagField(h))
		default:
			same = len(from304["Last-Modified"]) != 0 && sameDate(from304, h)
		}
		if same {
			selected = append(selected, i)
			if !strong {
				break // of weak validators only the newest match
			}
		}
	}
	return selected
}

func contradicts(from304, stored http.Header) bool {
	if len(from304["Etag"]) != 0 && len(stored["Etag"]) != 0 {
		return !tagField(from304).weakly(tagField(stored))
	}
	return len(from304["Last-Modified"]) != 0 && len(stored["Last-Modified"]) != 0 && !sameDate(from304, stored)
}

func sameDate(a, b http.Header) bool {
	x, okX := lastModified(a, time.Unix(0, 0))
	y, okY := lastModified(b, time.Unix(0, 0))
	return okX && okY && x.Equal(y)
}

// Revalidated is what a stored response becomes by a later response without
// content, in x: a 304 that selects it ([Selects304]), or the 200 to a HEAD that
// shows it to be current ([Freshens]). It returns the new header (RFC 9111
// section 3.2) and the new terms. status and stored are the stored response's;
// x.Method is GET even for a HEAD.
//
// Any reason but [Storable] means that it may not be kept: it may answer the
// request that validated it, and must then be dropped.
func Revalidated(status int, stored http.Header, x Exchange, p Policy) (http.Header, Terms, Reason) {
	header := update(stored, x.Response, x.Received)
	assessed := x
	assessed.Status = status
	assessed.Response = header
	if age := x.Response["Age"]; len(age) != 0 {
		assessed.Response = maps.Clone(header)
		assessed.Response["Age"] = age
	}
	terms, reason := Assess(assessed, p)
	return header, terms, reason
}

// Freshens reports whether the 200 to a HEAD request shows that a stored
// response is still the current one: the validators that it carries and its
// length are the same (RFC 9111 section 4.3.5). If so the stored header may be
// updated as by a 304; if not, the stored response is invalid.
func Freshens(head, stored http.Header) bool {
	if contradicts(head, stored) || len(head["Etag"]) != 0 && len(stored["Etag"]) == 0 ||
		len(head["Last-Modified"]) != 0 && len(stored["Last-Modified"]) == 0 {
		return false
	}
	length := head["Content-Length"]
	return len(length) == 0 || len(stored["Content-Length"]) != 0 && length[0] == stored["Content-Length"][0]
}
