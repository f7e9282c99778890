package main

import (
	"time"

	"github.com/cleengate/cleengate/internal/telemetry"
	"github.com/cleengate/cleengate/limiter"
)

// proxyMetrics is what the proxy counts while requests are under way.
type proxyMetrics struct{ *telemetry.Metrics }

// FlightJoined counts a call that got the answer of another's.
func (m proxyMetrics) FlightJoined() { m.Cache().Joined() }

// QueueWait measures how long a call waited for its place.
func (m proxyMetrics) QueueWait(limit string, waited time.Duration) {
	m.Limits().Waited(limit, waited)
}

// limitStats adapts the limiter's snapshot to the metrics.
func limitStats(set *limiter.Set) func() []telemetry.LimitStat {
	return func() []telemetry.LimitStat {
		snapshots := set.Snapshot()
		list := make([]telemetry.LimitStat, 0, len(snapshots))
		for _, s := range snapshots {
			stat := telemetry.LimitStat{Name: s.Name, Depth: s.Depth, Rate: s.Rate, Source: string(s.Source), Remaining: s.Remaining, Rejected: map[string]int64{}}
			if s.PausedUntil != nil {
				stat.PausedUntil = *s.PausedUntil
			}
			for reason, n := range s.Refused {
				stat.Rejected[string(reason)] = n
			}
			list = append(list, stat)
		}
		return list
	}
}
