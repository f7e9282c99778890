package config

import (
	"slices"
	"strings"
)

// Pattern is a set of calls: a method and a path with wildcards. The zero
// Pattern matches nothing.
type Pattern struct {
	// Method is upper case, or "*" for every method.
	Method string
	// Path is "*" for every path, or begins with "/". A "*" in it stands for
	// any number of characters within one segment; as the last character it
	// also covers further segments.
	Path string
}

// methods are what an app may send. CONNECT and TRACE never pass.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// ParsePattern reads "METHOD PATH", such as "GET /3.1/offers/*" or "* /".
func ParsePattern(text string) (Pattern, error) {
	const remedy = `write a method, a space and a path, such as "GET /3.1/offers/*"`
	method, path, found := strings.Cut(text, " ")
	path = strings.TrimLeft(path, " ")
	if !found || path == "" {
		return Pattern{}, &valueError{quote(text) + " is not METHOD PATH", remedy}
	}
	if method != "*" && !slices.Contains(methods, method) {
		return Pattern{}, &valueError{quote(method) + " is no method that passes", "write * or one of " + strings.Join(methods, ", ")}
	}
	if path == "*" {
		return Pattern{Method: method, Path: path}, nil
	}
	if path[0] != '/' || strings.ContainsAny(path, " ?#\t") {
		return Pattern{}, &valueError{quote(path) + " is not a path", "begin with / and leave out query and spaces, or write * for every path"}
	}
	if !Normal(path) {
		return Pattern{}, &valueError{quote(path) + " is not in normal form, so no call can match", "leave out //, dot segments and encoded slashes"}
	}
	return Pattern{Method: method, Path: path}, nil
}

// String is what [ParsePattern] reads.
func (p Pattern) String() string { return p.Method + " " + p.Path }

// Match reports whether a call belongs to the set. path is the escaped path as
// it came, without query. A path that is not in normal form (see [Normal])
// matches only the path "*", since what it means is up to the upstream.
func (p Pattern) Match(method, path string) bool {
	if p.Method != "*" && p.Method != method {
		return false
	}
	if p.Path == "*" {
		return true
	}
	return Normal(path) && glob(p.Path, path)
}

// glob backtracks to the latest "*" only, so it takes at most
// len(pattern)·len(path) steps: an earlier one could give no more, as both
// stop at the same segment border.
func glob(pattern, path string) bool {
	star, resume := -1, 0
	at := 0
	for i := 0; i < len(path); {
		switch {
		case at < len(pattern) && pattern[at] == '*':
			if at == len(pattern)-1 {
				return true
			}
			star, resume = at, i
			at++
			continue
		case at < len(pattern) && pattern[at] == path[i]:
			at++
			i++
			continue
		case star >= 0 && path[resume] != '/':
			resume++
			at, i = star+1, resume
			continue
		}
		return false
	}
	return strings.Trim(pattern[at:], "*") == ""
}

// Normal reports whether an escaped path means the same to everyone: it begins
// with "/" and holds no empty segment but the last, no dot segment (encoded or
// not), and no encoded slash, backslash or NUL.
func Normal(path string) bool {
	if path == "" || path[0] != '/' {
		return false
	}
	for rest, more := path[1:], true; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		if segment == "" && more {
			return false
		}
		if strings.IndexByte(segment, '%') >= 0 {
			lower := strings.ToLower(segment)
			if strings.Contains(lower, "%2f") || strings.Contains(lower, "%5c") || strings.Contains(lower, "%00") {
				return false
			}
			segment = strings.ReplaceAll(lower, "%2e", ".")
		}
		if segment == "." || segment == ".." || strings.IndexByte(segment, '\\') >= 0 {
			return false
		}
	}
	return true
}
