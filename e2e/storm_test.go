package e2e

import (
	"encoding/json"
	"testing"
)

// TestConsentsStormOfTheClient: the profile page of the published client asks
// for the consents of a customer who has none in an endless loop. The page gets
// all its answers, and Cleeng hears next to nothing of it.
func TestConsentsStormOfTheClient(t *testing.T) {
	needClient(t)
	t.Parallel()
	sim, behind := startSimulator(t)
	if err := sim.Patch([]byte(`{"data":{"empty_consents":true}}`)); err != nil {
		t.Fatal(err)
	}
	g := startGate(t, append(upstreamEnv(behind), "CLEENGATE_CACHE_MAX_SIZE=128MiB"))
	got := scenario(t, g.url, "consentsStorm")
	var page struct{ Asked int }
	if err := json.Unmarshal([]byte(got), &page); err != nil || page.Asked < 50 {
		t.Fatalf("the page asked %d times in three seconds, which is no storm: %s %v", page.Asked, got, err)
	}
	n := sim.Counters().Endpoints["GET /customers/{customerId}/consents"].Arrivals
	t.Logf("%d calls upstream for %d of the page", n, page.Asked)
	if n < 1 || n >= 5 {
		t.Errorf("%d calls upstream for %d of the page, want fewer than 5", n, page.Asked)
	}
	if status := g.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
