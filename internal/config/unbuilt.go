package config

import "strings"

// unbuilt lists keys of this package whose feature is not part of the program,
// with a sentence that says so. Setting one is an error rather than a promise
// that nothing keeps. A section covers what is in it; a name of a map entry is
// written as "*".
type unbuilt map[string]string

// unbuiltKeys is what this version refuses: nothing.
var unbuiltKeys = unbuilt{}

// reason returns the sentence for a key or the section it is in, "" if it
// works.
func (u unbuilt) reason(path string) string {
	for path != "" {
		for pattern, sentence := range u {
			if samePath(pattern, path) {
				return sentence
			}
		}
		path = path[:max(strings.LastIndexByte(path, '.'), 0)]
	}
	return ""
}

// samePath compares part by part, where "*" stands for any one part.
func samePath(pattern, path string) bool {
	want, got := strings.Split(pattern, "."), strings.Split(path, ".")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != "*" && want[i] != got[i] {
			return false
		}
	}
	return true
}
