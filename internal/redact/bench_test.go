package redact

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// offers is a body like the list of offers, of about n bytes.
func offers(n int) string {
	rng := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	b.WriteString(`{"items":[`)
	for b.Len() < n {
		if b.Len() > len(`{"items":[`) {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"offerId":"S%09d_US","offerTitle":"Monthly subscription %d","offerPrice":%d.99,"currency":"USD","active":true,"updatedAt":%d,"url":"https://shop.example/offers/%d","description":null,"tags":["sport","live"]}`,
			rng.IntN(1e9), rng.IntN(100), rng.IntN(50), 1700000000+rng.IntN(1e7), rng.IntN(1e6))
	}
	b.WriteString("]}")
	return b.String()
}

func benchmarkVault(secrets int) *Vault {
	v := NewVault()
	list := make([]Secret, secrets)
	for i := range list {
		list[i] = New(fmt.Sprintf("%048x", i*7919+1))
	}
	v.Set("bench", list...)
	return v
}

func BenchmarkScrub(b *testing.B) {
	body := []byte(offers(16 << 10))
	for _, secrets := range []int{0, 1, 10, 100} {
		b.Run(fmt.Sprintf("secrets=%d", secrets), func(b *testing.B) {
			v := benchmarkVault(secrets)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				v.Scrub(body)
			}
		})
	}
	b.Run("reference=one strings.Contains", func(b *testing.B) {
		s, secret := string(body), fmt.Sprintf("%048x", 1)
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			if strings.Contains(s, secret) {
				b.Fatal("found")
			}
		}
	})
}

func BenchmarkJSON(b *testing.B) {
	r := NewRedactor(benchmarkVault(10), NewMasker())
	body := []byte(offers(16 << 10))
	login := []byte(`{"responseData":{"jwt":"eyJhbGciOiJSUzI1NiJ9.eyJjdXN0b21lcklkIjoxfQ.c2lnbmF0dXJl","refreshToken":"abcdef","customerEmail":"a@b.de"},"errors":[]}`)
	for _, bb := range []struct {
		name string
		f    func()
		n    int
	}{
		{"offers", func() { r.JSON(body) }, len(body)},
		{"login", func() { r.JSON(login) }, len(login)},
		{"shape of offers", func() { r.Shape(body, false) }, len(body)},
		{"text of offers", func() { r.Text(body) }, len(body)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(bb.n))
			b.ReportAllocs()
			for b.Loop() {
				bb.f()
			}
		})
	}
}

func BenchmarkHeader(b *testing.B) {
	r := NewRedactor(benchmarkVault(10), NewMasker())
	b.ReportAllocs()
	for b.Loop() {
		r.HeaderValue("Content-Type", "application/json; charset=utf-8")
		r.HeaderValue("Authorization", "Bearer abcdefgh")
		r.HeaderValue("X-Ratelimit-Remaining", "17")
	}
}

func BenchmarkSet(b *testing.B) {
	v := benchmarkVault(10)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		v.Set("session", New(fmt.Sprintf("a-session-token-of-usual-length-%016d", i)))
	}
}

func BenchmarkWith(b *testing.B) {
	r := NewRedactor(benchmarkVault(10), NewMasker())
	own := New(strings.Repeat("header.", 100))
	b.ReportAllocs()
	for b.Loop() {
		r.With(own)
	}
}
