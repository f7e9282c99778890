package totals

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func leaving(at time.Time, s *Sample) *Sample {
	s.Departed(at)
	return s
}

func TestWaitsRefusalsAndDemandOfALimit(t *testing.T) {
	totals := New("", quiet)
	for _, queue := range []time.Duration{0, 50 * time.Millisecond, 200 * time.Millisecond, 2 * time.Second, 7 * time.Second} {
		totals.Add(leaving(noon, &Sample{Time: noon, Arrived: noon, Upstream: "core", Client: "a", Limit: "publisher", Demand: 1, Queue: queue}))
	}
	totals.Add(&Sample{Time: noon, Arrived: noon, Upstream: "core", Client: "a", Limit: "publisher", Refused: true, Demand: 1})
	totals.Add(leaving(noon, &Sample{Time: noon, Arrived: noon, Upstream: "core", Client: "a", Limit: "publisher", Throttled: 1, Surfaced: true, Demand: 1}))
	totals.Add(leaving(noon, &Sample{Time: noon, Arrived: noon, Upstream: "mediastore", Client: "a", Limit: "mediastore", Demand: 1}))
	hour := totals.Snapshot(time.Time{})[0]
	if len(hour.Limits) != 2 || hour.Limits[1].Limit != "publisher" {
		t.Fatalf("%+v", hour.Limits)
	}
	got := hour.Limits[1]
	want := LimitHour{
		Limit: "publisher", Sent: 6, Demand: 7, Throttled: 1, Refused: 1, Surfaced: 1, Waited: 4, WaitedOver: [3]int64{3, 2, 1},
		WaitSeconds: 9.25, LongestWaitSeconds: 7, SentPeak: Peaks{Second: 6, Minute: 6}, DemandPeak: Peaks{Second: 7, Minute: 7},
	}
	if got != want {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if hour.PeakSecond != 7 {
		t.Errorf("over all limits %d calls left in one second", hour.PeakSecond)
	}
}

// TestPeaksAreExactInAnyOrder compares with a model that keeps every instant.
func TestPeaksAreExactInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		totals := New("", quiet)
		sent, demand := map[int64]int64{}, map[int64]int64{}
		end := noon
		for range rapid.IntRange(1, 200).Draw(t, "n") {
			end = end.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "step")) * time.Millisecond)
			arrived := end.Add(-time.Duration(rapid.IntRange(0, 120_000).Draw(t, "took")) * time.Millisecond)
			departed := arrived.Add(end.Sub(arrived) / 2)
			totals.Add(leaving(departed, &Sample{Time: end, Arrived: arrived, Upstream: "core", Limit: "publisher", Demand: 1}))
			sent[departed.Unix()]++
			demand[arrived.Unix()]++
		}
		var got LimitHour
		for _, h := range totals.Snapshot(time.Time{}) {
			got.merge(&h.Limits[0])
		}
		for name, c := range map[string]struct {
			got    Peaks
			counts map[int64]int64
		}{"sent": {got.SentPeak, sent}, "demand": {got.DemandPeak, demand}} {
			minutes := map[int64]int64{}
			var second, minute int64
			for at, n := range c.counts {
				second = max(second, n)
				minutes[at/60] += n
				minute = max(minute, minutes[at/60])
			}
			if c.got.Second != second || c.got.Minute != minute {
				t.Fatalf("%s: %+v, want %d and %d", name, c.got, second, minute)
			}
		}
	})
}

func TestPeaksSayWhen(t *testing.T) {
	totals := New("", quiet)
	for _, at := range []time.Duration{time.Minute, 17*time.Minute + 5*time.Second, 17*time.Minute + 5*time.Second} {
		totals.Add(sample(noon.Add(at), "a"))
	}
	if p := totals.Snapshot(time.Time{})[0].Limits[0].DemandPeak; p != (Peaks{Second: 2, SecondAt: 17*60 + 5, Minute: 2, MinuteAt: 17 * 60}) {
		t.Errorf("%+v", p)
	}
}

func TestPeaksAfterTheClockWasSetBack(t *testing.T) {
	totals := New("", quiet)
	for i := range 600 {
		totals.Add(sample(noon.Add(time.Duration(i)*time.Second), "a"))
	}
	totals.Add(sample(noon.AddDate(3, 0, 0), "a"))
	for range 20 {
		totals.Add(sample(noon, "a"))
	}
	hours := totals.Snapshot(time.Time{})
	if len(hours) != 1 || hours[0].Limits[0].DemandPeak.Second != 20 {
		t.Errorf("%+v", hours)
	}
}

func TestACallOverTheHourIsCountedWhereItHappened(t *testing.T) {
	totals := New("", quiet)
	arrived := noon.Add(-time.Second)
	totals.Add(leaving(noon, &Sample{Time: noon.Add(time.Second), Arrived: arrived, Upstream: "core", Limit: "publisher", Demand: 1}))
	hours := totals.Snapshot(time.Time{})
	if len(hours) != 2 || hours[0].Limits[0].DemandPeak.Second != 1 || hours[0].Limits[0].SentPeak.Second != 0 || hours[1].Limits[0].SentPeak.Second != 1 || len(hours[1].Rows) != 1 {
		t.Errorf("%+v", hours)
	}
}

func TestPromise09_LimitsAreBounded(t *testing.T) {
	totals := New("", quiet)
	for i := range 1000 {
		s := sample(noon, "a")
		s.Limit = fmt.Sprint("limit", i)
		totals.Add(s)
	}
	hour := totals.Snapshot(time.Time{})[0]
	var demand int64
	for _, l := range hour.Limits {
		demand += l.Demand
	}
	if len(hour.Limits) > maxLimits+1 || len(totals.meters) > maxLimits+1 || demand != 1000 {
		t.Errorf("%d limits, %d meters, demand %d", len(hour.Limits), len(totals.meters), demand)
	}
}
