package main

import "testing"

func TestHeadroomIsOfWhatTheCollectorLooksThrough(t *testing.T) {
	const mib = 1 << 20
	for _, tt := range []struct {
		name       string
		live, bulk int64
		want       int
	}{
		{"nothing yet", 0, 0, 400},
		{"a fresh process", 5 * mib, 0, 400},
		{"a full journal", 40 * mib, 32 * mib, 80},
		{"grown since the last collection", 5 * mib, 10 * mib, 160},
		{"a huge cache", 1 << 30, 1<<30 - mib, 25},
	} {
		if got := percentFor(tt.live, tt.bulk); got != tt.want {
			t.Errorf("%s: GOGC is %d, want %d", tt.name, got, tt.want)
		}
	}
}
