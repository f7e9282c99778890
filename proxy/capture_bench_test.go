package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/redact"
)

// withJournal gives the rig's proxy a journal from now on.
func (r *rig) withJournal(j *journal.Journal) {
	r.journal, r.sink = j, func(x *journal.Exchange) { j.Add(x, false) }
}

func testJournal(t testing.TB, size, body int64) *journal.Journal {
	t.Helper()
	vault := redact.NewVault()
	vault.Set("credential publisher", redact.New(testKey))
	j := journal.New(journal.Options{Redactor: redact.NewRedactor(vault, redact.NewMasker()), MaxSize: size, Body: body})
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// BenchmarkForwardWithJournal prints the CPU of a forwarded call with a journal
// as a ratio to that without one, in interleaved pairs over real loopback
// connections: with answers that are all alike, and with ones that never come
// twice.
func BenchmarkForwardWithJournal(b *testing.B) {
	for _, size := range []int{1 << 10, 16 << 10} {
		b.Run(fmt.Sprintf("answer=%dKiB", size>>10), func(b *testing.B) { forwardWithJournal(b, size) })
	}
}

func forwardWithJournal(b *testing.B, size int) {
	item := `{"offerId":"S%09d_US","offerTitle":"Monthly subscription","offerPrice":9.99,"currency":"USD","active":true,"tags":["sport","live"]},`
	n := 0
	upstream := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var s strings.Builder
		s.WriteString(`{"items":[`)
		for s.Len() < size {
			n++
			fmt.Fprintf(&s, item, n)
		}
		s.WriteString(`{}]}`)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Ratelimit-Remaining", fmt.Sprint(n))
		w.Header().Set("Content-Length", fmt.Sprint(s.Len()))
		_, _ = io.WriteString(w, s.String())
	})
	off, on := newRig(b, upstream), newRig(b, upstream)
	off.sinkOff()
	on.withJournal(testJournal(b, 32<<20, 16<<10))
	compareCPU(b, off.url+"/3.1/offers?limit=10", on.url+"/3.1/offers?limit=10")
}

// BenchmarkHandlerWithJournal is the same without a network, to see what the
// journal itself costs.
func BenchmarkHandlerWithJournal(b *testing.B) {
	for _, on := range []bool{false, true} {
		b.Run(fmt.Sprintf("journal=%v", on), func(b *testing.B) {
			r := newRigAt(b, "http://127.0.0.1:1")
			for _, up := range r.view.Load().upstreams {
				up.reverse = r.reverseProxy(up, r.chain(up, canned{}, r.view.Load().cfg, Parts{}))
			}
			r.sinkOff()
			if on {
				r.withJournal(testJournal(b, 32<<20, 16<<10))
			}
			h := r.Handler("")
			b.ReportAllocs()
			for b.Loop() {
				req, _ := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://localhost/3.1/offers?limit=1", http.NoBody)
				req.Header["User-Agent"] = []string{"app/1.0"}
				h.ServeHTTP(&sunk{header: make(http.Header)}, req)
			}
		})
	}
}
