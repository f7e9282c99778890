package journal

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// offers is the answer of a list, of about n bytes; no two are alike.
func offers(n, salt int) string {
	var b strings.Builder
	b.WriteString(`{"items":[`)
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, `{"offerId":"S%09d_US","offerTitle":"Monthly subscription","offerPrice":9.99,"currency":"USD","active":true,"tags":["sport"]},`, salt*1000+i)
	}
	return b.String() + "{}]}"
}

// BenchmarkAdd is what one exchange costs: whole, abridged, and with a
// credential of the app's own, whose echo has to be looked for.
func BenchmarkAdd(b *testing.B) {
	full := plainCall("id-1")
	full.answerBody = offers(1<<10, 1)
	full.answer = http.Header{
		"Content-Type": {"application/json"}, "Date": {"Tue, 24 Nov 2026 12:00:00 GMT"}, "Etag": {`"abc"`}, "X-Ratelimit-Remaining": {"17"}, "X-Ratelimit-Limit": {"100"},
		"Server": {"nginx"}, "Vary": {"Origin"},
	}
	own := full
	own.header = http.Header{"Accept": {"application/json"}, "Authorization": {"Bearer eyJhbGciOiJIUzI1NiJ9.eyJjdXN0b21lcklkIjoxfQ.c2lnbmF0dXJl"}}
	for _, bb := range []struct {
		name  string
		c     call
		whole bool
		spent bool
	}{{"whole", full, true, false}, {"whole with own secrets", own, true, false}, {"abridged", full, false, true}} {
		b.Run(bb.name, func(b *testing.B) {
			j := newJournal(b, 32<<20, 16<<10)
			if bb.spent {
				j.calm.spend(1 << 60)
			}
			x := bb.c.open(j)
			b.ReportAllocs()
			for b.Loop() {
				m, _ := j.buffers.Get().(*masking)
				key, failed := x.failure()
				m.mask(j, x, key, failed, bb.whole)
				j.mu.Lock()
				j.latest.add(m.b, nil)
				j.mu.Unlock()
				j.buffers.Put(m)
			}
			x.Release()
		})
	}
}
