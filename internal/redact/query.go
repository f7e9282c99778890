package redact

import (
	"net/url"
	"strings"
)

// shownParameters are the query parameters whose values are shown. They say
// what was asked for, never who asks; what is not listed is masked.
var shownParameters = set(
	"active", "appid", "apptype", "country", "currency", "customerid", "date", "desc", "direction", "episode",
	"expand", "fields", "filter[status]", "format", "from", "group", "id", "include", "lang", "language",
	"limit", "locale", "market", "offerid", "offerids", "offerids[]", "offertype", "offset", "order", "orderby",
	"page", "pagelimit", "pagesize", "passid", "paymentmethodid", "per_page", "platform", "publisherid", "season", "size",
	"sort", "sortby", "sortdirection", "status", "status[]", "statuses", "statuses[]", "subscriptionid", "tag",
	"tags", "tags[]", "to", "transactionid", "type", "type[]", "types", "types[]", "version",
)

const (
	maxShownValue = 64 // bytes of a shown query value; longer ones are no filter or page number
	maxShownName  = 64
)

func set(names ...string) map[string]struct{} {
	m := make(map[string]struct{}, len(names))
	for _, n := range names {
		m[n] = struct{}{}
	}
	return m
}

// querySpans finds what a raw query may not show. Parts end at & and at ; as
// some servers take both; order and malformed parts do not matter.
func querySpans(s string, start, end int, emit emitter) {
	for start < end {
		stop := strings.IndexAny(s[start:end], "&;")
		if stop < 0 {
			stop = end
		} else {
			stop += start
		}
		partSpan(s, start, stop, emit)
		start = stop + 1
	}
}

func partSpan(s string, start, end int, emit emitter) {
	const rule = "query parameter"
	part := s[start:end]
	name, value, valued := strings.Cut(part, "=")
	_, shown := shownParameters[parameterName(name)]
	switch {
	case part == "" || isMasked(part):
	case !valued && shown:
	case !valued || !plainName(name):
		emit(start, end, part, rule)
	case harmless(value) || isMasked(value):
	case shown && len(value) <= maxShownValue:
	default:
		emit(start+len(name)+1, end, value, rule)
	}
}

func parameterName(name string) string {
	if decoded, err := url.QueryUnescape(name); err == nil {
		name = decoded
	}
	return strings.ToLower(name)
}

func plainName(name string) bool {
	for i := range len(name) {
		if !alphanumeric(name[i]) && strings.IndexByte("_-.[]%$", name[i]) < 0 {
			return false
		}
	}
	return name != "" && len(name) <= maxShownName
}

// harmless reports values that stand where a secret was forgotten. They are
// shown because they are the diagnosis.
func harmless(value string) bool {
	switch value {
	case "", "undefined", "null", "NaN", "[object Object]", "cleengate":
		return true
	}
	return false
}

// isMasked reports whether s is a mask already, possibly in quotes.
func isMasked(s string) bool {
	s = strings.Trim(s, `"'`)
	return s == Mask || len(s) == maskLen && strings.HasPrefix(s, maskPrefix) && s[len(s)-1] == ']'
}

// urls finds what the URLs in a text may not show: user information, and the
// query and the fragment by their parameters.
func urls(s string, emit emitter) {
	const maxInner = 8 // URLs inside one URL that are looked at, lest the work grow with their square
	done, inner := 0, 0
	each(s, "//", func(i int) { // rarer than a colon
		if i--; i < 0 || s[i] != ':' {
			return
		}
		if inner++; i >= done {
			inner = 0
		} else if inner > maxInner {
			return
		}
		start := i + len("://")
		end := urlEnd(s, start)
		done = end
		pathStart := end
		if n := strings.IndexAny(s[start:end], "/?#"); n >= 0 {
			pathStart = start + n
		}
		if n := strings.LastIndexByte(s[start:pathStart], '@'); n > 0 && !isMasked(s[start:start+n]) {
			emit(start, start+n, s[start:start+n], "user information in a URL")
		}
		for _, mark := range []string{"?", "#"} {
			if n := strings.Index(s[pathStart:end], mark); n >= 0 && (mark == "?" || !heading(s[pathStart:end], n)) {
				querySpans(s, pathStart+n+1, end, emit)
			}
		}
	})
}

// heading reports a fragment at url[at] that is a place in a document, as the
// type of a problem has it, and no parameters.
func heading(url string, at int) bool {
	return strings.HasSuffix(url[:at], ".md") && len(url)-at <= maxShownName && strings.Trim(url[at+1:], "abcdefghijklmnopqrstuvwxyz_-") == ""
}

// urlEnd finds where a URL in running text ends. An apostrophe may belong to a
// value, so it ends the URL only where a quotation would end.
func urlEnd(s string, start int) int {
	for i := start; i < len(s); i++ {
		switch c := s[i]; {
		case c <= ' ' || c == '"' || c == '<' || c == '>' || c == '`' || c == '\\' || c == 0x7f:
			return i
		case c == '\'' && (i+1 == len(s) || s[i+1] <= ' ' || strings.IndexByte(";),", s[i+1]) >= 0):
			return i
		}
	}
	return len(s)
}
