package config

import (
	"fmt"
	"slices"
	"strings"
)

// closest returns the candidate most like word, or "" if none is alike: more
// than a third of the longer one would have to change.
func closest(word string, candidates []string) string {
	best, least := "", 0
	for _, candidate := range candidates {
		changes := distance(strings.ToLower(word), strings.ToLower(candidate))
		if changes*3 > max(len(word), len(candidate)) {
			continue
		}
		if best == "" || changes < least {
			best, least = candidate, changes
		}
	}
	return best
}

// distance is the optimal string alignment distance: insertions, deletions,
// substitutions, and swaps of neighbours, the four ways to mistype a key.
func distance(a, b string) int {
	const longest = 128
	if len(a) > longest || len(b) > longest {
		return max(len(a), len(b))
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// unknownKey says what to write instead of a key that does not exist: a later
// feature, a sibling spelled alike, the same name elsewhere, or the siblings.
func unknownKey(path string, siblings []string) (remedy string) {
	prefix, name := "", path
	if dot := strings.LastIndexByte(path, '.'); dot >= 0 {
		prefix, name = path[:dot+1], path[dot+1:]
	}
	if hint, ok := plannedKeys[path]; ok {
		return hint
	}
	if near := closest(name, siblings); near != "" {
		return "did you mean " + prefix + near + "?"
	}
	var elsewhere []string
	Default().keys(func(k key) {
		if k.path == name || strings.HasSuffix(k.path, "."+name) || strings.ReplaceAll(k.path, ".", "_") == name {
			elsewhere = append(elsewhere, k.path)
		}
	})
	if len(elsewhere) > 0 && len(elsewhere) <= 4 {
		return "did you mean " + orList(elsewhere) + "?"
	}
	slices.Sort(siblings)
	return fmt.Sprintf("the keys here are %s", strings.Join(siblings, ", "))
}

// plannedKeys are top-level keys that people may have read about.
var plannedKeys = map[string]string{
	"redis":         "sharing state between replicas is not available in this version; remove it",
	"valkey":        "sharing state between replicas is not available in this version; remove it",
	"tracing":       "exporting traces is not available in this version; remove it (traceparent passes through unchanged)",
	"opentelemetry": "exporting traces is not available in this version; remove it (traceparent passes through unchanged)",
	"otel":          "exporting traces is not available in this version; remove it (traceparent passes through unchanged)",
}
