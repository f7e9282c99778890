package support

import (
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
)

// BenchmarkDiagnose is what a flood of refusals costs for each of them.
func BenchmarkDiagnose(b *testing.B) {
	h := header("Authorization", "Bearer "+token(now.Add(time.Hour)))
	b.ReportAllocs()
	for b.Loop() {
		d, _ := Diagnose(Facts{Status: 401, Surface: cleeng.SurfaceMediaStore, Sent: LookAtHeader(h, cleeng.AuthJWT, now)})
		if d.Code != Unknown {
			b.Fatal(d)
		}
	}
}

// BenchmarkBundle is what one bundle costs.
func BenchmarkBundle(b *testing.B) {
	bundle := bundleOf(b, "throttle")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bundle.Zip(); err != nil {
			b.Fatal(err)
		}
	}
}
