package limiter

import (
	"net/http"
	"strings"
)

// fields says which fields of an answer are worth reading.
type fields struct {
	limits int    // how many may tell about limits
	age    bool   // some may tell that it comes from a cache
	date   string // of Date, empty without
}

// fieldsOf looks for them in one pass over the names. An ordinary answer has a dozen
// fields and none that tell about limits: to ask for each of the nearly thirty that
// are known would cost more than all else that is done for it.
func fieldsOf(h http.Header) fields {
	var f fields
	for name, values := range h {
		if name == "" {
			continue
		}
		switch name[0] {
		case 'A':
			f.age = f.age || name == "Age"
		case 'C':
			f.age = f.age || name == "Cache-Status"
		case 'D':
			if name == "Date" && len(values) > 0 {
				f.date = values[0]
			}
		case 'R':
			if strings.HasPrefix(name, "Ratelimit") || name == "Retry-After" {
				f.limits++
			}
		case 'X':
			if strings.HasPrefix(name, "X-Rate") {
				f.limits++
			}
			f.age = f.age || name == "X-Cache"
		}
	}
	return f
}
