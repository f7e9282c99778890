package journal

import (
	"net/http"
	"slices"
)

// telling are the fields without which a message cannot be understood. Where a
// header has more lines than are kept, these come first.
var telling = [...]string{
	"Content-Type", "Content-Encoding", "Content-Length", "Authorization", "X-Publisher-Token", "Www-Authenticate",
	"Retry-After", "Date", "User-Agent", "Host", "Location", "X-Request-Id",
}

// tellingLines is how many lines of a telling field come first.
const tellingLines = 4

// appendLines appends up to maxFields lines of a header, as [eachLine] chooses
// them, and counts those that it left out.
func appendLines(list []rawField, h http.Header) (_ []rawField, omitted int) {
	list = slices.Grow(list, min(len(h), maxFields))
	from := len(list)
	for name, values := range h {
		if len(list)-from+len(values) > maxFields {
			list = list[:from]
			eachLine(h, func(name, value string) {
				if len(list)-from == maxFields {
					omitted++
					return
				}
				list = append(list, rawField{name, value})
			})
			return list, omitted
		}
		for _, v := range values {
			list = append(list, rawField{name, v})
		}
	}
	return list, 0
}

// eachLine shows all lines of a header: as they come, or, of one with more than
// are kept, first the telling ones, then one of each name, then what repeats a
// name.
func eachLine(h http.Header, visit func(name, value string)) {
	if lines(h) <= maxFields {
		for name, values := range h {
			for _, v := range values {
				visit(name, v)
			}
		}
		return
	}
	shown := make(map[string]int, len(telling))
	for _, name := range telling {
		shown[name] = min(len(h[name]), tellingLines)
		for _, v := range h[name][:shown[name]] {
			visit(name, v)
		}
	}
	for name, values := range h {
		if _, told := shown[name]; !told && len(values) > 0 {
			visit(name, values[0])
		}
	}
	for name, values := range h {
		from, told := shown[name]
		if !told {
			from = min(len(values), 1)
		}
		for _, v := range values[from:] {
			visit(name, v)
		}
	}
}

func lines(h http.Header) int {
	n := 0
	for _, values := range h {
		n += len(values)
	}
	return n
}
