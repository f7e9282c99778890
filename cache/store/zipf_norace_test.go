//go:build !race

// Under the race detector sync.Pool drops at random what is put into it, and
// with it the accesses that ristretto counts there.

package store_test

import "testing"

func TestHitsAtLeastAsOftenAsLRU(t *testing.T) {
	for _, skew := range []float64{1.01, 1.2} {
		ours, reference := hits(t, 200_000, skew)
		t.Logf("Zipf %.2f: %.4f, LRU of the same bytes %.4f", skew, ours, reference)
		if ours < reference {
			t.Errorf("Zipf %.2f: hit ratio %.4f, LRU %.4f", skew, ours, reference)
		}
	}
}
