package telemetry

import (
	"net/http"
	"strconv"
)

// Labels come from closed sets only: what an app or an upstream sends never
// makes a new series.

const (
	labelOther = "other"
	labelNone  = "none" // no upstream: refused before routing
)

// methodLabel maps a request's method to the set that is forwarded.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return labelOther
}

var codes = func() (table [1000]string) {
	for i := range table {
		table[i] = strconv.Itoa(i)
	}
	return table
}()

// codeLabel is the status in digits; 0, no answer, is "0".
func codeLabel(status int) string {
	if status < 0 || status >= len(codes) {
		return labelOther
	}
	return codes[status]
}

func orNone(name string) string {
	if name == "" {
		return labelNone
	}
	return name
}

func orOther(name string) string {
	if name == "" {
		return labelOther
	}
	return name
}
