package journal

import (
	"fmt"
	"net/http"
	"testing"
)

// Of a header with more lines than are kept, those go that tell the least.
func TestTellingLinesAreKept(t *testing.T) {
	h := http.Header{"Content-Encoding": {"gzip"}, "Retry-After": {"1", "2"}, "X-Many": make([]string, 5000)}
	for i := range 100 {
		h.Set(fmt.Sprint("X-Name-", i), "v")
	}
	total := lines(h)
	for range 20 { // maps have no order
		seen, n := map[string]int{}, 0
		eachLine(h, func(name, _ string) {
			if n++; n <= maxFields {
				seen[name]++
			}
		})
		if n != total {
			t.Fatalf("%d of %d lines", n, total)
		}
		if seen["Content-Encoding"] != 1 || seen["Retry-After"] != 2 || len(seen) != len(h) {
			t.Fatalf("among the first %d lines are %d of %d names, Content-Encoding %d times, Retry-After %d times", maxFields, len(seen), len(h), seen["Content-Encoding"], seen["Retry-After"])
		}
	}
}
