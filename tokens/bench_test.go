package tokens_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

// credentials returns one valid credential of each kind.
func credentials(tb testing.TB) map[string]tokens.Credential {
	tb.Helper()
	keys, err := tokens.NewKeys(tokens.KeysConfig{
		Name: "publisher", Kind: tokens.KindPublisherToken, Values: secrets("0123456789abcdef0123456789abcdef0123456789abcdef", "K2"),
	})
	if err != nil {
		tb.Fatal(err)
	}
	upstream := newMediaStore()
	upstream.latency, upstream.life = 0, 24*time.Hour
	source, err := tokens.NewMediaStore("https://mediastore.test", upstream)
	if err != nil {
		tb.Fatal(err)
	}
	session, err := tokens.NewSession(tokens.SessionConfig{
		Name: "service", Source: source, Login: tokens.Login{Email: email, Password: redact.New(password)},
	})
	if err != nil {
		tb.Fatal(err)
	}
	if err := session.Secure(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = session.Close() })
	return map[string]tokens.Credential{"publisher": keys, "session": session}
}

// inject is all that stands between a valid token and a departing request.
func inject(tb testing.TB, credential tokens.Credential, h http.Header, call *tokens.Call) {
	token, err := credential.Current(time.Now(), call)
	if err != nil {
		tb.Fatal(err)
	}
	credential.Header().Set(h, token)
}

func TestInjectionAllocatesTheHeaderOnly(t *testing.T) {
	for name, credential := range credentials(t) {
		h, call := http.Header{}, &tokens.Call{Where: tokens.Where{Upstream: "core", Endpoint: "GET /offers"}}
		inject(t, credential, h, call)
		reference := testing.AllocsPerRun(1000, func() { h.Set("Authorization", "x") })
		whole := testing.AllocsPerRun(1000, func() {
			if err := credential.Secure(t.Context()); err != nil {
				t.Fatal(err)
			}
			inject(t, credential, h, call)
			credential.Accepted(call)
		})
		if whole > reference {
			t.Errorf("%s: %v allocations for a call, Header.Set alone has %v", name, whole, reference)
		}
	}
}

// BenchmarkInject prints the cost of Current and HeaderForm.Set as a multiple
// of http.Header.Set in the same run (metric "x-Set").
func BenchmarkInject(b *testing.B) {
	for name, credential := range credentials(b) {
		b.Run(name, func(b *testing.B) {
			h, call := http.Header{}, &tokens.Call{Where: tokens.Where{Upstream: "core", Endpoint: "GET /offers"}}
			now := time.Now()
			form := credential.Header()
			const batch = 1000
			var ours, reference time.Duration
			b.ReportAllocs()
			for b.Loop() {
				began := time.Now()
				for range batch {
					h.Set(form.Name, "0123456789abcdef0123456789abcdef0123456789abcdef")
				}
				between := time.Now()
				for range batch {
					token, err := credential.Current(now, call)
					if err != nil {
						b.Fatal(err)
					}
					form.Set(h, token)
				}
				ours += time.Since(between)
				reference += between.Sub(began)
			}
			b.ReportMetric(float64(ours)/float64(reference), "x-Set")
			b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N*batch), "ns/inject")
		})
	}
}

func BenchmarkCall(b *testing.B) {
	for name, credential := range credentials(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				h := http.Header{}
				for pb.Next() {
					call := tokens.Call{Where: tokens.Where{Upstream: "core", Endpoint: "GET /offers"}}
					if err := credential.Secure(b.Context()); err != nil {
						b.Error(err)
						return
					}
					token, err := credential.Current(time.Now(), &call)
					if err != nil {
						b.Error(err)
						return
					}
					credential.Header().Set(h, token)
					credential.Accepted(&call)
				}
			})
		})
	}
}
