package rfc9111_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

// BenchmarkFreshHit is what a hit costs in decisions: directives, age, verdict,
// Age and Cache-Status.
func BenchmarkFreshHit(b *testing.B) {
	terms, _ := rfc9111.Assess(exchange("Cache-Control: max-age=60"), rfc9111.Policy{})
	asked, now := header("Accept: application/json"), at(30)
	var line, age [64]byte
	b.ReportAllocs()
	for b.Loop() {
		v := terms.Judge(rfc9111.ParseRequest(asked), now)
		status := rfc9111.Status{Hit: v.Kind == rfc9111.Fresh, HasTTL: true, TTL: v.TTL}
		status.Append(line[:0])
		rfc9111.AppendAge(age[:0], v.Age)
	}
}

// BenchmarkAssess is what a miss costs.
func BenchmarkAssess(b *testing.B) {
	x := exchange("Cache-Control: public, max-age=60, stale-while-revalidate=30", "Vary: Accept, Accept-Encoding", `ETag: "a"`)
	b.ReportAllocs()
	for b.Loop() {
		rfc9111.Assess(x, rfc9111.Policy{})
	}
}

// BenchmarkGrowth reports, for the worst of the headers that invite a search
// within a search, how much longer eight times the bytes take: 8 is linear, 64
// is quadratic.
func BenchmarkGrowth(b *testing.B) {
	small, large := huge(16<<10), huge(128<<10)
	var worst float64
	var which string
	for b.Loop() {
		worst = 0
		for name := range small {
			s := quickest(func() { decide(small[name]) })
			l := quickest(func() { decide(large[name]) })
			if ratio := float64(l) / float64(s); s > 20*time.Microsecond && ratio > worst {
				worst, which = ratio, name
			}
		}
	}
	b.ReportMetric(worst, "x-for-8x")
	b.Logf("worst: %s", which)
}

func quickest(run func()) time.Duration {
	times := make([]time.Duration, 5)
	for i := range times {
		begin := time.Now()
		run()
		times[i] = time.Since(begin)
	}
	return slices.Min(times)
}
