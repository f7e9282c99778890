//go:build !race

package cache

import "testing"

// Under the race detector a sync.Pool forgets at random.

func TestKeyCostsNoAllocation(t *testing.T) {
	c := newCache(t)
	call := getCall("/3.1/offers", "b=2&a=1", "Authorization", "Bearer x", "X-Forwarded-For", "192.0.2.1", "Accept", "*/*")
	call.Credential = held{"publisher", "1"}
	if n := testing.AllocsPerRun(100, func() {
		call.prepared, call.fields, call.keyed = false, fieldNames{}, fieldNames{}
		c.Prepare(call, nil)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
