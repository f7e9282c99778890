package telemetry

import (
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestTimesAsTextAreThoseOfTheLibrary compares with [time.Time.AppendFormat], byte for
// byte, in the order that lines come in.
func TestTimesAsTextAreThoseOfTheLibrary(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	places := []*time.Location{time.UTC, time.Local, berlin, time.FixedZone("", -90), time.FixedZone("x", 5*3600+45*60), time.FixedZone("y", 5*3600+45*60+1), time.FixedZone("", 30)}
	rapid.Check(t, func(rt *rapid.T) {
		var c clockText
		at := time.Unix(rapid.OneOf(rapid.Int64Range(1.7e9, 1.9e9), rapid.Int64Range(-1e11, 3e11)).Draw(rt, "second"), 0)
		for range rapid.IntRange(1, 10).Draw(rt, "lines") {
			step := rapid.OneOf(rapid.Int64Range(-3, 3), rapid.Int64Range(0, int64(time.Second)), rapid.Just(int64(100*time.Millisecond)), rapid.Int64Range(-1e15, 1e15))
			at = at.Add(time.Duration(step.Draw(rt, "step"))).In(rapid.SampledFrom(places).Draw(rt, "place"))
			if got, want := string(c.appendNano([]byte("x"), at)), string(at.AppendFormat([]byte("x"), time.RFC3339Nano)); got != want {
				rt.Fatalf("%s, want %s", got, want)
			}
			if got, want := string(c.appendMilli([]byte("x"), at)), string(at.AppendFormat([]byte("x"), "2006-01-02T15:04:05.000Z07:00")); got != want {
				rt.Fatalf("%s, want %s", got, want)
			}
		}
	})
}

func TestTimesAsTextFromManyGoroutines(t *testing.T) {
	var c clockText
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 1000 {
				at := time.Unix(int64(1.8e9)+int64((n+i)%3), int64(n)).UTC()
				if got, want := string(c.appendNano(nil, at)), at.Format(time.RFC3339Nano); got != want {
					t.Errorf("%s, want %s", got, want)
					return
				}
			}
		})
	}
	wg.Wait()
}
