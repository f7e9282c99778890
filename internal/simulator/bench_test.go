package simulator_test

import (
	"net/http/httptest"
	"testing"

	"github.com/cleengate/cleengate/internal/simulator"
)

// BenchmarkServe is what one call costs inside the simulator, so that benchmarks
// of a proxy in front of it know what is not theirs.
func BenchmarkServe(b *testing.B) {
	for name, path := range map[string]string{"offer": "/3.1/offers/S100000001_US", "list": "/3.1/offers", "echo": "/sim/echo"} {
		b.Run(name, func(b *testing.B) {
			sim := simulator.New(simulator.Options{RecordArrivals: -1})
			r := httptest.NewRequest("GET", path, nil)
			r.Header.Set("X-Publisher-Token", simulator.PublisherKey)
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				sim.ServeHTTP(w, r)
				if w.Code != 200 {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
