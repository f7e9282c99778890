package cleeng

import (
	"hash/maphash"
	"testing"
)

func TestDigestTellsCallsApart(t *testing.T) {
	seed := maphash.MakeSeed()
	hash := func(b []byte) uint64 { return maphash.Bytes(seed, b) }
	digest := func(body string) uint64 {
		t.Helper()
		rpc, err := ParseRPC([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return rpc.Calls[0].Digest(hash)
	}
	same := []string{
		`{"method":"m","params":{"offerId":"S1","publisherToken":"x"},"id":1}`,
		`{"id":"7","params":{ "publisherToken" : "x" , "offerId":"S1" },"method":"m"}`,
	}
	other := []string{
		`{"method":"m","params":{"offerId":"x","publisherToken":"S1"}}`,
		`{"method":"m","params":{"offerId":"S1","publisherToken":"y"}}`,
		`{"method":"m","params":{"offerId":"S1"}}`,
		`{"method":"m","params":{"offerId":["S1"],"publisherToken":"x"}}`,
		`{"method":"m","params":["S1","x"]}`,
		`{"method":"m"}`,
	}
	want := digest(same[0])
	if got := digest(same[1]); got != want {
		t.Error("the order of names or the id changed the digest")
	}
	seen := map[uint64]string{want: same[0]}
	for _, body := range other {
		d := digest(body)
		if was, ok := seen[d]; ok {
			t.Errorf("%s and %s have one digest", body, was)
		}
		seen[d] = body
	}
	rpc, _ := ParseRPC([]byte(same[0]))
	if n := testing.AllocsPerRun(100, func() { rpc.Calls[0].Digest(hash) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzDigestNeverPanics(f *testing.F) {
	f.Add([]byte(`[{"method":"m","params":{"a":{"b":[1,"x"]},"a":2}},{"method":"n","params":3}]`))
	seed := maphash.MakeSeed()
	f.Fuzz(func(t *testing.T, body []byte) {
		rpc, err := ParseRPC(body)
		if err != nil {
			return
		}
		for i := range rpc.Calls {
			c := &rpc.Calls[i]
			hash := func(b []byte) uint64 { return maphash.Bytes(seed, b) }
			if first, second := c.Digest(hash), c.Digest(hash); first != second {
				t.Error("one call has two digests")
			}
		}
	})
}
